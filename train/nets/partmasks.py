"""Masks of the ten parts at any feature map's resolution, from quads in image pixels.

Convention:
    A feature map smaller than the image by a factor s has p_image = s * p_map + (s - 1) / 2:
    the centre of a map's pixel is the centre of the s x s image pixels that it stands for.
    A map's pixel belongs to a part when that centre lies in the part's quad or on its border.
    With fidelity, as in the authors' code, p_image = s * p_map: the masks of the image, sampled
    at every s-th pixel. The head's centre and half-side are truncated to whole pixels, and its
    far edges, at centre + half-side, are left out.
"""

from __future__ import annotations

import torch
from torch import Tensor

from shared.errors import UsageError, problem
from shared.skeleton import HEAD

DECIMALS = 4
"""Of a pixel; coarser than float32 cuts a corner, finer than a mean of joints is from whole."""


def level_factor(image_size: tuple[int, int], level_size: tuple[int, int]) -> int:
    """Return the whole number by which a feature map is smaller than the image.

    Args:
        image_size: (height, width) in pixels.
        level_size: (height, width) of the feature map.

    Returns:
        The factor s.

    Raises:
        UsageError: The two sides give different factors, or no whole one.
    """
    factor = image_size[0] // max(level_size[0], 1)
    if factor < 1 or (level_size[0] * factor, level_size[1] * factor) != tuple(image_size):
        raise UsageError(
            problem(
                f"feature map of {level_size}",
                f"the image's size {image_size} divided by one whole number",
                "another ratio",
                "choose sides that are multiples of 2 ** (levels - 1)",
            )
        )
    return factor


def part_masks(
    quads: Tensor,
    image_size: tuple[int, int],
    level_size: tuple[int, int],
    *,
    fidelity: bool = False,
) -> Tensor:
    """Tell for every pixel of a feature map which parts cover it.

    The test against an edge is the sign of ex * dy - ey * dx. The two products depend on the row
    alone and on the column alone, so a pixel costs four subtractions a quad. They are made in
    float64: products of float32 corners are exact there, and so are points on a border.

    Args:
        quads: float ``(b, 10, 4, 2)``, corners (x, y) in image pixels, either way around; NaN
            where a part is absent.
        image_size: (height, width) of the image in pixels.
        level_size: (height, width) of the feature map.
        fidelity: As the authors' code; see the module.

    Returns:
        bool ``(b, 10, height, width)`` on the device of ``quads``.
    """
    factor = level_factor(image_size, level_size)
    height, width = level_size
    corners = _with_whole_heads(quads.double()) if fidelity else quads.double()
    edges = (corners.roll(-1, dims=-2) - corners) * _orientation(corners)
    centres = torch.arange(max(height, width), dtype=torch.float64, device=quads.device)
    centres = centres * factor + (0 if fidelity else (factor - 1) / 2)
    down = edges[..., 0:1] * (centres[:height] - corners[..., 1:2])
    across = edges[..., 1:2] * (centres[:width] - corners[..., 0:1])
    worst = down[:, :, 0, :, None] - across[:, :, 0, None, :]
    for side in range(1, 4):
        # The smallest of the four, for numbers are far quicker to combine than truth values.
        torch.minimum(worst, down[:, :, side, :, None] - across[:, :, side, None, :], out=worst)
    return worst >= 0


def _with_whole_heads(quads: Tensor) -> Tensor:
    """Cut the heads' quads in ``(b, 10, 4, 2)`` to the whole pixels of the authors' masks."""
    head = quads[:, HEAD]
    low, high = head.amin(dim=1), head.amax(dim=1)
    # Corners were rounded to float32; a whole number must not fall below itself.
    centre = ((low + high) / 2).round(decimals=DECIMALS).trunc()
    half = ((high - low) / 2).round(decimals=DECIMALS).trunc()
    first, last = centre - half, centre + half - 1
    first = torch.where(half > 0, first, torch.nan)
    (left, top), (right, bottom) = first.unbind(-1), last.unbind(-1)
    corners = [left, top, right, top, right, bottom, left, bottom]
    whole = torch.stack(corners, dim=-1).view(-1, 4, 2)
    return torch.cat([quads[:, :HEAD], whole[:, None], quads[:, HEAD + 1 :]], dim=1)


def _orientation(corners: Tensor) -> Tensor:
    """Return 1 or -1 ``(b, 10, 1, 1)``: the sign that makes the inside of a quad positive."""
    x, y = corners.unbind(dim=-1)
    area = (x * y.roll(-1, dims=-1) - y * x.roll(-1, dims=-1)).sum(dim=-1)
    return torch.where(area < 0, -1.0, 1.0).to(corners.dtype)[..., None, None]
