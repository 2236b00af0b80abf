"""A picture's background without its person.

It is pasted behind drawn people, and generators with background conditioning see it.

Convention:
    The hole is where the person may be: the masks of the ten parts with a margin around them,
    discs around all joints, and wide rectangles below the hips for legs of which a joint was not
    found. No pixel of the hole has any say in the result.

Source: ours.
"""

from __future__ import annotations

import torch
from torch import Tensor

from shared.skeleton import JOINT
from shared.stable_fit import CALF_LENGTH, THIGH_LENGTH
from train.nets.backdrop import filled_in
from train.nets.partshapes import part_depths, part_shapes, pixel_centres, torso_lengths

BORDER_HEIGHT = 128
"""The image height in pixels at which margins count as they are given."""

HOLE_MARGIN_PX = 5.0
"""So far around the parts' masks nothing counts as background, at a height of 128 pixels."""

DISC_PX = 9.0
"""So far around a joint nothing counts as background, at a height of 128 pixels."""

LEG_HALF_WIDTH = 0.6
"""Half the width of what a leg may cover whose joints were not found, in torso lengths."""

FOOT_LENGTH = 0.3
"""How far a foot reaches below its ankle, in torso lengths."""


def background_of(photo: Tensor, joints: Tensor, image_size: tuple[int, int]) -> Tensor:
    """Fill a photo's person in from what surrounds it.

    Args:
        photo: float ``(b, 3, H, W)``, at any resolution.
        joints: float ``(b, 18, 2)`` in pixels of an image of ``image_size``, NaN where absent.
        image_size: (height, width) that the joints belong to.

    Returns:
        float ``(b, 3, H, W)``: the photo outside of the person's hole, bit for bit; 0 where a
        hole leaves nothing.
    """
    hole = person_hole(joints, image_size, (photo.shape[2], photo.shape[3]))
    # Whatever the hole holds, an infinity as well: nothing of it may come through.
    return filled_in(photo.masked_fill(hole, 0.0), (~hole).to(photo.dtype))


def person_hole(joints: Tensor, image_size: tuple[int, int], size: tuple[int, int]) -> Tensor:
    """Return where the person may be: bool ``(b, 1, h, w)``.

    Args:
        joints: float ``(b, 18, 2)`` in pixels of an image of ``image_size``, NaN where absent.
        image_size: (height, width) that the joints belong to.
        size: (height, width) of the result.
    """
    margin = HOLE_MARGIN_PX * image_size[0] / BORDER_HEIGHT
    depths = part_depths(part_shapes(joints), image_size, size)
    hole = depths.amax(dim=1, keepdim=True) > -margin
    hole = hole | _discs(joints, image_size, size, DISC_PX * image_size[0] / BORDER_HEIGHT)
    return hole | _unfound_legs(joints, image_size, size)


def _discs(
    joints: Tensor, image_size: tuple[int, int], size: tuple[int, int], radius: float
) -> Tensor:
    """Return what lies near a joint, of a part or not: bool ``(b, 1, h, w)``."""
    x, y = pixel_centres(image_size, size, like=joints)
    right = (x - joints[..., :1]).square()[:, :, None]
    below = (y - joints[..., 1:]).square()[..., None]
    return (right + below < radius**2).any(dim=1, keepdim=True)


def _unfound_legs(joints: Tensor, image_size: tuple[int, int], size: tuple[int, int]) -> Tensor:
    """Return where legs may be of which a joint was not found: bool ``(b, 1, h, w)``.

    A rectangle a leg along the torso's axis, from the hip, or from the knee that was found.
    """
    x, y = pixel_centres(image_size, size, like=joints)
    length = torso_lengths(joints)[:, None, None]
    shoulders = (joints[:, JOINT["RSho"]] + joints[:, JOINT["LSho"]]) / 2
    hips = (joints[:, JOINT["RHip"]] + joints[:, JOINT["LHip"]]) / 2
    axis = hips - shoulders
    axis = axis / torch.hypot(axis[:, :1], axis[:, 1:])
    down_x, down_y = axis[:, 0, None, None], axis[:, 1, None, None]
    below_knee = (CALF_LENGTH + FOOT_LENGTH) * length
    hole = torch.zeros((joints.shape[0], *size), dtype=torch.bool, device=joints.device)
    for side in "RL":
        hip, knee, ankle = (joints[:, JOINT[f"{side}{name}"]] for name in ("Hip", "Kne", "Ank"))
        lost = ~torch.isfinite(knee + ankle).all(dim=-1)[:, None, None]
        has_knee = torch.isfinite(knee).all(dim=-1, keepdim=True)
        start = torch.where(has_knee, knee, hip)
        reach = torch.where(has_knee[..., None], below_knee, below_knee + THIGH_LENGTH * length)
        right, below = x - start[:, 0, None, None], y[:, None] - start[:, 1, None, None]
        along, across = right * down_x + below * down_y, below * down_x - right * down_y
        inside = (along >= 0) & (along <= reach) & (across.abs() <= LEG_HALF_WIDTH * length)
        hole |= inside & lost
    return hole[:, None]
