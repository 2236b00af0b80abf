"""The background of a picture, filled in behind the person from what surrounds it.

Pull-push (Gortler et al. 1996): means of what is known are pulled down a pyramid until all is
known, then pushed up again into the gaps.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

SMALLEST_WEIGHT = 1e-6


def filled_in(image: Tensor, known: Tensor) -> Tensor:
    """Fill the unknown part of pictures in.

    Args:
        image: float ``(b, c, h, w)``; what it holds where nothing is known does not matter.
        known: float ``(b, 1, h, w)`` in [0, 1], how much each pixel counts.

    Returns:
        float ``(b, c, h, w)``: the image where ``known`` is 1. Where nothing at all is known
        it is 0.
    """
    levels = [(image * known, known)]
    while max(levels[-1][1].shape[-2:]) > 1:
        levels.append(_pulled(*levels[-1]))
    filled = _normalised(*levels[-1])
    for colours, weights in reversed(levels[:-1]):
        above = F.interpolate(filled, size=colours.shape[-2:], mode="bilinear", align_corners=False)
        share = weights.clamp(0, 1)
        filled = share * _normalised(colours, weights) + (1 - share) * above
    return filled


def _pulled(colours: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """Halve a level: sums of 2 x 2 pixels, with weights that do not grow beyond 1."""
    size = [(side + 1) // 2 for side in weights.shape[-2:]]
    padding = (0, 2 * size[1] - weights.shape[-1], 0, 2 * size[0] - weights.shape[-2])
    colours = 4 * F.avg_pool2d(F.pad(colours, padding), 2)
    weights = 4 * F.avg_pool2d(F.pad(weights, padding), 2)
    shrink = 1 / weights.clamp(min=1)
    return colours * shrink, weights * shrink


def _normalised(colours: Tensor, weights: Tensor) -> Tensor:
    return colours / weights.clamp(min=SMALLEST_WEIGHT)
