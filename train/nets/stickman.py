"""Poses as stick figures: the other representation beside heat maps, with a sixth of the channels.

Source: the stick figures of pose-guided synthesis (Esser et al. 2018); soft sticks are ours.
"""

from __future__ import annotations

import torch
from torch import Tensor

from shared.skeleton import JOINT, LIMBS
from train.nets.constants import picked
from train.nets.posemaps import SIGMA_HEIGHT

STICK_SHARE = 1 / 3
"""A stick's deviation as a share of the heat maps' sigma: 2 px at the papers' 6 px."""

_CENTRE = (
    ("neck", "nose"), ("nose", "REye"), ("nose", "LEye"), ("REye", "REar"), ("LEye", "LEar"),
    ("RSho", "LSho"), ("RHip", "LHip"), ("RSho", "RHip"), ("LSho", "LHip"),
)  # fmt: skip

STICKS: tuple[tuple[tuple[int, int], ...], ...] = (
    LIMBS[1::2],
    LIMBS[0::2],
    tuple((JOINT[a], JOINT[b]) for a, b in _CENTRE),
)
"""The two joints of each stick, by channel."""


def stick_figures(joints: Tensor, size: tuple[int, int], sigma: float = 6.0) -> Tensor:
    """Draw a figure of soft sticks: exp(-d^2 / 2 s^2) with d the distance to the nearest stick.

    Convention:
        Pixel centres lie on integers. Channels are the left limbs, the right limbs, and the centre
        (head, shoulders, hips and sides). A stick with an absent joint is not drawn. s is a third
        of ``sigma`` and grows with the image, as the heat maps' deviation does.

    Args:
        joints: float ``(b, 18, 2)``, (x, y) in pixels, NaN where absent.
        size: (height, width) of the maps in pixels.
        sigma: The heat maps' deviation in pixels at a height of 128.

    Returns:
        ``(b, 3, height, width)`` in [0, 1], of the dtype and on the device of ``joints``.
    """
    deviation = sigma * STICK_SHARE * size[0] / SIGMA_HEIGHT
    channels = [_nearest(joints, sticks, size) for sticks in STICKS]
    return torch.exp(torch.stack(channels, dim=1) / (-2.0 * deviation**2))


def _nearest(joints: Tensor, sticks: tuple[tuple[int, int], ...], size: tuple[int, int]) -> Tensor:
    """Return squared distances to the nearest stick ``(b, h, w)``, infinite without any."""
    starts, ends = (picked(joints, each)[:, :, None, None] for each in zip(*sticks, strict=True))
    y = torch.arange(size[0], dtype=joints.dtype, device=joints.device)[:, None]
    x = torch.arange(size[1], dtype=joints.dtype, device=joints.device)
    along_x, along_y = (ends - starts).unbind(-1)
    from_x, from_y = x - starts[..., 0], y - starts[..., 1]
    length = (along_x.square() + along_y.square()).clamp_min(1e-12)
    share = ((from_x * along_x + from_y * along_y) / length).clamp(0, 1)
    squared = (from_x - share * along_x).square() + (from_y - share * along_y).square()
    return squared.nan_to_num(torch.inf).amin(dim=1)
