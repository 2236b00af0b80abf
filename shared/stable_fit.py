"""Transforms of the ten parts that do not degenerate: near similarities, whatever the joints say.

The papers' fit (:mod:`shared.affine`) follows the joints exactly. Where these lie nearly in one
line (a torso seen from the side, a limb that points at the camera) it squeezes or stretches the
source until its pixels are of no use as a picture. This fit keeps every part's stretch in bounds:

* torso: its axis, from the middle of the shoulders to the middle of the hips, gives rotation and
  scale. The scale across follows from the widths of both torsos, to which a body's depth is
  added, and stays within .6 to 1.6 of the scale along. The map is a mirror only where both
  torsos are wide and one is seen from the other side;
* head: the middle of the head points that both images have (else of all that each has) goes to
  the other's, turned and scaled as the torsos, and mirrored where the two look to opposite
  sides. So every two images with head points have a head;
* limbs: the papers' fit, the stretch along the limb clamped to .5 to 2 of the torsos' scale. Knees
  and ankles that were not found hang from hips and knees (:func:`completed`), so that nobody
  lacks a leg.

Convention: as in :mod:`shared.affine`; the status is the papers', but for heads and legs that
are found here and torsos without an axis.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from shared.affine import NO_TRANSFORM, STATUS_DIRECT, STATUS_NONE, pair_transforms
from shared.geometry import Bools, Float64s, Floats, limb_quads, torso_lengths
from shared.singular_values import clamped, singular_values
from shared.skeleton import (
    FIRST_LIMB,
    HEAD,
    HEAD_JOINTS,
    JOINT,
    TORSO,
    TRANSFORM_LIMB_END,
)

TORSO_STRETCH = (0.6, 1.6)
"""Bounds of the torso's scale across, relative to its scale along."""

LIMB_STRETCH = (0.5, 2.0)
"""Bounds of the singular values of limbs, relative to the torsos' scale."""

PROFILE = 0.1
"""A face that looks to the side by so many torso lengths is seen in profile."""

SCALE = (0.25, 4.0)
"""Bounds of the scale between the two people."""

BODY_DEPTH = 0.35
"""How deep a body is, as a share of the torso's axis: a torso seen from the side has this width."""

FACING_WIDTH = 0.25
"""A torso wider than this share of its axis is seen from the front or from behind."""

THIGH_LENGTH, CALF_LENGTH = 0.95, 0.85
"""Lengths of a thigh and a calf whose lower end was not found, in torso lengths."""

SHORTEST_AXIS = 0.1
"""A torso's axis shorter than this share of its torso length gives no transform."""


def stable_transforms(
    source_joints: Floats, target_joints: Floats
) -> tuple[Float64s, NDArray[np.uint8]]:
    """Fit the transforms of the ten parts for pairs of poses, none of them degenerate.

    Args:
        source_joints: float ``(m, 18, 2)`` joints of the sources, NaN where absent.
        target_joints: float ``(m, 18, 2)`` joints of the targets.

    Returns:
        ``transforms`` float64 ``(m, 10, 2, 3)``, target -> source in pixels, and ``status`` uint8
        ``(m, 10)``: 0 none, 1 direct, 2 taken from the mirrored limb of the source.
    """
    source, target = completed(source_joints), completed(target_joints)
    transforms, status = pair_transforms(source, target)
    with np.errstate(all="ignore"):
        scale = np.clip(torso_lengths(source) / torso_lengths(target), *SCALE)
        torso, has_axis = _torso(source, target)
        transforms[:, TORSO] = np.where(has_axis[:, None, None], torso, NO_TRANSFORM)
        status[:, TORSO] = np.where(has_axis, STATUS_DIRECT, STATUS_NONE)
        _fit_heads(transforms, status, source, target, scale)
        _mend_limbs(transforms, status, target, scale)
    absent = (status == STATUS_NONE) | ~np.isfinite(transforms).all(axis=(2, 3))
    transforms[absent] = NO_TRANSFORM
    status[absent] = STATUS_NONE
    return transforms, status


