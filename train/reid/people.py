"""The people that a judge learns to tell apart: pictures of a train folder and their labels.

Convention:
    Everybody of whom there are two pictures takes part, in the order of their numbers; junk and
    distractors do not. Pictures are brought to the network's size when they are read.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from torch import Tensor

from shared.console import Stage
from shared.errors import UsageError, problem
from shared.pictures import RefusedPictureError, content_of, decode_any, resized
from train.reid.labels import DISTRACTOR, label_of
from train.reid.lesson import LESSON
from train.reid.network import SIZE

SUFFIXES: Final = (".jpg", ".jpeg", ".png")
TRAIN_FOLDER: Final = "bounding_box_train"
LEAST_PICTURES: Final = 2


@dataclass(frozen=True, kw_only=True)
class People:
    """Pictures that were read.

    Args:
        images: uint8 (n, 128, 64, 3).
        identities: int64 (n,), people numbered 0, 1, … in the order of their labels.
        sha256: Of what ``sha256sum`` prints of the files in the order of their names.
    """

    images: Tensor
    identities: Tensor
    sha256: str

    @property
    def count(self) -> int:
        """Number of people."""
        return int(self.identities.max()) + 1


def find_pictures(src: Path) -> list[Path]:
    """Find the pictures of a train folder that take part.

    Args:
        src: The folder, or one that holds it as ``bounding_box_train``.

    Returns:
        Their paths in the order of their names.

    Raises:
        UsageError: No such folder, or too few people in it.
    """
    folder = src / TRAIN_FOLDER if (src / TRAIN_FOLDER).is_dir() else src
    try:
        names = sorted(entry.name for entry in folder.iterdir())
    except OSError as error:
        raise UsageError(
            problem(folder, "a readable folder", error.strerror, "check the name")
        ) from error
    labels = {
        name: label
        for name in names
        if Path(name).suffix.lower() in SUFFIXES and (label := label_of(name)) is not None
    }
    counts = Counter(label.identity for label in labels.values())
    chosen = [
        name
        for name, label in labels.items()
        if label.identity > DISTRACTOR and counts[label.identity] >= LEAST_PICTURES
    ]
    found = len({labels[name].identity for name in chosen})
    if found < LESSON.people:
        expected = f"{LESSON.people} people or more, named like 0002_c1s1_000451_03.jpg"
        raise UsageError(
            problem(folder, expected, f"{found} with two pictures", "name a train folder")
        )
    return [folder / name for name in chosen]


def read_people(paths: list[Path], stage: Stage) -> People:
    """Read the pictures that :func:`find_pictures` found.

    Raises:
        UsageError: One of them cannot be read.
    """
    images, lines = np.empty((len(paths), *SIZE, 3), np.uint8), []
    for row, path in enumerate(paths):
        try:
            content = content_of(path)
            images[row] = resized(decode_any(content), SIZE)
        except RefusedPictureError as refusal:
            raise UsageError(
                problem(path, "a readable picture", refusal, "mend or remove it")
            ) from refusal
        lines.append(f"{hashlib.sha256(content).hexdigest()}  {path.name}\n")
        stage.advance()
    labels = [label.identity for path in paths if (label := label_of(path.name))]
    numbers = {identity: number for number, identity in enumerate(sorted(set(labels)))}
    return People(
        images=torch.from_numpy(images),
        identities=torch.tensor([numbers[identity] for identity in labels]),
        sha256=hashlib.sha256("".join(lines).encode()).hexdigest(),
    )
