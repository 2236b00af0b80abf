"""Transforms that do not degenerate, fitted to the joints of a batch on the device.

The twin of :mod:`shared.stable_fit`, which says what is fitted and why. A batch brings its joints
anyhow, so shards need hold no second set of transforms, and a mirrored sample needs none of its
own. Nothing here waits for the device.
"""

from __future__ import annotations

import torch
from torch import Tensor

from shared.affine import STATUS_DIRECT, STATUS_MIRRORED, STATUS_NONE
from shared.skeleton import (
    HEAD_JOINTS,
    JOINT,
    LIMB_START,
    LIMBS,
    TRANSFORM_LIMB_END,
)
from shared.stable_fit import (
    BODY_DEPTH,
    FACING_WIDTH,
    LIMB_STRETCH,
    PROFILE,
    SCALE,
    SHORTEST_AXIS,
    TORSO_STRETCH,
)
from train.nets.constants import constant, no_transform, picked
from train.nets.partshapes import LIMB_BEGINS, LIMB_ENDS, completed, torso_lengths

OTHER_SIDE = tuple(index ^ 1 for index in range(len(LIMBS)))


def stable_maps(source_joints: Tensor, target_joints: Tensor) -> tuple[Tensor, Tensor]:
    """Fit the transforms of the ten parts for a batch of pairs.

    Args:
        source_joints: float ``(b, 18, 2)``, NaN where absent.
        target_joints: The same of the targets.

    Returns:
        ``transforms`` ``(b, 10, 2, 3)``, target -> source in pixels, and ``status`` uint8
        ``(b, 10)``: 0 none, 1 direct, 2 taken from the mirrored limb of the source.
    """
    source, target = completed(source_joints), completed(target_joints)
    raw = torso_lengths(source) / torso_lengths(target)
    scale = raw.clamp(*SCALE)
    torso, has_axis = _torso(source, target)
    head, has_head = _head(source, target, scale)
    limbs, limb_status = _limbs(source, target, raw, scale)
    body = torch.stack([has_axis, has_axis & has_head], dim=1).to(torch.uint8) * STATUS_DIRECT
    status = torch.cat([body, limb_status], dim=1)
    transforms = torch.cat([torso[:, None], head[:, None], limbs], dim=1)
    known = (status != STATUS_NONE) & torch.isfinite(transforms).all(dim=-1).all(dim=-1)
    mark = no_transform(transforms)
    return torch.where(known[..., None, None], transforms, mark), status * known


