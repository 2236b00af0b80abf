"""Sharpness: how strong the edges inside the person are, beside those of the real picture.

Convention:
    Grey is .299 R + .587 G + .114 B. The gradient at a pixel is the central difference, half of
    right less left and half of below less above; pixels of the picture's border have none. Inside
    is where the mask of the target's pose is True. Blur lowers it, noise and ghosts raise it: it
    says how strong edges are, not that they are right.

Source: ours.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from shared.errors import UsageError, problem
from train.metrics.compared import Compared
from train.metrics.ssim import check_images

GREY: Final = (0.299, 0.587, 0.114)


def edge_strength(images: Tensor, masks: Tensor) -> Tensor:
    """Return the mean gradient magnitude of grey inside of masks.

    Args:
        images: uint8 (n, height, width, 3).
        masks: bool (n, height, width).

    Returns:
        float64 (n,), grey levels a pixel; 0 where a mask has no pixel off the border.

    Raises:
        UsageError: Wrong type, or the masks have another size.
    """
    check_images(images, images)
    if images.shape[:3] != masks.shape:
        expected = f"shape {tuple(images.shape[:3])}"
        raise UsageError(problem("masks", expected, tuple(masks.shape), "draw them anew"))
    grey = images.double() @ torch.tensor(GREY, dtype=torch.float64, device=images.device)
    across = (grey[:, 1:-1, 2:] - grey[:, 1:-1, :-2]) / 2
    down = (grey[:, 2:, 1:-1] - grey[:, :-2, 1:-1]) / 2
    inside = masks[:, 1:-1, 1:-1]
    total = (torch.hypot(across, down) * inside).sum((1, 2))
    return total / inside.sum((1, 2)).clamp(min=1)


def edges_of_pairs(compared: Compared, _protocol: str) -> tuple[Tensor, Tensor]:
    """Return the edge strengths of the images and of the real ones, as the table asks for them."""
    assert compared.masks is not None  # no plan asks for it without target poses
    masks = compared.masks
    return edge_strength(compared.images, masks), edge_strength(compared.real, masks)
