"""What steers the drawing of a pair beside its two poses: transforms, their status and quads.

Both stages call these functions: stage 1 for what it writes into shards, stage 2 where it draws
people that are in no shard. Equal joints give equal bits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from shared.affine import pair_transforms
from shared.geometry import Floats, mask_quads, presence, torso_lengths
from shared.skeleton import NUM_PARTS

BLOCK_PAIRS: Final = 4096
"""Pairs whose joints are gathered at a time, so that they stay in the processor's cache."""


@dataclass(frozen=True, kw_only=True)
class PairGeometry:
    """The geometry of b pairs, in the types that shards hold.

    Args:
        transforms: float32 (b, 10, 2, 3), target pixels to source pixels.
        status: uint8 (b, 10), none, direct or mirrored.
        target_quads: float32 (b, 10, 4, 2), image pixels, NaN where a part is absent.
    """

    transforms: NDArray[np.float32]
    status: NDArray[np.uint8]
    target_quads: NDArray[np.float32]


def pair_geometry(
    source_joints: Floats, target_joints: Floats, size: tuple[int, int]
) -> PairGeometry:
    """Compute the geometry of pairs of poses.

    Args:
        source_joints: float (b, 18, 2), pixels, NaN where absent.
        target_joints: The same of the targets.
        size: (height, width) of the images in pixels.

    Returns:
        The geometry, equal to that of a shard made from these joints.
    """
    count = len(source_joints)
    pairs = np.stack([np.arange(count), np.arange(count, 2 * count)], axis=1)
    both = np.concatenate([source_joints, target_joints]).astype(np.float64)
    transforms, status = transforms_of_pairs(both, pairs)
    return PairGeometry(
        transforms=transforms,
        status=status,
        target_quads=mask_quads(target_joints, size),
    )


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


def pose_changes(
    joints: NDArray[np.float32], source: NDArray[Any], target: NDArray[Any]
) -> NDArray[np.float32]:
    """Measure how far poses change, in the sense of ``Shard.pair_table()``'s ``pose_change``.

    Args:
        joints: float32 (n, 18, 2), px, NaN where absent.
        source: Integers (m,), rows of the sources.
        target: Integers (m,), rows of the targets.

    Returns:
        float32 (m,), in torso lengths.
    """
    exact = joints.astype(np.float64)
    scale = torso_lengths(exact)[:, None, None]
    known = presence(exact)
    common = (known[source] & known[target])[:, :, None]
    count = np.maximum(common.sum(axis=1, keepdims=True), 1)

    def placed(rows: NDArray[Any]) -> NDArray[np.float64]:
        points = np.where(common, exact[rows], 0.0)
        middle = points.sum(axis=1, keepdims=True) / count
        return np.where(common, (points - middle) / scale[rows], 0.0)

    moved = np.sqrt(np.square(placed(target) - placed(source)).sum(axis=-1))
    change: NDArray[np.float64] = moved.sum(axis=1) / count[:, 0, 0]
    return change.astype(np.float32)
