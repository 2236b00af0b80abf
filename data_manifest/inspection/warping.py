"""The source of a pair warped, part by part, into the target's pose: plain NumPy, for pictures."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from shared.geometry import points_in_quads


def warp_parts(
    source: NDArray[np.uint8],
    target_quads: NDArray[np.float32],
    transforms: NDArray[np.float32],
    combine: Literal["max", "over"] = "max",
) -> NDArray[np.uint8]:
    """Warp an image as the generator warps features: each part by its transform, in its mask.

    Convention:
        A transform maps target to source coordinates (the sampling direction). Outside the source
        everything is 0.

    Args:
        source: uint8 (H, W, 3).
        target_quads: float32 (10, 4, 2), px, masks in the target's pose, NaN where absent.
        transforms: float32 (10, 2, 3), px, target -> source.
        combine: What happens where masks overlap: ``"max"`` takes the larger value, as the
            generator does; ``"over"`` lays later parts over earlier ones where they sample inside
            the source, which the eye reads more easily.

    Returns:
        uint8 (H, W, 3).
    """
    height, width = source.shape[:2]
    y, x = np.mgrid[:height, :width].reshape(2, -1).astype(np.float64)
    grid = np.stack([x, y], axis=-1)
    inside = points_in_quads(target_quads, grid)
    warped = np.zeros((height * width, 3))
    for part, mask in enumerate(inside):
        matrix = transforms[part].astype(np.float64)
        places = grid[mask] @ matrix[:, :2].T + matrix[:, 2]
        found = sample(source, places)
        if combine == "max":
            warped[mask] = np.maximum(warped[mask], found)
        else:
            known = ((places >= 0) & (places <= (width - 1, height - 1))).all(axis=1)
            warped[np.flatnonzero(mask)[known]] = found[known]
    return np.rint(warped).astype(np.uint8).reshape(source.shape)


def sample(image: NDArray[np.uint8], places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Read an image between its pixels, bilinearly, as if zeros lay all around it.

    Args:
        image: uint8 (H, W, C).
        places: float64 (p, 2), (x, y) in px.

    Returns:
        float64 (p, C).
    """
    height, width, channels = image.shape
    padded = np.zeros((height + 2, width + 2, channels))
    padded[1:-1, 1:-1] = image
    x = np.clip(places[:, 0] + 1, 0, width + 1)
    y = np.clip(places[:, 1] + 1, 0, height + 1)
    left = np.minimum(x.astype(np.intp), width)
    top = np.minimum(y.astype(np.intp), height)
    right_share, low_share = (x - left)[:, None], (y - top)[:, None]
    above = padded[top, left] * (1 - right_share) + padded[top, left + 1] * right_share
    below = padded[top + 1, left] * (1 - right_share) + padded[top + 1, left + 1] * right_share
    values: NDArray[np.float64] = above * (1 - low_share) + below * low_share
    return values