def completed(joints: Floats) -> Float64s:
    """Hang knees and ankles that were not found from hips and knees.

    A thigh continues the torso's axis and is .95 torso lengths long. A calf points halfway
    between the thigh's and the torso's direction and is .85 torso lengths long. A source that
    lacks one leg alone has it completed as well, instead of being mirrored.

    Args:
        joints: float ``(..., 18, 2)``, NaN where absent.

    Returns:
        float64 ``(..., 18, 2)``; without a torso nothing is completed.
    """
    result = np.array(joints, dtype=np.float64)
    shoulders = (result[..., JOINT["RSho"], :] + result[..., JOINT["LSho"], :]) / 2
    hips = (result[..., JOINT["RHip"], :] + result[..., JOINT["LHip"], :]) / 2
    length = torso_lengths(result)[..., None]
    with np.errstate(all="ignore"):
        down = _unit(hips - shoulders)
        for side in "RL":
            hip, knee, ankle = (JOINT[side + name] for name in ("Hip", "Kne", "Ank"))
            _complete(result, knee, result[..., hip, :] + THIGH_LENGTH * length * down)
            way = _unit(_unit(result[..., knee, :] - result[..., hip, :]) + down)
            _complete(result, ankle, result[..., knee, :] + CALF_LENGTH * length * way)
    return result


def _complete(joints: Float64s, joint: int, place: Float64s) -> None:
    absent = ~np.isfinite(joints[..., joint, :])
    joints[..., joint, :] = np.where(absent, place, joints[..., joint, :])


def degenerate(transforms: Floats, status: NDArray[np.uint8]) -> Bools:
    """Tell which transforms are of no use for a picture.

    Args:
        transforms: float ``(..., 2, 3)``.
        status: uint8 ``(...)``.

    Returns:
        bool ``(...)``: a condition above 4 or a determinant below .15; False without a transform.
    """
    large, small = singular_values(np.asarray(transforms, dtype=np.float64)[..., :2])
    useless: Bools = (status != STATUS_NONE) & ((large > 4 * small) | (large * small < 0.15))
    return useless


def _torso(source: Float64s, target: Float64s) -> tuple[Float64s, Bools]:
    """Fit the torsos ``(m, 2, 3)`` and tell which have an axis."""
    source_centre, source_axis, source_width = _torso_frame(source)
    target_centre, target_axis, target_width = _torso_frame(target)
    source_length, target_length = _length(source_axis), _length(target_axis)
    along = np.clip(source_length / target_length, *SCALE)
    wide = _full_width(source_width, source_length) / _full_width(target_width, target_length)
    across = along * np.clip(wide / along, *TORSO_STRETCH)
    facing = (np.abs(source_width) > FACING_WIDTH * source_length) & (
        np.abs(target_width) > FACING_WIDTH * target_length
    )
    turned = facing & (np.sign(source_width) != np.sign(target_width))
    across = np.where(turned, -across, across)
    linear = _two_scales(
        source_axis / source_length[:, None], target_axis / target_length[:, None], along, across
    )
    has_axis = (source_length > SHORTEST_AXIS * torso_lengths(source)) & (
        target_length > SHORTEST_AXIS * torso_lengths(target)
    )
    return _about(linear, target_centre, source_centre), has_axis


def _torso_frame(joints: Float64s) -> tuple[Float64s, Float64s, Float64s]:
    """Return the torso's centre and axis ``(m, 2)`` and its signed mean width ``(m,)``."""
    right_shoulder, left_shoulder = joints[:, JOINT["RSho"]], joints[:, JOINT["LSho"]]
    right_hip, left_hip = joints[:, JOINT["RHip"]], joints[:, JOINT["LHip"]]
    shoulders, hips = (right_shoulder + left_shoulder) / 2, (right_hip + left_hip) / 2
    axis = hips - shoulders
    normal = _normal(axis) / _length(axis)[:, None]
    widths = ((right_shoulder - left_shoulder + right_hip - left_hip) / 2 * normal).sum(axis=-1)
    return (shoulders + hips) / 2, axis, widths


def _full_width(width: Float64s, length: Float64s) -> Float64s:
    return np.hypot(width, BODY_DEPTH * length)


def _two_scales(
    source_along: Float64s, target_along: Float64s, along: Float64s, across: Float64s
) -> Float64s:
    """Return the maps ``(m, 2, 2)`` from target to source frames with a scale for each axis."""
    source_across, target_across = _normal(source_along), _normal(target_along)
    lengthwise = source_along[:, :, None] * target_along[:, None, :]
    sidewise = source_across[:, :, None] * target_across[:, None, :]
    matrices: Float64s = along[:, None, None] * lengthwise + across[:, None, None] * sidewise
    return matrices


