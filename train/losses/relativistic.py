"""Relativistic pairing with zero-centred gradient penalties on real (R1) and fake (R2) images.

Each generated image is judged against the real image of the same pair: the discriminator wants
the real one's logit above the generated one's, the generator the reverse. Without penalties the
game does not settle; with both it does.

Source: Jolicoeur-Martineau 2019; Huang et al. 2024 (R3GAN, arXiv 2501.05441).
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

Judge = Callable[[Tensor], Tensor]
"""Images ``(b, 3, H, W)`` to logits ``(b, ...)``, conditions already in it."""

DEVIATION = 0.05
"""Deviation of the noise of the finite difference; less drowns in bfloat16."""


def discriminator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Return the discriminator's loss: log loss of real above fake, place by place."""
    return F.softplus(fake_logits - real_logits).mean()


def generator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Return the generator's loss: log loss of fake above real, place by place."""
    return F.softplus(real_logits - fake_logits).mean()


def gradient_penalty(judge: Judge, images: Tensor) -> Tensor:
    """Return half the mean squared norm of the gradient of the summed logits to the images.

    Differentiable once more. Weight it by gamma: R1 on real images, R2 on generated ones.

    Args:
        judge: The discriminator under its conditions; samples do not meet in it.
        images: ``(b, 3, H, W)``; any history of theirs is cut off.

    Returns:
        A scalar.
    """
    images = images.detach().requires_grad_(True)
    (slope,) = torch.autograd.grad(judge(images).sum(), images, create_graph=True)
    return slope.square().flatten(1).sum(dim=1).mean() / 2


def lazy_weight(step: int, every: int) -> float:
    """Return what to multiply a penalty with in a step that is computed only every few steps.

    Returns:
        ``every`` in the steps 0, every, 2 every, ..., else 0: the mean over steps stays.
    """
    return float(every) if step % every == 0 else 0.0


def finite_difference_penalty(
    judge: Judge, images: Tensor, noise: Tensor, deviation: float = DEVIATION
) -> Tensor:
    """Return a penalty whose mean over the noise is that of :func:`gradient_penalty`.

    It needs no second derivative, so a compiled or a fused discriminator can take it. For small
    deviations (D(x + s e) - D(x))^2 is s^2 (e . grad D)^2, the mean of which is s^2 |grad D|^2.

    Args:
        judge: The discriminator under its conditions; samples do not meet in it.
        images: ``(b, 3, H, W)``; any history of theirs is cut off.
        noise: Standard normal, of the images' shape.
        deviation: How far the two images lie apart, per pixel value.

    Returns:
        A scalar.
    """
    images = images.detach()
    here, beside = (
        judge(each).flatten(1).sum(dim=1) for each in (images, images + deviation * noise)
    )
    return ((beside - here) / deviation).square().mean() / 2
