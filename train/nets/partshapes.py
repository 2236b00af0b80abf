"""The shapes of a person's ten parts at any resolution, soft at the borders.

Every part is a rectangle in a frame of its own: limbs and torso along their bones, the head
upright. How deep a point lies inside is a number in image pixels, so that masks of the same
person agree at every resolution, and their borders can be as soft as one likes.

Convention:
    Points are (x, y) in image pixels, pixel centres on integers. At another size (h, w) the
    centre of pixel (column, row) lies at ((column + .5) W / w - .5, (row + .5) H / h - .5).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from shared.skeleton import (
    HEAD,
    HEAD_HALF_SIDE,
    HEAD_JOINTS,
    JOINT,
    LIMB_HALF_WIDTH,
    LIMB_START,
    LIMBS,
    MASK_LIMB_END,
    NUM_PARTS,
)
from shared.stable_fit import CALF_LENGTH, THIGH_LENGTH
from train.nets.constants import constant, picked

OUTSIDE = -1e3
"""Depth in pixels of every point in a part that is absent."""

BODY_HALF_WIDTHS = (0.12, 0.3, *(0.14,) * 2, *(0.11,) * 2, *(0.1,) * 4)
"""Half the width of each part's body in torso lengths; the torso's is added to its joints'."""


LIMB_BEGINS, LIMB_ENDS = zip(*LIMBS, strict=True)
"""The joints at which the limbs begin and end."""


@dataclass(frozen=True, kw_only=True)
class PartShapes:
    """Rectangles of the ten parts.

    Attributes:
        start: float ``(b, 10, 2)``, middle of the side at which a part begins.
        axis: float ``(b, 10, 2)``, unit vector along it.
        length: float ``(b, 10)`` in pixels.
        half_width: float ``(b, 10)`` in pixels, of the mask (wide enough for loose clothes).
        body_half_width: float ``(b, 10)`` in pixels, of the body itself.
        present: bool ``(b, 10)``.
    """

    start: Tensor
    axis: Tensor
    length: Tensor
    half_width: Tensor
    body_half_width: Tensor
    present: Tensor


def part_shapes(joints: Tensor) -> PartShapes:
    """Lay a rectangle around each part of a pose.

    Limbs and head are the papers' mask quads; the torso reaches from above the shoulders to below
    the hips and is as wide as the wider of the two.

    Args:
        joints: float ``(b, 18, 2)``, image pixels, NaN where absent.
    """
    joints = completed(joints)
    torso_length = torso_lengths(joints)[:, None]
    first = picked(joints, LIMB_BEGINS)
    second = picked(joints, LIMB_ENDS)
    begin = first + LIMB_START * (first - second)
    reach = 1 + constant(tuple(MASK_LIMB_END), joints.dtype, joints.device)
    finish = begin + reach[:, None] * (second - begin)
    torso_start, torso_end, torso_half = _torso(joints, torso_length)
    centre, half = _head(joints, torso_length)
    up = torch.stack([torch.zeros_like(half), half], dim=-1)
    start = torch.cat([torso_start, centre - up, begin], dim=1)
    along = torch.cat([torso_end, centre + up, finish], dim=1) - start
    length = along.square().sum(dim=-1).sqrt()
    limb_half = (LIMB_HALF_WIDTH * torso_length).expand(-1, len(LIMBS))
    body = torso_length * constant(BODY_HALF_WIDTHS, joints.dtype, joints.device)
    body = torch.cat([body[:, :1] + torso_half, body[:, 1:]], dim=1)
    half_width = torch.cat([body[:, :1], half, limb_half], dim=1)
    known = torch.isfinite(length) & torch.isfinite(half_width) & (length > 0)

    def clean(values: Tensor) -> Tensor:
        return torch.where(known.view(*known.shape, *[1] * (values.dim() - 2)), values, 0.0)

    return PartShapes(
        start=clean(start),
        axis=clean(along / length[..., None]),
        length=clean(length),
        half_width=clean(half_width),
        body_half_width=clean(body),
        present=known,
    )


def completed(joints: Tensor) -> Tensor:
    """Hang knees and ankles that were not found, as :func:`shared.stable_fit.completed`.

    Args:
        joints: float ``(b, 18, 2)``, NaN where absent.
    """
    shoulders = (joints[:, JOINT["RSho"]] + joints[:, JOINT["LSho"]]) / 2
    hips = (joints[:, JOINT["RHip"]] + joints[:, JOINT["LHip"]]) / 2
    down = F.normalize(hips - shoulders, dim=-1, eps=0)[:, None]
    length = torso_lengths(joints)[:, None, None]
    hip, knee, ankle = (
        tuple(JOINT[f"{side}{name}"] for side in "RL") for name in ("Hip", "Kne", "Ank")
    )
    hips_found, knees, ankles = (picked(joints, each) for each in (hip, knee, ankle))
    knees = torch.where(torch.isfinite(knees), knees, hips_found + THIGH_LENGTH * length * down)
    thigh = F.normalize(knees - hips_found, dim=-1, eps=0)
    way = F.normalize(thigh + down, dim=-1, eps=0)
    ankles = torch.where(torch.isfinite(ankles), ankles, knees + CALF_LENGTH * length * way)
    result = joints.clone()
    for columns, found in ((knee, knees), (ankle, ankles)):
        result.index_copy_(1, constant(columns, torch.int64, result.device), found)
    return result


