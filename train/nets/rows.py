"""Feature maps seen as tables: one row a pixel, one column a channel.

Convention:
    Row (sample * height + y) * width + x holds pixel (x, y) of a sample. Tables suit gathers: a
    pixel's channels lie side by side. Maps in ``channels_last`` order are tables already.
"""

from __future__ import annotations

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
