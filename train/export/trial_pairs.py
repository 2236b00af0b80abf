"""Pairs that nobody has drawn: what a graph and its generator are compared on."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from shared.skeleton import NUM_JOINTS, TORSO_JOINTS

_STANDING: Final = (
    (32, 16), (32, 27), (23, 28), (19, 43), (18, 57), (41, 28), (45, 43), (46, 57), (27, 62),
    (26, 87), (26, 112), (37, 62), (38, 87), (38, 112), (30, 14), (34, 14), (27, 15), (37, 15),
)  # fmt: skip
"""Somebody who stands in 128 x 64 pixels, seen from the front: (x, y) by joint."""

_SIZE: Final = (128, 64)
_MISSING: Final = 0.15
"""Share of the joints besides hips and shoulders that are not known."""


def trial_pairs(
    count: int, image_size: tuple[int, int]
) -> tuple[NDArray[np.uint8], NDArray[np.float32], NDArray[np.float32]]:
    """Make pairs; the same for the same arguments.

    Args:
        count: How many.
        image_size: (height, width) in pixels.

    Returns:
        Sources uint8 (count, height, width, 3), and the joints of sources and targets, float32
        (count, 18, 2) in pixels, NaN where absent.
    """
    rng = np.random.default_rng(count)
    images = rng.integers(0, 256, (count, *image_size, 3), dtype=np.uint8)
    return images, _poses(rng, count, image_size), _poses(rng, count, image_size)


def _poses(rng: Any, count: int, image_size: tuple[int, int]) -> NDArray[np.float32]:
    scale = np.array(image_size[::-1]) / np.array(_SIZE[::-1])
    joints = np.array(_STANDING) + rng.normal(0, 4, (count, NUM_JOINTS, 2))
    absent = rng.random((count, NUM_JOINTS)) < _MISSING
    absent[:, list(TORSO_JOINTS)] = False
    joints[absent] = np.nan
    placed: NDArray[np.float32] = (joints * scale).astype(np.float32)
    return placed
