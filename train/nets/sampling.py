"""Maps sampled bilinearly, with gradients to the maps and to the places.

The part warp (:mod:`train.nets.warp`) samples at places that are known beforehand and sends its
gradient to the features alone; this one sends it to the places too.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from train.nets.constants import constant


def pixel_grid(size: tuple[int, int], device: torch.device) -> Tensor:
    """Return the places (x, y) of all pixels of a map, float32 ``(h, w, 2)``; centres are whole."""
    height, width = size
    y = torch.arange(height, dtype=torch.float32, device=device)
    x = torch.arange(width, dtype=torch.float32, device=device)
    return torch.stack([x.expand(height, width), y[:, None].expand(height, width)], dim=-1)


def sample_at(maps: Tensor, places: Tensor) -> Tensor:
    """Sample maps at one place for every pixel.

    Convention:
        Places are (x, y) in the map's pixels, whole at the centres. Outside of the map is 0.

    Args:
        maps: float ``(b, c, h, w)``.
        places: float32 ``(b, h, w, 2)``, finite.

    Returns:
        ``(b, c, h, w)`` of the dtype of ``maps``.
    """
    if maps.is_cuda and torch.are_deterministic_algorithms_enabled():
        return sample_in_order(maps, places)
    height, width = maps.shape[2:]
    scale = constant((2 / width, 2 / height), places.dtype, places.device)
    grid = (places + 0.5) * scale - 1
    found = F.grid_sample(
        maps.to(places.dtype), grid, mode="bilinear", padding_mode="zeros", align_corners=False
    )
    return found.to(maps.dtype)


def sample_parts(maps: Tensor, grid: Tensor) -> Tensor:
    """Sample maps once for each part, the border repeated outside.

    Args:
        maps: float ``(b, c, H, W)``.
        grid: Places ``(b, k, h, w, 2)`` of the dtype of ``maps``, x and y from -1 to 1 between the
            outer edges of the maps.

    Returns:
        ``(b, c, k, h, w)``.
    """
    batch, parts, height, width, _ = grid.shape
    # One long picture holds all parts: one call samples them.
    long = grid.reshape(batch, parts * height, width, 2)
    if maps.is_cuda and torch.are_deterministic_algorithms_enabled():
        found = sample_border_in_order(maps, long)
    else:
        found = F.grid_sample(maps, long, padding_mode="border", align_corners=False)
    return found.view(batch, maps.shape[1], parts, height, width)


def sample_border_in_order(maps: Tensor, grid: Tensor) -> Tensor:
    """Sample at grids ``(b, h, w, 2)`` as :func:`sample_in_order` does, the border repeated."""
    height, width = maps.shape[2:]
    x = (((grid[..., 0] + 1) * width - 1) / 2).clamp(0, width - 1)
    y = (((grid[..., 1] + 1) * height - 1) / 2).clamp(0, height - 1)
    return sample_in_order(maps, torch.stack([x, y], dim=-1))


def sample_in_order(maps: Tensor, places: Tensor) -> Tensor:
    """Compute :func:`sample_at` by gathers, whose gradients a GPU adds in a fixed order; slower."""
    height, width = maps.shape[2:]
    # Far places are pulled to where all neighbours are outside.
    x, y = places[..., 0].clamp(-2, width + 1), places[..., 1].clamp(-2, height + 1)
    left, top = x.floor(), y.floor()
    total = maps.new_zeros(*maps.shape[:2], *x.shape[1:])
    for column, across in ((left, 1 - (x - left)), (left + 1, x - left)):
        for row, down in ((top, 1 - (y - top)), (top + 1, y - top)):
            inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
            number = row.clamp(0, height - 1) * width + column.clamp(0, width - 1)
            numbers = number.long().flatten(1)[:, None].expand(-1, maps.shape[1], -1)
            values = maps.flatten(2).gather(2, numbers).view(total.shape)
            total = total + values * (across * down * inside)[:, None].to(maps.dtype)
    return total