def _fit_heads(
    transforms: Float64s,
    status: NDArray[np.uint8],
    source: Float64s,
    target: Float64s,
    scale: Float64s,
) -> None:
    source_head, target_head = source[:, list(HEAD_JOINTS)], target[:, list(HEAD_JOINTS)]
    here, there = np.isfinite(source_head[..., 0]), np.isfinite(target_head[..., 0])
    common = here & there
    shared = common.any(axis=1, keepdims=True)
    target_middle = _mean_of(target_head, np.where(shared, common, there))
    source_middle = _mean_of(source_head, np.where(shared, common, here))
    source_side, target_side = _facing(source), _facing(target)
    turned = (np.abs(source_side) > PROFILE) & (np.abs(target_side) > PROFILE)
    turned &= np.sign(source_side) != np.sign(target_side)
    linear = _turn(source, target, np.where(turned, -1.0, 1.0)) * scale[:, None, None]
    found = here.any(axis=1) & there.any(axis=1) & (status[:, TORSO] != STATUS_NONE)
    transforms[:, HEAD] = _about(linear, target_middle, source_middle)
    status[:, HEAD] = np.where(found, STATUS_DIRECT, STATUS_NONE)


def _facing(joints: Float64s) -> Float64s:
    """Return how far the face looks to the side across the torso's axis, in torso lengths ``(m,)``.

    The nose, else the eyes, against the ears, else the neck; 0 where that cannot be told.
    """
    _, axis, _ = _torso_frame(joints)
    across = _normal(axis) / _length(axis)[:, None]
    face = _first_known(joints, (("nose",), ("REye", "LEye")))
    back = _first_known(joints, (("REar", "LEar"), ("neck",), ("RSho", "LSho")))
    offset = ((face - back) * across).sum(axis=-1) / torso_lengths(joints)
    sideways: Float64s = np.nan_to_num(offset)
    return sideways


def _first_known(joints: Float64s, groups: tuple[tuple[str, ...], ...]) -> Float64s:
    """Return the mean ``(m, 2)`` of the first group of joints of which any is present."""
    result = np.full((len(joints), 2), np.nan)
    for group in groups:
        points = joints[:, [JOINT[name] for name in group]]
        mean = _mean_of(points, np.isfinite(points[..., 0]))
        result = np.where(np.isfinite(result), result, mean)
    return result


def _turn(source: Float64s, target: Float64s, across: Float64s) -> Float64s:
    """Return the rotations ``(m, 2, 2)`` between the torsos' axes, mirrors where across is -1."""
    source_axis, target_axis = _torso_frame(source)[1], _torso_frame(target)[1]
    source_axis /= _length(source_axis)[:, None]
    target_axis /= _length(target_axis)[:, None]
    return _two_scales(source_axis, target_axis, np.ones(len(source)), across)


def _mend_limbs(
    transforms: Float64s, status: NDArray[np.uint8], target: Float64s, scale: Float64s
) -> None:
    centres = limb_quads(target, TRANSFORM_LIMB_END).mean(axis=-2)
    pair, limb = np.nonzero(status[:, FIRST_LIMB:] != STATUS_NONE)
    old = transforms[pair, FIRST_LIMB + limb]
    centre = centres[pair, limb]
    source_centre = (old[..., :2] @ centre[..., None])[..., 0] + old[..., 2]
    low, high = LIMB_STRETCH[0] * scale[pair], LIMB_STRETCH[1] * scale[pair]
    linear = clamped(old[..., :2], low, high)
    moved = (linear != old[..., :2]).any(axis=(1, 2))
    old[moved] = _about(linear[moved], centre[moved], source_centre[moved])
    transforms[pair, FIRST_LIMB + limb] = old


def _about(linear: Float64s, target_point: Float64s, source_point: Float64s) -> Float64s:
    """Return the maps ``(m, 2, 3)`` that lead the target point to the source point."""
    shift = source_point[..., None] - linear @ target_point[..., None]
    maps: Float64s = np.concatenate([linear, shift], axis=-1)
    return maps


def _mean_of(points: Float64s, counted: Bools) -> Float64s:
    total = np.where(counted[..., None], points, 0.0).sum(axis=1)
    mean: Float64s = total / counted.sum(axis=1)[:, None]
    return mean


def _unit(vectors: Float64s) -> Float64s:
    unit: Float64s = vectors / _length(vectors)[..., None]
    return unit


def _normal(vectors: Float64s) -> Float64s:
    normal: Float64s = np.stack([-vectors[..., 1], vectors[..., 0]], axis=-1)
    return normal


def _length(vectors: Float64s) -> Float64s:
    length: Float64s = np.hypot(vectors[..., 0], vectors[..., 1])
    return length
