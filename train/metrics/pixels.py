"""PSNR and L1: distances of images pixel by pixel.

Convention:
    Images are uint8 tensors (n, height, width, 3) on any device; results are float64 (n,).
"""

from __future__ import annotations

import torch
from torch import Tensor

from train.metrics.compared import Compared
from train.metrics.ssim import FULL_RANGE, check_images


def psnr(generated: Tensor, real: Tensor) -> Tensor:
    """Compute the peak signal-to-noise ratio with peak 255.

    Args:
        generated: uint8 (n, height, width, 3).
        real: The same shape.

    Returns:
        float64 (n,), dB; infinite where two images are equal.

    Raises:
        UsageError: Wrong type or unequal shapes.
    """
    check_images(generated, real)
    error = (_differences(generated, real) ** 2).double().mean(1)
    return 10 * torch.log10(FULL_RANGE**2 / error)


def l1(generated: Tensor, real: Tensor) -> Tensor:
    """Compute the mean absolute difference of images scaled to [0, 1].

    Args:
        generated: uint8 (n, height, width, 3).
        real: The same shape.

    Returns:
        float64 (n,), from 0 to 1.

    Raises:
        UsageError: Wrong type or unequal shapes.
    """
    check_images(generated, real)
    return _differences(generated, real).abs().double().mean(1) / FULL_RANGE


def psnr_of_pairs(compared: Compared, _protocol: str) -> Tensor:
    """Return PSNR as the table of scores asks for it."""
    return psnr(compared.images, compared.real)


def l1_of_pairs(compared: Compared, _protocol: str) -> Tensor:
    """Return L1 as the table of scores asks for it."""
    return l1(compared.images, compared.real)


def _differences(generated: Tensor, real: Tensor) -> Tensor:
    return generated.flatten(1).int() - real.flatten(1).int()
