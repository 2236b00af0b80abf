"""The truth about drawn pictures: where every joint is, and whether the picture shows it.

Convention:
    A CSV file with the columns ``name`` and, for each of the 18 joints, ``<joint>_x``,
    ``<joint>_y`` (pixels, two decimals, also outside the picture) and ``<joint>_visible`` (0, 1).
    A picture without a person has empty positions. Where pictures show several people a second
    such file has a row for each of them and ``person`` after ``name``: 0 the one whom the picture
    is of, then the others from the farthest to the nearest. This is the draw-market command's own
    format.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from shared.files import Disk, publish_text
from shared.skeleton import JOINTS

COLUMNS: Final = (
    "name",
    *(f"{joint}_{what}" for joint in JOINTS for what in ("x", "y", "visible")),
)

Person = tuple[NDArray[np.float64], NDArray[np.bool_]]


@dataclass(frozen=True)
class Truth:
    """What is true of some pictures.

    Attributes:
        names: File names.
        joints: float64 (n, 18, 2), (x, y) in pixels, NaN where nobody is.
        visible: bool (n, 18).
    """

    names: tuple[str, ...]
    joints: NDArray[np.float64]
    visible: NDArray[np.bool_]


def write_truth(path: Path, truth: Truth, disk: Disk | None = None) -> None:
    """Write the truth about pictures."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    for name, joints, visible in zip(truth.names, truth.joints, truth.visible, strict=True):
        writer.writerow([name, *_cells(joints, visible)])
    publish_text(path, stream.getvalue(), disk)


def write_people(
    path: Path, names: Sequence[str], people: Sequence[Sequence[Person]], disk: Disk | None = None
) -> None:
    """Write the truth about everybody in some pictures.

    Args:
        path: The file.
        names: File names.
        people: Of each picture (joints, visible) of its people, see the module's convention.
        disk: The calls to the operating system.
    """
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow((COLUMNS[0], "person", *COLUMNS[1:]))
    for name, everybody in zip(names, people, strict=True):
        for number, (joints, visible) in enumerate(everybody):
            writer.writerow([name, str(number), *_cells(joints, visible)])
    publish_text(path, stream.getvalue(), disk)


def _cells(joints: NDArray[np.float64], visible: NDArray[np.bool_]) -> list[str]:
    cells: list[str] = []
    for (x, y), shown in zip(joints.tolist(), visible.tolist(), strict=True):
        cells += [_cell(x), _cell(y), str(int(shown))]
    return cells


def _cell(value: float) -> str:
    return f"{value:.2f}" if np.isfinite(value) else ""
