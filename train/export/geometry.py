"""The geometry of a pair as a part of a graph: transforms, status and quads from joints alone.

The twin of :func:`shared.pair_geometry.pair_geometry` in torch's plain operations, so that an
exported graph asks for nothing but a picture and two poses. Computed in float64, kept as shards
keep it.
"""

from __future__ import annotations

import torch
from torch import Tensor

from shared.affine import STATUS_DIRECT, STATUS_MIRRORED
from shared.least_squares import SINGULAR
from shared.skeleton import (
    HEAD_HALF_SIDE,
    HEAD_JOINTS,
    JOINT,
    LIMB_HALF_WIDTH,
    LIMB_START,
    LIMBS,
    MASK_LIMB_END,
    TORSO_JOINTS,
    TRANSFORM_LIMB_END,
)
from train.nets.body_fit import fitted
from train.nets.constants import constant, no_transform, picked
from train.nets.partshapes import LIMB_BEGINS, LIMB_ENDS, torso_lengths

HEAD_POINTS = (*HEAD_JOINTS, JOINT["LSho"], JOINT["RSho"])
OTHER_SIDE = tuple(index ^ 1 for index in range(len(LIMBS)))


def transforms_of(source_joints: Tensor, target_joints: Tensor) -> tuple[Tensor, Tensor]:
    """Fit the transforms of the ten parts: :func:`shared.affine.pair_transforms`.

    Args:
        source_joints: float ``(b, 18, 2)``, pixels, NaN where absent.
        target_joints: The same of the targets.

    Returns:
        float32 ``(b, 10, 2, 3)``, target to source in pixels, and uint8 ``(b, 10)``.
    """
    source, target = source_joints.double(), target_joints.double()
    torso, has_torso = _fitted(source, target, TORSO_JOINTS, needed=range(len(TORSO_JOINTS)))
    shoulders = range(len(HEAD_JOINTS), len(HEAD_POINTS))
    head, has_head = _fitted(source, target, HEAD_POINTS, needed=shoulders)
    has_head &= _known(source, target, tuple(HEAD_JOINTS)).any(dim=1)
    limbs, limb_status = _limbs(source, target)
    direct = torch.stack([has_torso, has_head], dim=1) * STATUS_DIRECT
    status = torch.cat([direct, limb_status], dim=1)
    transforms = torch.cat([torso[:, None], head[:, None], limbs], dim=1)
    found = (status > 0) & torch.isfinite(transforms).all(dim=-1).all(dim=-1)
    transforms = torch.where(found[..., None, None], transforms, no_transform(transforms))
    return transforms.float(), (status * found).to(torch.uint8)


def quads_of(joints: Tensor, size: tuple[int, int]) -> Tensor:
    """Return the quads of the ten masks: :func:`shared.geometry.mask_quads`.

    Args:
        joints: float ``(b, 18, 2)``, pixels, NaN where absent.
        size: (height, width) of the images in pixels.

    Returns:
        float32 ``(b, 10, 4, 2)``, NaN where a part is absent.
    """
    joints = joints.double()
    lengths = torso_lengths(joints)[:, None]
    quads = torch.cat([_head(joints, lengths)[:, None], _limb_quads(joints, lengths)], dim=1)
    right, bottom = size[1] - 0.5, size[0] - 0.5
    corners = ((-0.5, -0.5), (right, -0.5), (right, bottom), (-0.5, bottom))
    whole = constant(corners, torch.float32, joints.device).expand(joints.shape[0], 1, 4, 2)
    return torch.cat([whole, quads.float()], dim=1)


def _known(source: Tensor, target: Tensor, points: tuple[int, ...]) -> Tensor:
    both = torch.isfinite(picked(source, points)) & torch.isfinite(picked(target, points))
    return both.all(dim=-1)


def _fitted(
    source: Tensor, target: Tensor, points: tuple[int, ...], *, needed: range
) -> tuple[Tensor, Tensor]:
    """Fit some points, of which a run is needed."""
    counted = _known(source, target, points)
    matrix, good = fitted(picked(source, points), picked(target, points), counted)
    return matrix, good & counted[:, needed.start : needed.stop].all(dim=1)