def torso_lengths(joints: Tensor) -> Tensor:
    """Measure torsos ``(b,)`` in pixels, as :func:`shared.geometry.torso_lengths`."""
    right = joints[:, JOINT["RHip"]] - joints[:, JOINT["RSho"]]
    left = joints[:, JOINT["LHip"]] - joints[:, JOINT["LSho"]]
    return ((right.square().sum(-1) + left.square().sum(-1)) / 2).sqrt()


def part_depths(
    shapes: PartShapes, image_size: tuple[int, int], size: tuple[int, int], *, body: bool = False
) -> Tensor:
    """Measure how deep every pixel lies inside each part.

    Args:
        shapes: The parts.
        image_size: (height, width) of the image in whose pixels they are given.
        size: (height, width) of the result.
        body: Whether of the body itself instead of the mask around it.

    Returns:
        float ``(b, 10, h, w)`` in image pixels: the distance to the nearest side, negative
        outside, -1000 for a part that is absent.
    """
    x, y = pixel_centres(image_size, size, like=shapes.start)
    across_axis = torch.stack([-shapes.axis[..., 1], shapes.axis[..., 0]], dim=-1)
    along = _projected(x, y, shapes.axis, shapes.start)
    across = _projected(x, y, across_axis, shapes.start)
    half = shapes.body_half_width if body else shapes.half_width
    depth = torch.minimum(along, shapes.length[..., None, None] - along)
    depth = torch.minimum(depth, half[..., None, None] - across.abs())
    return depth.masked_fill_(~shapes.present[..., None, None], OUTSIDE)


def pixel_centres(
    image_size: tuple[int, int], size: tuple[int, int], *, like: Tensor
) -> tuple[Tensor, Tensor]:
    """Return x ``(w,)`` and y ``(h,)`` of the pixels of a size, in pixels of the image."""

    def centres(number: int, length: int) -> Tensor:
        steps = torch.arange(number, dtype=like.dtype, device=like.device)
        return (steps + 0.5) * (length / number) - 0.5

    return centres(size[1], image_size[1]), centres(size[0], image_size[0])


def ramp(depths: Tensor, width_px: float) -> Tensor:
    """Turn depths into a soft membership: 0 at half the width outside, 1 at half of it inside."""
    return (depths / width_px + 0.5).clamp_(0, 1)


def unseen(memberships: Tensor) -> Tensor:
    """Return how much of each part is not covered by those that usually lie before it.

    From back to front: torso, head, thighs, calves, upper arms, forearms. The right and the left
    limb of a kind do not cover each other, so that a mirrored person gives mirrored maps.

    Args:
        memberships: float ``(b, 10, h, w)`` in [0, 1].

    Returns:
        float ``(b, 10, h, w)`` in [0, 1].
    """
    free = 1 - memberships
    above = torch.ones_like(free[:, :1])
    levels = []
    for first in range(NUM_PARTS - 2, HEAD, -2):
        levels.append(above.expand(-1, 2, -1, -1))
        above = above * free[:, first : first + 1] * free[:, first + 1 : first + 2]
    torso_above = above * free[:, HEAD : HEAD + 1]
    return torch.cat([torso_above, above, *reversed(levels)], dim=1)


def silhouette(memberships: Tensor) -> Tensor:
    """Join the parts' memberships ``(b, 10, h, w)`` to one silhouette ``(b, 1, h, w)``."""
    return memberships.amax(dim=1, keepdim=True)


def _projected(x: Tensor, y: Tensor, axis: Tensor, start: Tensor) -> Tensor:
    origin = (axis * start).sum(dim=-1)[..., None, None]
    return axis[..., 0, None, None] * x + (axis[..., 1, None, None] * y[:, None] - origin)


def _torso(joints: Tensor, torso_length: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return the torso's begin and end ``(b, 1, 2)`` and half its joints' width ``(b, 1)``."""
    right_shoulder, left_shoulder = joints[:, JOINT["RSho"]], joints[:, JOINT["LSho"]]
    right_hip, left_hip = joints[:, JOINT["RHip"]], joints[:, JOINT["LHip"]]
    shoulders, hips = (right_shoulder + left_shoulder) / 2, (right_hip + left_hip) / 2
    width = torch.maximum(
        (right_shoulder - left_shoulder).square().sum(-1), (right_hip - left_hip).square().sum(-1)
    ).sqrt()
    half = width[:, None].clamp(min=0.3 * torso_length) / 2
    margin = 0.15 * (hips - shoulders)
    return (shoulders - margin)[:, None], (hips + margin)[:, None], half


def _head(joints: Tensor, torso_length: Tensor) -> tuple[Tensor, Tensor]:
    """Return the centre ``(b, 1, 2)`` and half the side ``(b, 1)`` of the head's square."""
    points = picked(joints, tuple(HEAD_JOINTS))
    here = torch.isfinite(points).all(dim=-1, keepdim=True)
    centre = torch.where(here, points, 0.0).sum(dim=1) / here.sum(dim=1)
    return centre[:, None], HEAD_HALF_SIDE * torso_length
