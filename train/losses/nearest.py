"""The nearest-neighbour loss: a generated pixel may match any real pixel near it.

Source: Siarohin et al., CVPR 2018, equation 7, on features of VGG-19.
"""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from shared.errors import UsageError, problem
from train.nets.rows import maps_of, rows_of

MAX_WINDOW = 15


def nearest_neighbour_loss(
    generated_features: Tensor, real_features: Tensor, window: int = 3
) -> Tensor:
    """Return the mean distance of generated pixels to their nearest real neighbours.

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
        batch, _, height, width = generated.shape
        shape = (batch, height, width, -1)
        rows, real_rows = rows_of(generated), rows_of(real)
        best, winner = _minimum(rows.view(shape), real_rows.view(shape), window)
        ctx.shape = (batch, height, width)
        ctx.window = window
        ctx.save_for_backward(rows, real_rows, winner)
        return best.mean()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        rows, real_rows, winner = ctx.saved_tensors
        result = real_rows.index_select(0, _winning_rows(winner, ctx.window))
        torch.sub(rows, result, out=result)
        result.sign_().mul_(gradient / winner.numel())
        return maps_of(result, ctx.shape), None, None


def _minimum(generated: Tensor, real: Tensor, window: int) -> tuple[Tensor, Tensor]:
    """Return the smallest distance ``(b, h, w)`` and the number of the shift that has it.

    Args:
        generated: ``(b, h, w, c)``.
        real: ``(b, h, w, c)``.
        window: The side N of the neighbourhood.
    """
    shape = generated.shape[:3]
    exact = torch.promote_types(generated.dtype, torch.float32)
    best = generated.new_full(shape, torch.inf, dtype=exact)
    winner = torch.zeros(shape, dtype=torch.uint8, device=generated.device)
    buffer = torch.empty_like(generated, memory_format=torch.contiguous_format).flatten()
    for number, (down, right) in enumerate(_shifts(window)):
        here = (slice(None), _overlap(down, shape[1]), _overlap(right, shape[2]))
        there = (slice(None), _overlap(-down, shape[1]), _overlap(-right, shape[2]))
        a, b = generated[here], real[there]
        # One buffer for all shifts: fresh memory costs more than the arithmetic.
        gap = torch.sub(a, b, out=buffer[: a.numel()].view(a.shape))
        distance = gap.abs_().sum(dim=-1, dtype=exact)
        # Numbers ascend, so the larger one is the later winner.
        better = torch.lt(distance, best[here]).view(torch.uint8).mul_(number)
        torch.maximum(winner[here], better, out=winner[here])
        torch.minimum(best[here], distance, out=best[here])
    return best, winner


def _shifts(window: int) -> list[tuple[int, int]]:
    """List a neighbourhood's (down, right) in reading order."""
    reach = range(-(window // 2), window // 2 + 1)
    return [(down, right) for down in reach for right in reach]


def _overlap(shift: int, length: int) -> slice:
    """Return where a line of pixels has a neighbour ``shift`` further on; maybe nowhere."""
    return slice(min(max(0, -shift), length), max(min(length, length - shift), 0))


def _winning_rows(winner: Tensor, window: int) -> Tensor:
    """Return the winners as rows of the table of all pixels, int64 ``(b * h * w,)``."""
    width, last = winner.shape[2], winner.numel() - 1
    # Made on the device: a list from the host would have to be waited for.
    reach = torch.arange(window, device=winner.device) - window // 2
    ways = (reach[:, None] * width + reach).flatten()
    way = ways.index_select(0, winner.flatten().int())
    # Where no distance was finite nobody won: the gradient may be NaN, but no index may fail.
    return way.add_(torch.arange(last + 1, device=winner.device)).clamp_(0, last)
