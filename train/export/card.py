"""The card of an exported generator: what a stranger must know before using it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from train.export.formats import BATCHES, CLOSE
from train.export.graph import ports
from train.inference.exported import CONFIG_NAME, WEIGHTS_NAME

CARD_NAME: Final = "README.md"

_CARD: Final = """\
---
license: {licence}
library_name: posegan
pipeline_tag: image-to-image
tags:
- pose-guided-person-image-generation
- person-re-identification
---

# {name}

A generator of PoseGAN: it takes a photo of a person, the person's pose and another pose, and draws
the person in that pose. Images are {height} x {width} pixels (height x width), poses are 18 joints
in OpenPose's order.

| | |
|---|---|
{facts}

## Use

```python
from pathlib import Path
from train.inference.painter import open_painter

painter = open_painter(Path({folder}))
# uint8 (b, {height}, {width}, 3) RGB; joints float (b, 18, 2), pixels (x, y), NaN where absent
drawn = painter.draw(images, source_joints, target_joints)
```

`{weights}` holds the weights, `{config}` the network's settings and the weights'
SHA-256. Reading them needs no network and runs no code of theirs.
{graph}
## Training data

{data}

## Scores

{scores}

## Licence

The weights: {licence}. The program: AGPL-3.0-or-later.

## Intended use, and what not

For research on person image synthesis and on data augmentation for person re-identification.
Re-identification of people is sensitive: do not use generated people to track or to identify
anybody, nor to show a real person in a pose or place as if it had been photographed. Whoever draws
photos of real people needs their consent or another legal ground.

What generators of this kind still get wrong: turns from the front to the side, sleeves, hair,
hands and feet. The background of a generated picture is a guess.
"""


_GRAPH: Final = """
## Without PoseGAN

`{file}` is the whole generator as one graph: heat maps, transforms and masks are computed inside.

| | name | type and shape | what |
|---|---|---|---|
{rows}

RGB in [-1, 1]: `grey level / 127.5 - 1`. Joints are (x, y) in pixels of the picture in OpenPose's
order, NaN where absent; hips and shoulders must be there. `batch` is free: {batches} were compared
with the generator, and no value was further off than {close:g}.

```python
{code}
```
"""

_PORTS: Final = {
    "source_image": "the photo of the person",
    "source_joints": "the pose in it",
    "target_joints": "the pose that is wanted",
    "image": "the person in that pose",
}

_CODE: Final = {
    "onnx": """\
import onnxruntime

session = onnxruntime.InferenceSession("model.onnx")
(image,) = session.run(None, {"source_image": a, "source_joints": b, "target_joints": c})""",
    "torch-export": """\
import torch

image = torch.export.load("model.pt2").module()(source_image, source_joints, target_joints)""",
}


def graph_text(graph_format: str, file: str, image_size: tuple[int, int]) -> str:
    """Return what the card says of a graph: its file, inputs, output, and how it is run.

    Args:
        graph_format: As ``--format`` names it.
        file: Its name in the folder.
        image_size: (height, width) in pixels.
    """
    inputs, output = ports(image_size)
    kinds = (*(("input", port) for port in inputs), ("output", output))
    rows = [
        f"| {kind} | `{port.name}` | {port.text} | {_PORTS[port.name]} |" for kind, port in kinds
    ]
    return _GRAPH.format(
        file=file,
        rows="\n".join(rows),
        batches=", ".join(map(str, BATCHES)),
        close=CLOSE,
        code=_CODE[graph_format],
    )


@dataclass(frozen=True, kw_only=True)
class CardFacts:
    """What a card is filled with.

    Attributes:
        name: The generator's name: that of its folder.
        image_size: (height, width) in pixels.
        facts: Rows of the table of facts.
        data: What is known of the training data, Markdown.
        scores: The table of scores, Markdown.
        licence: Of the weights.
        graph: What :func:`graph_text` returns, where the folder has a graph.
    """

    name: str
    image_size: tuple[int, int]
    facts: Mapping[str, Any]
    data: str
    scores: str
    licence: str
    graph: str = ""


def card_text(given: CardFacts) -> str:
    """Return the card as Markdown with the head that model hubs read."""
    height, width = given.image_size
    facts = "\n".join(f"| {_cell(key)} | {_cell(value)} |" for key, value in given.facts.items())
    return _CARD.format(
        name=_cell(given.name),
        folder=json.dumps(given.name),
        height=height,
        width=width,
        facts=facts,
        data=given.data,
        scores=given.scores,
        graph=given.graph,
        licence=given.licence,
        weights=WEIGHTS_NAME,
        config=CONFIG_NAME,
    )


def _cell(value: object) -> str:
    """Write a value so that it neither ends a table's cell nor marks anything up."""
    return re.sub(r"([\\`*_{}\[\]<>|#])", r"\\\1", " ".join(str(value).split()))
