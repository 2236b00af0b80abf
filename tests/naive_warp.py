"""The ten-map warp that the sparse one must equal: every part warps a whole map, then they meet.

Written with grid_sample from the definition; nothing of the code under test but the masks' and
transforms' definition is used, in other words here too.
"""

from __future__ import annotations

import itertools

import torch
import torch.nn.functional as F
from torch import Tensor


def naive_masks(
    quads: Tensor,
    image_size: tuple[int, int],
    level_size: tuple[int, int],
    fidelity: bool = False,
) -> Tensor:
    """Bool (b, 10, h, w): the sign of the cross product with every edge, pixel by pixel."""
    height, width = level_size
    factor = image_size[0] / height
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    points = torch.stack([x, y], dim=-1).double() * factor
    points = points if fidelity else points + (factor - 1) / 2
    corners = quads.double()[:, :, None, None]
    edges = corners.roll(-1, dims=-2) - corners
    to_point = points[None, None, :, :, None, :] - corners
    cross = edges[..., 0] * to_point[..., 1] - edges[..., 1] * to_point[..., 0]
    masks = (cross >= 0).all(-1) | (cross <= 0).all(-1)
    if fidelity:
        masks[:, 1] = naive_heads(quads[:, 1], points)
    return masks


def naive_heads(quads: Tensor, points: Tensor) -> Tensor:
    """The authors' head masks (b, h, w): a slice from centre - half to centre + half."""
    masks = torch.zeros((len(quads), *points.shape[:2]), dtype=torch.bool)
    for mask, quad in zip(masks, quads.double(), strict=True):
        if not torch.isfinite(quad).all():
            continue
        centre = [int(round(float(value), 4)) for value in (quad[0] + quad[2]) / 2]
        halves = [int(round(float(value), 4)) for value in (quad[2] - quad[0]) / 2]
        for (row, column), (x, y) in zip(
            itertools.product(range(mask.shape[0]), range(mask.shape[1])),
            points.reshape(-1, 2).tolist(),
            strict=True,
        ):
            mask[row, column] = all(
                c - half <= value < c + half
                for c, half, value in zip(centre, halves, (x, y), strict=True)
            )
    return masks


def naive_level_transforms(transforms: Tensor, factor: float, fidelity: bool) -> Tensor:
    """The translation of a smaller map, from three points taken there and back."""
    matrices = transforms.double().clone()
    if fidelity:
        matrices[..., 2] /= factor
        return matrices
    offset = (factor - 1) / 2
    points = torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]], dtype=torch.float64)
    image_points = points * factor + offset
    mapped = matrices[..., :2] @ image_points.T + matrices[..., 2:]
    mapped = (mapped - offset) / factor
    origin = mapped[..., 0:1]
    return torch.cat([mapped[..., 1:] - origin, origin], dim=-1)


def naive_grid(matrices: Tensor, level_size: tuple[int, int]) -> Tensor:
    """grid_sample's grid (b, 10, h, w, 2) with align_corners, of level transforms."""
    height, width = level_size
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    target = torch.stack([x, y, torch.ones_like(x)], dim=-1).to(matrices)
    source = torch.einsum("bpij,hwj->bphwi", matrices, target)
    extent = torch.tensor([max(width - 1, 1), max(height - 1, 1)]).to(source)
    return 2 * source / extent - 1


def naive_warp(
    features: Tensor,
    transforms: Tensor,
    status: Tensor,
    quads: Tensor,
    image_size: tuple[int, int],
    *,
    sampling: str = "nearest",
    aggregation: str = "max",
    fidelity: bool = False,
) -> Tensor:
    """Warp (b, c, h, w) by ten whole maps."""
    batch, channels, *level_size = features.shape
    height, width = level_size
    masks = naive_masks(quads, image_size, (height, width), fidelity)
    matrices = naive_level_transforms(transforms, image_size[0] / height, fidelity)
    grid = naive_grid(matrices, (height, width)).to(features).reshape(-1, height, width, 2)
    tiled = features[:, None].expand(-1, 10, -1, -1, -1).reshape(-1, channels, height, width)
    maps = F.grid_sample(tiled, grid, mode=sampling, align_corners=True)
    touched = F.grid_sample(torch.ones_like(tiled[:, :1]), grid, mode=sampling, align_corners=True)
    maps = maps.view(batch, 10, channels, height, width)
    touched = touched.view(batch, 10, height, width) > 0
    active = masks & touched & (status != 0)[:, :, None, None]
    maps = maps * active[:, :, None]
    if aggregation == "mean":
        return maps.sum(1) / masks.sum(1).clamp_min(1)[:, None]
    if not fidelity:
        maps = maps.masked_fill(~active[:, :, None], -torch.inf)
    best = maps.max(dim=1).values
    return best.masked_fill(best == -torch.inf, 0.0)
