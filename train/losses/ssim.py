"""Structural similarity as a loss, over whole pictures or inside of masks.

Source: Wang et al. 2004.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from train.nets.constants import constant

WINDOW = 7
SIGMA = 1.5
K1, K2 = 0.01, 0.03

GREY = (0.299, 0.587, 0.114)


def ssim_loss(
    generated: Tensor,
    target: Tensor,
    *,
    window: int = WINDOW,
    sigma: float = SIGMA,
    grey: bool = True,
) -> Tensor:
    """Return 1 - SSIM, the mean over the places where the window lies inside the picture.

    Args:
        generated: float ``(b, 3, H, W)`` in [-1, 1].
        target: The same shape; no gradient flows into it.
        window: Side of the Gaussian window in pixels.
        sigma: Its deviation in pixels.
        grey: Whether to compare luminance alone, a third of the cost.

    Returns:
        A scalar in [0, 2].
    """
    return 1 - ssim_map(generated, target, window=window, sigma=sigma, grey=grey).mean()


def part_ssim_loss(
    generated: Tensor,
    target: Tensor,
    masks: Tensor,
    *,
    window: int = WINDOW,
    sigma: float = SIGMA,
    grey: bool = True,
) -> Tensor:
    """Return 1 - SSIM inside each part's mask, the mean over the parts that are there.

    Small parts, head and arms, count as much as the torso.

    Args:
        generated: float ``(b, 3, H, W)`` in [-1, 1].
        target: The same shape; no gradient flows into it.
        masks: float ``(b, k, H, W)`` in [0, 1].
        window: Side of the Gaussian window in pixels.
        sigma: Its deviation in pixels.
        grey: Whether to compare luminance alone.

    Returns:
        A scalar in [0, 2]; 0 where all masks are empty.
    """
    similarity = ssim_map(generated, target, window=window, sigma=sigma, grey=grey)
    margin = window // 2
    inner = masks[:, :, margin : masks.shape[2] - margin, margin : masks.shape[3] - margin]
    area = inner.sum(dim=(2, 3))
    lost = (inner * (1 - similarity.mean(dim=1, keepdim=True))).sum(dim=(2, 3))
    there = area > 0
    return (lost / area.clamp(min=1e-6) * there).sum() / there.sum().clamp(min=1)


def ssim_map(
    generated: Tensor,
    target: Tensor,
    *,
    window: int = WINDOW,
    sigma: float = SIGMA,
    grey: bool = True,
) -> Tensor:
    """Return the similarity ``(b, 1 or 3, H - window + 1, W - window + 1)`` at every place."""
    # On [0, 1]: about zero, as images in [-1, 1] are, the term of the means would not be SSIM's.
    x, y = (generated + 1) / 2, (target.detach() + 1) / 2
    if grey:
        weights = constant(GREY, x.dtype, x.device).view(1, 3, 1, 1)
        x, y = (x * weights).sum(1, keepdim=True), (y * weights).sum(1, keepdim=True)
    blurred = _blurred(torch.stack([x, y, x * x + y * y, x * y]), window, sigma)
    mean_x, mean_y, energy, product = blurred
    c1, c2 = K1**2, K2**2
    squares, both = mean_x.square() + mean_y.square(), mean_x * mean_y
    luminance = (2 * both + c1) / (squares + c1)
    structure: Tensor = (2 * (product - both) + c2) / (energy - squares + c2)
    similarity: Tensor = luminance * structure
    return similarity


def gaussian(window: int, sigma: float, like: Tensor) -> Tensor:
    """Return the normalised weights ``(window,)`` of a Gaussian, symmetric about its middle."""
    steps = torch.arange(window, dtype=like.dtype, device=like.device) - (window - 1) / 2
    weights = torch.exp(-steps.square() / (2 * sigma**2))
    return weights / weights.sum()


def _blurred(maps: Tensor, window: int, sigma: float) -> Tensor:
    """Blur maps ``(..., H, W)`` along both axes, the valid part only."""
    weights = gaussian(window, sigma, maps)
    if maps.device.type != "cpu":
        return blurred_by_products(maps, weights)
    flat = maps.reshape(-1, 1, *maps.shape[-2:])
    flat = F.conv2d(F.conv2d(flat, weights.view(1, 1, -1, 1)), weights.view(1, 1, 1, -1))
    return flat.view(*maps.shape[:-2], *flat.shape[-2:])


def blurred_by_products(maps: Tensor, weights: Tensor) -> Tensor:
    """Blur maps ``(..., H, W)`` by products with banded matrices.

    A GPU rounds a convolution's float32 to 10 bits (TF32). A variance is the small difference of
    two means, and would drown in that; products of matrices are left in float32.

    Args:
        maps: The maps.
        weights: ``(window,)``.

    Returns:
        The valid part, ``(..., H - window + 1, W - window + 1)``.
    """
    down, across = (_band(weights, length) for length in maps.shape[-2:])
    return down @ maps @ across.mT


def _band(weights: Tensor, length: int) -> Tensor:
    """Return the matrix ``(length - window + 1, length)`` whose rows hold the weights, shifted."""
    rows = length - len(weights) + 1
    band = weights.new_zeros((rows, length + 1))
    # Row k begins k places further on: as one line, each begins length + 1 after the one before.
    band[:, : len(weights)] = weights
    return band.flatten()[: rows * length].view(rows, length)
