"""What of a photo a network sees: a crop of any shape, in a window of the network's shape.

Convention:
    Points are (x, y) in pixels of the photo, pixel centres at integers. A crop and a window are
    whole pixels, and may reach beyond the photo: there its edge pixels are repeated, so that
    nobody is squeezed or cut to fit a network.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from shared.errors import UsageError, problem
from shared.geometry import Float64s, Floats, scale_joints

Picture = NDArray[np.uint8]

MOST_PIXELS: Final = 2**20
"""Photos are drawn with up to so many pixels at once; layers take about a kilobyte for each."""


@dataclass(frozen=True, kw_only=True)
class Crop:
    """A rectangle of a photo.

    Args:
        left: First column; negative where it begins beyond the photo.
        top: First row.
        height: Rows.
        width: Columns.
    """

    left: int
    top: int
    height: int
    width: int

    def __post_init__(self) -> None:
        if self.height < 1 or self.width < 1:
            found = f"{self.height} x {self.width}"
            expected = "a height and a width of a pixel or more"
            raise UsageError(problem("crop", expected, found, "choose another rectangle"))

    @property
    def size(self) -> tuple[int, int]:
        """(height, width)."""
        return self.height, self.width


def whole(photo: Picture) -> Crop:
    """Return the crop that is all of a photo."""
    return Crop(left=0, top=0, height=photo.shape[0], width=photo.shape[1])


def window_around(crop: Crop, image_size: tuple[int, int]) -> Crop:
    """Widen or heighten a crop, evenly on both sides, to a network's shape.

    Args:
        crop: Of any shape.
        image_size: (height, width) of the network's images.

    Returns:
        The smallest such rectangle; its shape is the network's to a pixel.
    """
    height = max(crop.height, round(crop.width * image_size[0] / image_size[1]))
    width = max(crop.width, round(crop.height * image_size[1] / image_size[0]))
    return Crop(
        left=crop.left - (width - crop.width) // 2,
        top=crop.top - (height - crop.height) // 2,
        height=height,
        width=width,
    )


def size_within(window: Crop, most_pixels: int) -> tuple[int, int]:
    """Return (height, width) of a window, shrunk to so many pixels where it has more."""
    shrink = min(1.0, math.sqrt(most_pixels / (window.height * window.width)))
    return max(1, round(window.height * shrink)), max(1, round(window.width * shrink))


def cut_out(photo: Picture, window: Crop) -> Picture:
    """Cut a rectangle out of uint8 (H, W, 3), edge pixels repeated beyond the photo."""
    rows = np.clip(np.arange(window.top, window.top + window.height), 0, photo.shape[0] - 1)
    columns = np.clip(np.arange(window.left, window.left + window.width), 0, photo.shape[1] - 1)
    return photo[rows[:, None], columns]


def inner(picture: Picture, window: Crop, crop: Crop) -> Picture:
    """Cut a crop out of what was drawn of its window."""
    top, left = crop.top - window.top, crop.left - window.left
    return picture[top : top + crop.height, left : left + crop.width]


def joints_inside(joints: Floats, window: Crop, image_size: tuple[int, int]) -> Float64s:
    """Bring joints (..., 18, 2) from pixels of the photo to pixels of the network's image."""
    moved = np.asarray(joints, np.float64) - [window.left, window.top]
    return scale_joints(moved, window.size, image_size)
