"""One sheet of what each kind of skip makes of the same pairs, each learnt by heart for a moment.

Run ``python tests/bench/skip_sheet.py --shards demo/shards --out .github/pictures/skips.jpg``.
Every kind sees the same few test pairs in the same order, the rest as in the preset dsc with
Adam's rate of 2e-3; what is drawn is how far it came, not how well it would do on other people.
"""

from __future__ import annotations

import argparse
import io
import sys
from pathlib import Path
from typing import Any, get_args, get_type_hints

import numpy as np
import torch
from PIL import Image, ImageDraw

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path += [str(REPOSITORY)]

from data_manifest.manifest import open_manifest  # noqa: E402
from train.data.batch import Batch, make_batch, unscaled  # noqa: E402
from train.data.store import Store, load_store, shards_of  # noqa: E402
from train.losses.objective import make_objective  # noqa: E402
from train.settings.networks import GeneratorSettings  # noqa: E402
from train.settings.presets import resolve  # noqa: E402
from train.state import TrainState  # noqa: E402
from train.step import generate, train_step  # noqa: E402

KINDS = get_args(get_type_hints(GeneratorSettings)["skips"])
CPU = torch.device("cpu")
BATCH = 4
HEAD_PX = 14
ENLARGED = 2
QUALITY = 88


def main() -> None:
    """Train each kind, draw the sheet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shards", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("skips.jpg"))
    parser.add_argument("--images", type=int, default=800)
    parser.add_argument("--pairs", type=int, default=8)
    parser.add_argument("--shown", type=int, default=3)
    options = parser.parse_args()
    torch.set_num_threads(1)
    manifest = open_manifest(options.shards)
    store = load_store(options.shards, shards_of(manifest, "test", options.shards))
    chosen = torch.argsort(store.pair_order)[: options.pairs]
    shown = _batch(store, chosen[: options.shown])
    columns = {"source": shown.source_image}
    for kind in KINDS:
        columns[kind] = learnt(kind, store, chosen, options.images, shown)
        print(kind, flush=True)
    columns["target"] = shown.target_image
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_bytes(sheet(columns))


def learnt(
    kind: str, store: Store, chosen: torch.Tensor, images: int, shown: Batch
) -> torch.Tensor:
    """Train one kind on the chosen pairs; return what its average draws."""
    layer: dict[str, Any] = {
        "generator": {
            "skips": kind,
            "base_channels": 16,
            "fidelity": False,
            "image_size": shown.image_size,
        },
        "discriminator": {"base_channels": 16},
        "optimizer": {"generator_rate": 2e-3, "average_half_life_images": 40},
        "data": {"reuse_fake": True},
    }
    if "flow" in kind:
        layer["loss"] = {"offsets_weight": 1.0}
    settings = resolve("dsc", layer)
    state, objective = TrainState(settings, CPU), make_objective(settings.loss, None, CPU)
    step = 0

    def draw() -> Batch:
        nonlocal step
        places = (torch.arange(BATCH) + BATCH * step) % len(chosen)
        step += 1
        return _batch(store, chosen[places])

    while state.images < images:
        train_step(state, objective, draw)
    with torch.no_grad():
        return generate(state.average, shown)


def _batch(store: Store, pairs: torch.Tensor) -> Batch:
    return make_batch(store.gather(pairs), None, sigma=6.0)


def sheet(columns: dict[str, torch.Tensor]) -> bytes:
    """Lay columns of pictures beside each other, each under its name, as a JPEG."""
    stacks = {name: np.concatenate(list(unscaled(each).numpy())) for name, each in columns.items()}
    height, width, _ = next(iter(stacks.values())).shape
    width, height = width * ENLARGED, height * ENLARGED
    picture = Image.new("RGB", (width * len(stacks), height + HEAD_PX), "white")
    pen = ImageDraw.Draw(picture)
    for number, (name, stack) in enumerate(stacks.items()):
        pen.text((width * number + 2, 1), name, fill="black")
        column = Image.fromarray(stack).resize((width, height), Image.Resampling.BICUBIC)
        picture.paste(column, (width * number, HEAD_PX))
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=QUALITY)
    return stream.getvalue()


if __name__ == "__main__":
    main()
