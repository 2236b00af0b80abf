"""The nearest-neighbour loss: a generated pixel may match any real one close by.

Source: Siarohin et al., CVPR 2018, equation 7, on features of VGG-19.
"""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from shared.errors import UsageError, problem

MAX_WINDOW = 15


def nearest_neighbour_loss(
    generated_features: Tensor, real_features: Tensor, window: int = 3
) -> Tensor:
    """Give the mean distance of generated pixels to their nearest real neighbours.

    For each pixel of the generated features it is the smallest channel-summed absolute difference
    to the N x N pixels around the same place in the real features, then the mean over pixels.

    Convention:
        Outside of the image never wins. On a tie the neighbour that comes first in reading order
        wins. With a window of 1 it is the L1 distance summed over channels.

    Args:
        generated_features: float ``(b, c, h, w)``.
        real_features: float ``(b, c, h, w)``; no gradient flows into them.
        window: The odd side N of the neighbourhood in pixels: 3 for Market, 5 for fashion.

    Returns:
        A scalar.

    Raises:
        UsageError: Two shapes, or a window that is not odd.
    """
    if window % 2 != 1 or not 0 < window <= MAX_WINDOW:
        raise UsageError(
            problem("nearest-neighbour window", "1, 3, 5, ... 15", window, "choose an odd number")
        )
    if generated_features.shape != real_features.shape:
        raise UsageError(
            problem(
                "nearest-neighbour loss",
                f"real features of {tuple(generated_features.shape)}",
                tuple(real_features.shape),
                "compare features of one layer",
            )
        )
    loss = _Nearest.apply(generated_features, real_features.detach(), window)
    return cast(Tensor, loss)


class _Nearest(torch.autograd.Function):
    """A running minimum over the shifts; the winner is kept as one byte a pixel."""

    @staticmethod
    def forward(ctx: Any, generated: Tensor, real: Tensor, window: int) -> Tensor:
        best, winner = _minimum(generated, real, window)
        ctx.window = window
        ctx.save_for_backward(generated, real, winner)
        return best.mean()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        generated, real, winner = ctx.saved_tensors
        batch, channels, height, width = generated.shape
        nearest = _winning_places(winner, ctx.window)
        chosen = _rows(real).index_select(0, nearest)
        torch.sub(_rows(generated), chosen, out=chosen)
        chosen.sign_().mul_(gradient / winner.numel())
        return chosen.view(batch, height, width, channels).permute(0, 3, 1, 2), None, None


def _minimum(generated: Tensor, real: Tensor, window: int) -> tuple[Tensor, Tensor]:
    """Give the smallest distance ``(b, h, w)`` and the number of the shift that has it."""
    batch, _, height, width = generated.shape
    best = generated.new_full((batch, height, width), torch.inf, dtype=torch.float32)
    winner = torch.zeros((batch, height, width), dtype=torch.uint8, device=generated.device)
    for number in range(window * window):
        down, right = number // window - window // 2, number % window - window // 2
        here = _overlap(down, height), _overlap(right, width)
        there = _overlap(-down, height), _overlap(-right, width)
        gap = generated[:, :, here[0], here[1]] - real[:, :, there[0], there[1]]
        distance = gap.abs_().sum(dim=1, dtype=best.dtype)
        mine = best[:, here[0], here[1]]
        winner[:, here[0], here[1]].masked_fill_(distance < mine, number)
        torch.minimum(mine, distance, out=mine)
    return best, winner


def _overlap(shift: int, length: int) -> slice:
    """Where a line of pixels has a neighbour ``shift`` further on."""
    return slice(max(0, -shift), min(length, length - shift))


def _winning_places(winner: Tensor, window: int) -> Tensor:
    """Give the winners as rows of the table of all pixels, int64 ``(b * h * w,)``."""
    _, _, width = winner.shape
    number = winner.long()
    down = number.div(window, rounding_mode="floor") - window // 2
    right = number % window - window // 2
    own = torch.arange(winner.numel(), device=winner.device)
    return own + (down * width + right).reshape(-1)


def _rows(maps: Tensor) -> Tensor:
    return maps.permute(0, 2, 3, 1).reshape(-1, maps.shape[1])
