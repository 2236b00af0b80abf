"""Sample sheets: what the generator makes of a few fixed test pairs, seen by eye."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from shared.picture_sheet import DARK, draw_grid, draw_skeleton, enlarged

SHORTER_SIDE_PX = 96
"""Pictures are enlarged by a whole factor until their shorter side has about this many pixels."""


def draw_sheet(columns: Mapping[str, Sequence[Image.Image]]) -> Image.Image:
    """Draw pictures as a table: a column for each title, a row for each pair.

    Args:
        columns: Title to pictures, as many and of one size everywhere.

    Returns:
        An RGB picture.
    """
    rows = list(zip(*columns.values(), strict=True))
    return draw_grid(rows, look=DARK, heads=tuple(columns))


def picture_cells(pictures: NDArray[np.uint8]) -> list[Image.Image]:
    """Enlarge uint8 (n, H, W, 3) for a sheet."""
    return [enlarged(picture, factor_of(pictures.shape[1:3])) for picture in pictures]


def pose_cells(joints: NDArray[np.floating], size: tuple[int, int]) -> list[Image.Image]:
    """Draw skeletons on black, as large as the pictures beside them.

    Args:
        joints: float (n, 18, 2), pixels of a picture before enlarging, NaN where absent.
        size: (height, width) of that picture.
    """
    factor = factor_of(size)
    cells = []
    for pose in joints:
        cells.append(Image.new("RGB", (size[1] * factor, size[0] * factor)))
        draw_skeleton(cells[-1], pose, factor)
    return cells


def factor_of(size: tuple[int, ...]) -> int:
    """Return the whole factor by which pictures of a size (height, width) are enlarged."""
    return max(1, round(SHORTER_SIDE_PX / min(size)))