def _torso(source: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    source_centre, source_axis, source_width = _torso_frame(source)
    target_centre, target_axis, target_width = _torso_frame(target)
    source_length, target_length = _length(source_axis), _length(target_axis)
    along = (source_length / target_length).clamp(*SCALE)
    wide = _full_width(source_width, source_length) / _full_width(target_width, target_length)
    across = along * (wide / along).clamp(*TORSO_STRETCH)
    facing = (source_width.abs() > FACING_WIDTH * source_length) & (
        target_width.abs() > FACING_WIDTH * target_length
    )
    turned = facing & (source_width.sign() != target_width.sign())
    across = torch.where(turned, -across, across)
    linear = _two_scales(_unit(source_axis), _unit(target_axis), along, across)
    has_axis = (source_length > SHORTEST_AXIS * torso_lengths(source)) & (
        target_length > SHORTEST_AXIS * torso_lengths(target)
    )
    return _about(linear, target_centre, source_centre), has_axis


def _torso_frame(joints: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    right_shoulder, left_shoulder = joints[:, JOINT["RSho"]], joints[:, JOINT["LSho"]]
    right_hip, left_hip = joints[:, JOINT["RHip"]], joints[:, JOINT["LHip"]]
    shoulders, hips = (right_shoulder + left_shoulder) / 2, (right_hip + left_hip) / 2
    axis = hips - shoulders
    sides = (right_shoulder - left_shoulder + right_hip - left_hip) / 2
    return (shoulders + hips) / 2, axis, (sides * _normal(_unit(axis))).sum(dim=-1)


def _head(source: Tensor, target: Tensor, scale: Tensor) -> tuple[Tensor, Tensor]:
    source_head, target_head = (picked(each, tuple(HEAD_JOINTS)) for each in (source, target))
    here, there = torch.isfinite(source_head[..., 0]), torch.isfinite(target_head[..., 0])
    common = here & there
    shared = common.any(dim=1, keepdim=True)
    target_middle = _mean_of(target_head, shared & common | ~shared & there)
    source_middle = _mean_of(source_head, shared & common | ~shared & here)
    source_side, target_side = _facing(source), _facing(target)
    turned = (source_side.abs() > PROFILE) & (target_side.abs() > PROFILE)
    turned &= source_side.sign() != target_side.sign()
    source_axis, target_axis = (_unit(_torso_frame(joints)[1]) for joints in (source, target))
    linear = _two_scales(source_axis, target_axis, scale, torch.where(turned, -scale, scale))
    return _about(linear, target_middle, source_middle), here.any(dim=1) & there.any(dim=1)


def _facing(joints: Tensor) -> Tensor:
    across = _normal(_unit(_torso_frame(joints)[1]))
    face = _first_known(joints, (("nose",), ("REye", "LEye")))
    back = _first_known(joints, (("REar", "LEar"), ("neck",), ("RSho", "LSho")))
    return (((face - back) * across).sum(dim=-1) / torso_lengths(joints)).nan_to_num()


def _first_known(joints: Tensor, groups: tuple[tuple[str, ...], ...]) -> Tensor:
    result = torch.full_like(joints[:, 0], torch.nan)
    for group in groups:
        points = picked(joints, tuple(JOINT[name] for name in group))
        mean = _mean_of(points, torch.isfinite(points[..., 0]))
        result = torch.where(torch.isfinite(result), result, mean)
    return result


def _limbs(source: Tensor, target: Tensor, raw: Tensor, scale: Tensor) -> tuple[Tensor, Tensor]:
    """Fit all limbs ``(b, 8, 2, 3)``; both quads are rectangles, so the map is exact."""
    target_start, target_along = _limb_vectors(target)
    start, along = _limb_vectors(source)
    missing = ~torch.isfinite(along[..., :1])
    start = torch.where(missing, picked(start, OTHER_SIDE), start)
    along = torch.where(missing, picked(along, OTHER_SIDE), along)
    low, high = LIMB_STRETCH[0] * scale[:, None], LIMB_STRETCH[1] * scale[:, None]
    lengthwise = (_length(along) / _length(target_along)).clamp(low, high)
    sidewise = raw[:, None].clamp(low, high).expand_as(lengthwise)
    linear = _two_scales(_unit(along), _unit(target_along), lengthwise, sidewise)
    ends = constant(tuple(TRANSFORM_LIMB_END), source.dtype, source.device)
    to_centre = ((1 - LIMB_START) / 2 + (1 + LIMB_START) / 2 * ends)[:, None]
    maps = _about(linear, target_start + to_centre * target_along, start + to_centre * along)
    found = torch.where(missing[..., 0], STATUS_MIRRORED, STATUS_DIRECT)
    good = (_length(along) > 0) & (_length(target_along) > 0)
    return maps, (found * good).to(torch.uint8)


def _limb_vectors(joints: Tensor) -> tuple[Tensor, Tensor]:
    start = picked(joints, LIMB_BEGINS)
    return start, picked(joints, LIMB_ENDS) - start


def _two_scales(
    source_along: Tensor, target_along: Tensor, along: Tensor, across: Tensor
) -> Tensor:
    """Return the maps ``(..., 2, 2)`` from target to source frames with a scale for each axis."""
    source_across, target_across = _normal(source_along), _normal(target_along)
    lengthwise = source_along[..., :, None] * target_along[..., None, :]
    sidewise = source_across[..., :, None] * target_across[..., None, :]
    return along[..., None, None] * lengthwise + across[..., None, None] * sidewise


def _about(linear: Tensor, target_point: Tensor, source_point: Tensor) -> Tensor:
    """Return the maps ``(..., 2, 3)`` that lead the target point to the source point."""
    moved = (linear * target_point[..., None, :]).sum(dim=-1)
    return torch.cat([linear, (source_point - moved)[..., None]], dim=-1)


def _mean_of(points: Tensor, counted: Tensor) -> Tensor:
    total = torch.where(counted[..., None], points, 0.0).sum(dim=1)
    return total / counted.sum(dim=1)[:, None]


def _full_width(width: Tensor, length: Tensor) -> Tensor:
    return torch.hypot(width, BODY_DEPTH * length)


def _normal(vectors: Tensor) -> Tensor:
    return torch.stack([-vectors[..., 1], vectors[..., 0]], dim=-1)


def _unit(vectors: Tensor) -> Tensor:
    return vectors / _length(vectors)[..., None]


def _length(vectors: Tensor) -> Tensor:
    return torch.hypot(vectors[..., 0], vectors[..., 1])
