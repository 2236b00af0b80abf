"""Heat maps of the joints, drawn on the training device: smooth, or as the authors' code."""

from __future__ import annotations

import torch
from torch import Tensor

SIGMA_HEIGHT = 128
"""The image height in pixels at which ``sigma`` counts as it is given."""


def pose_maps(joints: Tensor, size: tuple[int, int], sigma: float = 6.0) -> Tensor:
    """Draw one Gaussian a joint: exp(-d^2 / 2 sigma^2) with d the distance to the joint.

    A two-dimensional Gaussian is the outer product of two one-dimensional ones, so a map costs
    height + width exponentials and one multiplication a pixel.

    Convention:
        Pixel centres lie on integers. A joint outside of the image still throws its tail into it.
        An absent joint gives a map of zeros. ``sigma`` grows with the image: 6 px at a height of
        128 px are 12 px at 256.

    Args:
        joints: float ``(b, 18, 2)``, (x, y) in pixels, NaN where absent.
        size: (height, width) of the maps in pixels.
        sigma: Deviation in pixels at a height of 128.

    Returns:
        ``(b, 18, height, width)`` in [0, 1], of the dtype and on the device of ``joints``.

    Source: Siarohin et al. 2018, section 3.
    """
    height, width = size
    deviation = sigma * height / SIGMA_HEIGHT
    present = torch.isfinite(joints).all(dim=-1, keepdim=True)
    across = _gaussian(joints[..., 0:1], width, deviation)
    down = _gaussian(joints[..., 1:2], height, deviation)
    # One factor is enough to blank an absent joint, once NaN is gone from both.
    down = torch.where(present, down, 0.0)
    across = torch.where(present, across, 0.0)
    return down[..., :, None] * across[..., None, :]


def _gaussian(centre: Tensor, length: int, deviation: float) -> Tensor:
    return torch.exp(_squared_gap(centre, length) / (-2.0 * deviation**2))


def floored_pose_maps(joints: Tensor, size: tuple[int, int], sigma: float = 6.0) -> Tensor:
    """Draw the authors' heat maps: exp(floor(-d^2 / 2 sigma^2)), 1 only at the joint itself.

    Their code divides whole numbers, so that a map has steps: at 6 px .368 out to 8 px, then .135
    and so on. So the networks of the papers were trained, whatever the papers' formula says.

    Convention:
        Joints are moved to the nearest whole pixel, as they are in the published files. An absent
        joint gives a map of zeros. ``sigma`` is in pixels whatever the image's size.

    Args:
        joints: float ``(b, 18, 2)``, (x, y) in pixels, NaN where absent.
        size: (height, width) of the maps in pixels.
        sigma: Deviation in pixels.

    Returns:
        ``(b, 18, height, width)`` in [0, 1], of the dtype and on the device of ``joints``.

    Source: the authors' published code (``fidelity``).
    """
    height, width = size
    present = torch.isfinite(joints).all(dim=-1)[..., None, None]
    whole = (joints + 0.5).floor()
    across = _squared_gap(whole[..., 0:1], width)[..., None, :]
    down = _squared_gap(whole[..., 1:2], height)[..., :, None]
    maps = torch.exp(torch.floor((across + down) / (-2.0 * sigma**2)))
    return torch.where(present, maps, 0.0)


def _squared_gap(centre: Tensor, length: int) -> Tensor:
    positions = torch.arange(length, dtype=centre.dtype, device=centre.device)
    return (positions - centre).square()
