"""Feature maps sampled at places that are learned: bilinear, zero outside, with both gradients.

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


def sample_in_order(maps: Tensor, places: Tensor) -> Tensor:
    """Compute the same by gathers, whose gradients a GPU can add in a fixed order; slower."""
    height, width = maps.shape[2:]
    # Far places are pulled to where all neighbours are outside.
    x, y = places[..., 0].clamp(-2, width + 1), places[..., 1].clamp(-2, height + 1)
    left, top = x.floor(), y.floor()
    total = torch.zeros_like(maps)
    for column, across in ((left, 1 - (x - left)), (left + 1, x - left)):
        for row, down in ((top, 1 - (y - top)), (top + 1, y - top)):
            inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
            number = row.clamp(0, height - 1) * width + column.clamp(0, width - 1)
            numbers = number.long().flatten(1)[:, None].expand(-1, maps.shape[1], -1)
            values = maps.flatten(2).gather(2, numbers).view(maps.shape)
            total = total + values * (across * down * inside)[:, None].to(maps.dtype)
    return total
