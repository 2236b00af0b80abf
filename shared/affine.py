"""Transforms of the ten parts: affine maps from the target's pixels to the source's.

Convention:
    A transform is a 2 x 3 matrix ``source_from_target``: it takes a target point (x, y, 1) to the
    source point whose colour belongs there, the direction in which a backward warp samples.
    A part without a transform has status 0 and holds the translation by (1000, 1000), which
    samples outside of every image. There is never a NaN.

The fit equals skimage's ``estimate_transform("affine", src=target_points, dst=source_points)``,
in closed form over whole blocks of pairs (:mod:`shared.least_squares`).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from shared.geometry import LIMB_ENDS, LIMB_STARTS, Bools, Float64s, Floats, torso_lengths
from shared.least_squares import SINGULAR, set_translation, total_least_squares
from shared.skeleton import (
    FIRST_LIMB,
    HEAD,
    HEAD_JOINTS,
    JOINT,
    LIMB_HALF_WIDTH,
    LIMB_START,
    LIMBS,
    NUM_PARTS,
    TORSO,
    TORSO_JOINTS,
    TRANSFORM_LIMB_END,
)

STATUS_NONE = 0
STATUS_DIRECT = 1
STATUS_MIRRORED = 2

NO_TRANSFORM = np.array([[1.0, 0.0, 1000.0], [0.0, 1.0, 1000.0]])
BLOCK_PAIRS = 4096

_HEAD_POINTS = np.array([*HEAD_JOINTS, JOINT["LSho"], JOINT["RSho"]])
_OTHER_SIDE = np.arange(len(LIMBS)) ^ 1
_LIMB_CENTRE = (1 - LIMB_START) / 2 + (1 + LIMB_START) / 2 * np.array(TRANSFORM_LIMB_END)
_LIMB_REACH = (1 + LIMB_START) * (1 + np.array(TRANSFORM_LIMB_END))


def pair_transforms(
    source_joints: Floats, target_joints: Floats
) -> tuple[Float64s, NDArray[np.uint8]]:
    """Fit the transforms of the ten parts for pairs of poses.

    Args:
        source_joints: float ``(m, 18, 2)`` joints of the sources, NaN where absent.
        target_joints: float ``(m, 18, 2)`` joints of the targets.

    Returns:
        ``transforms`` float64 ``(m, 10, 2, 3)``, target -> source in pixels, and ``status`` uint8
        ``(m, 10)``: 0 none, 1 direct, 2 taken from the mirrored limb of the source.

    Source: Siarohin et al. 2018; the closed form is ours.
    """
    count = len(source_joints)
    transforms = np.empty((count, NUM_PARTS, 2, 3))
    status = np.empty((count, NUM_PARTS), dtype=np.uint8)
    for start in range(0, count, BLOCK_PAIRS):
        block = slice(start, start + BLOCK_PAIRS)
        _fit_block(source_joints[block], target_joints[block], transforms[block], status[block])
    return transforms, status


def _fit_block(
    source: Floats, target: Floats, transforms: Float64s, status: NDArray[np.uint8]
) -> None:
    """Fill the transforms and the status of one block of pairs."""
    source_points = np.ascontiguousarray(np.asarray(source, dtype=np.float64).transpose(1, 2, 0))
    target_points = np.ascontiguousarray(np.asarray(target, dtype=np.float64).transpose(1, 2, 0))
    with np.errstate(all="ignore"):
        matrix = np.empty((NUM_PARTS, 2, 3, len(source)))
        found = np.empty((NUM_PARTS, len(source)), dtype=np.uint8)
        matrix[TORSO], found[TORSO] = _fit_torso(source_points, target_points)
        matrix[HEAD], found[HEAD] = _fit_head(source_points, target_points)
        matrix[FIRST_LIMB:], found[FIRST_LIMB:] = _fit_limbs(
            source_points,
            target_points,
            torso_lengths(source),
            torso_lengths(target),
        )
        absent = (found == STATUS_NONE) | ~np.isfinite(matrix).all(axis=(1, 2))
    transforms[:] = matrix.transpose(3, 0, 1, 2)
    transforms[absent.T] = NO_TRANSFORM
    status[:] = np.where(absent, STATUS_NONE, found).T


def _fit_torso(source: Float64s, target: Float64s) -> tuple[Float64s, Bools]:
    corners = list(TORSO_JOINTS)
    everywhere = np.ones((len(corners), source.shape[-1]), dtype=bool)
    return total_least_squares(target[corners], source[corners], everywhere)


def _fit_head(source: Float64s, target: Float64s) -> tuple[Float64s, Bools]:
    source_head, target_head = source[_HEAD_POINTS], target[_HEAD_POINTS]
    common = np.isfinite(source_head[:, 0]) & np.isfinite(target_head[:, 0])
    matrix, good = total_least_squares(target_head, source_head, common)
    some_head = common[: len(HEAD_JOINTS)].any(axis=0)
    return matrix, good & some_head & common[len(HEAD_JOINTS) :].all(axis=0)


def _fit_limbs(
    source: Float64s, target: Float64s, source_torso: Float64s, target_torso: Float64s
) -> tuple[Float64s, NDArray[np.uint8]]:
    """Fit all limbs; both quads are rectangles, so the map between them is exact."""
    target_start, target_along = _limb_vectors(target)
    start, along = _limb_vectors(source)
    missing = ~np.isfinite(along[:, 0])
    start = np.where(missing[:, None], start[_OTHER_SIDE], start)
    along = np.where(missing[:, None], along[_OTHER_SIDE], along)

    square, target_square = (along**2).sum(axis=1), (target_along**2).sum(axis=1)
    lengthwise = 1 / target_square
    sidewise = source_torso / (target_torso * np.sqrt(square * target_square))
    (sx, sy), (tx, ty) = along.swapaxes(0, 1), target_along.swapaxes(0, 1)
    matrix = np.empty((len(LIMBS), 2, 3, source.shape[-1]))
    matrix[:, 0, 0] = lengthwise * sx * tx + sidewise * sy * ty
    matrix[:, 0, 1] = lengthwise * sx * ty - sidewise * sy * tx
    matrix[:, 1, 0] = lengthwise * sy * tx - sidewise * sx * ty
    matrix[:, 1, 1] = lengthwise * sy * ty + sidewise * sx * tx
    to_centre = _LIMB_CENTRE[:, None, None]
    set_translation(matrix, target_start + to_centre * target_along, start + to_centre * along)

    good = _is_spread(square, source_torso) & _is_spread(target_square, target_torso)
    found = np.where(missing, STATUS_MIRRORED, STATUS_DIRECT)
    return matrix, np.where(good, found, STATUS_NONE).astype(np.uint8)


def _limb_vectors(points: Float64s) -> tuple[Float64s, Float64s]:
    start = points[LIMB_STARTS]
    return start, points[LIMB_ENDS] - start


def _is_spread(square: Float64s, torso: Float64s) -> Bools:
    """Tell whether the four corners of a limb's quad are not on a line (False for NaN)."""
    half_length = square * (_LIMB_REACH[:, None] / 2) ** 2
    half_width = (LIMB_HALF_WIDTH * torso) ** 2
    smaller = 8 * np.minimum(half_length, half_width) / (half_length + half_width)
    spread: Bools = smaller >= SINGULAR
    return spread
