"""What of a photo is drawn: the person, where they stand and where they will, with a margin.

Convention:
    Margins are in lengths of the torso. They are those of the data that generators learn from:
    crops in which a standing person fills nine tenths of the height.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from shared.geometry import Float64s, presence
from train.inference.crops import Crop, window_around

ABOVE: Final = 0.60
"""From the uppermost joint, eyes or ears, to the border."""
BELOW: Final = 0.45
BESIDE: Final = 0.45


def person_crop(
    poses: Float64s, torso_px: float, photo_size: tuple[int, int], image_size: tuple[int, int]
) -> Crop:
    """Choose what of a photo is drawn.

    Args:
        poses: float64 (k, 18, 2), all that the person takes in it, pixels of the photo.
        torso_px: Length of the torso.
        photo_size: (height, width) of the photo.
        image_size: (height, width) of the network's images.

    Returns:
        A crop inside of the photo, of the network's shape where the photo is large enough: moved
        rather than cut where the person stands at the border.
    """
    points = poses[presence(poses)]
    low = points.min(axis=0) - torso_px * np.array([BESIDE, ABOVE])
    high = points.max(axis=0) + torso_px * np.array([BESIDE, BELOW])
    left, top = (math.floor(value) for value in low)
    right, bottom = (math.ceil(value) + 1 for value in high)
    box = Crop(left=left, top=top, height=bottom - top, width=right - left)
    window = window_around(box, image_size)
    top, height = _inside(window.top, window.height, photo_size[0])
    left, width = _inside(window.left, window.width, photo_size[1])
    return Crop(left=left, top=top, height=height, width=width)


def _inside(start: int, length: int, size: int) -> tuple[int, int]:
    """Move a span into [0, size), or take all of it."""
    if length >= size:
        return 0, size
    return min(max(start, 0), size - length), length
