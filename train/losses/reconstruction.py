"""How far a generated image, or its features, are from the real ones: means of differences."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def l1_loss(generated: Tensor, target: Tensor) -> Tensor:
    """Return the mean absolute difference of two tensors of one shape."""
    return (generated - target).abs().mean()


def perceptual_loss(generated: Sequence[Tensor], real: Sequence[Tensor]) -> Tensor:
    """Return the mean absolute difference of features, summed over layers.

    Args:
        generated: Features ``(b, c, h, w)`` of the generated images, one a layer.
        real: Features of the real images; no gradient flows into them.

    Returns:
        A scalar.
    """
    losses = [l1_loss(a, b.detach()) for a, b in zip(generated, real, strict=True)]
    return torch.stack(losses).sum()