def _limbs(source: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Fit all limbs ``(b, 8, 2, 3)``; both quads are rectangles, so the map is exact."""
    target_start, target_along = _limb_vectors(target)
    start, along = _limb_vectors(source)
    missing = ~torch.isfinite(along[..., :1])
    start = torch.where(missing, picked(start, OTHER_SIDE), start)
    along = torch.where(missing, picked(along, OTHER_SIDE), along)
    source_torso, target_torso = torso_lengths(source)[:, None], torso_lengths(target)[:, None]
    square, target_square = along.square().sum(-1), target_along.square().sum(-1)
    lengthwise = 1 / target_square
    sidewise = source_torso / (target_torso * (square * target_square).sqrt())
    (sx, sy), (tx, ty) = along.unbind(-1), target_along.unbind(-1)
    rows = [
        torch.stack([lengthwise * sx * tx + sidewise * sy * ty,
                     lengthwise * sx * ty - sidewise * sy * tx], dim=-1),
        torch.stack([lengthwise * sy * tx - sidewise * sx * ty,
                     lengthwise * sy * ty + sidewise * sx * tx], dim=-1),
    ]  # fmt: skip
    ends = constant(tuple(TRANSFORM_LIMB_END), source.dtype, source.device)
    to_centre = ((1 - LIMB_START) / 2 + (1 + LIMB_START) / 2 * ends)[:, None]
    target_centre, centre = target_start + to_centre * target_along, start + to_centre * along
    linear = torch.stack(rows, dim=-2)
    moved = (linear * target_centre[..., None, :]).sum(dim=-1)
    maps = torch.cat([linear, (centre - moved)[..., None]], dim=-1)
    good = _is_spread(square, source_torso, ends) & _is_spread(target_square, target_torso, ends)
    found = torch.where(missing[..., 0], STATUS_MIRRORED, STATUS_DIRECT)
    return maps, found * good


def _is_spread(square: Tensor, torso: Tensor, ends: Tensor) -> Tensor:
    """Tell whether the four corners of a limb's quad are not on a line (False for NaN)."""
    half_length = square * ((1 + LIMB_START) * (1 + ends) / 2).square()
    half_width = (LIMB_HALF_WIDTH * torso).square()
    smaller = 8 * torch.minimum(half_length, half_width) / (half_length + half_width)
    return smaller >= SINGULAR


def _limb_vectors(joints: Tensor) -> tuple[Tensor, Tensor]:
    start = picked(joints, LIMB_BEGINS)
    return start, picked(joints, LIMB_ENDS) - start


def _head(joints: Tensor, lengths: Tensor) -> Tensor:
    points = picked(joints, tuple(HEAD_JOINTS))
    here = torch.isfinite(points).all(dim=-1, keepdim=True)
    centre = torch.where(here, points, 0.0).sum(dim=1) / here.sum(dim=1)  # NaN where none is
    around = constant(((-1, -1), (1, -1), (1, 1), (-1, 1)), joints.dtype, joints.device)
    return centre[:, None] + HEAD_HALF_SIDE * lengths[..., None] * around


def _limb_quads(joints: Tensor, lengths: Tensor) -> Tensor:
    first, second = picked(joints, LIMB_BEGINS), picked(joints, LIMB_ENDS)
    along = second - first
    begin = first + LIMB_START * (first - second)
    ends = constant(tuple(MASK_LIMB_END), joints.dtype, joints.device)[:, None]
    finish = second + ends * (second - begin)
    normal = torch.stack([-along[..., 1], along[..., 0]], dim=-1)
    normal = normal / along.square().sum(dim=-1, keepdim=True).sqrt()  # NaN where it has no length
    side = LIMB_HALF_WIDTH * lengths[..., None] * normal
    return torch.stack([begin + side, begin - side, finish - side, finish + side], dim=-2)
