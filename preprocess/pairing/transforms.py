"""The ten transforms of every pair, in blocks that stay in the processor's cache."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from shared.affine import STATUS_DIRECT, STATUS_MIRRORED, STATUS_NONE, pair_transforms
from shared.skeleton import NUM_PARTS, PARTS

BLOCK_PAIRS: Final = 4096


def transforms_of_pairs(
    joints: NDArray[np.float64], pairs: NDArray[np.integer[Any]]
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Fit the transforms of pairs.

    Args:
        joints: float64 (n, 18, 2), pixels, NaN where absent.
        pairs: Integers (m, 2), rows of source and target.

    Returns:
        The transforms, float32 (m, 10, 2, 3), target to source pixels; and their status, uint8
        (m, 10). See :func:`shared.affine.pair_transforms`.
    """
    transforms = np.empty((len(pairs), NUM_PARTS, 2, 3), np.float32)
    status = np.empty((len(pairs), NUM_PARTS), np.uint8)
    for start in range(0, len(pairs), BLOCK_PAIRS):
        block = slice(start, start + BLOCK_PAIRS)
        source, target = pairs[block].T
        transforms[block], status[block] = pair_transforms(joints[source], joints[target])
    return transforms, status


def count_status(status: NDArray[np.uint8]) -> dict[str, dict[str, int]]:
    """Count, for each part, the pairs with a direct, a mirrored and no transform."""
    kinds = {"direct": STATUS_DIRECT, "mirrored": STATUS_MIRRORED, "none": STATUS_NONE}
    return {
        part: {kind: int((status[:, row] == value).sum()) for kind, value in kinds.items()}
        for row, part in enumerate(PARTS)
    }
