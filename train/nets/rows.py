"""Feature maps seen as tables, one row a pixel, one column a channel, and sums of their rows.

Convention:
    Row (sample * height + y) * width + x holds pixel (x, y) of a sample. Tables suit gathers: a
    pixel's channels lie side by side. Maps in ``channels_last`` order are tables already.
"""

from __future__ import annotations

import torch
from torch import Tensor


def rows_of(maps: Tensor) -> Tensor:
    """See ``(b, c, h, w)`` as ``(b * h * w, c)``: no copy when channels come last in memory."""
    batch, channels, height, width = maps.shape
    if maps.device.type != "cpu" or not maps.is_contiguous():
        return maps.permute(0, 2, 3, 1).reshape(-1, channels)
    # On a CPU torch transposes matrices four times as fast as it permutes tensors.
    rows = maps.new_empty((batch, height * width, channels))
    for one_rows, one_map in zip(rows, maps.flatten(2), strict=True):
        one_rows.copy_(one_map.t())
    return rows.flatten(0, 1)


def maps_of(rows: Tensor, shape: tuple[int, int, int]) -> Tensor:
    """See ``(b * h * w, c)`` as ``(b, c, h, w)``, in ``channels_last`` order, without a copy.

    Args:
        rows: The table.
        shape: (batch, height, width).
    """
    return rows.view(*shape, rows.shape[1]).permute(0, 3, 1, 2)


def sum_runs(rows: Tensor, indices: Tensor, offsets: Tensor, weights: Tensor | None) -> Tensor:
    """Sum runs of (weighted) rows: an embedding bag, which every device sums in order.

    Args:
        rows: The table ``(n, c)``.
        indices: int64, all runs' rows, one run after the other.
        offsets: int64, where each run begins, and the end of the last one.
        weights: None, or a factor for each of ``indices``.
    """
    if weights is not None:
        weights = weights.to(rows.dtype)
    return torch.embedding_bag(
        rows.contiguous(),
        indices,
        offsets,
        mode=0,
        per_sample_weights=weights,
        include_last_offset=True,
    )[0]


def gather_rows(rows: Tensor, numbers: Tensor, weights: Tensor | None) -> Tensor:
    """Sample a table: one row an entry, or the weighted sum of four.

    Args:
        rows: The table ``(n, c)``.
        numbers: int64 ``(m,)``, or ``(m, 4)`` with weights.
        weights: None, or ``(m, 4)``.
    """
    if weights is None:
        return rows.index_select(0, numbers)
    flat = numbers.reshape(-1)
    offsets = torch.arange(0, len(flat) + 1, 4, device=rows.device)
    return sum_runs(rows, flat, offsets, weights.reshape(-1))
