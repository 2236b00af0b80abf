"""Where every pixel of a warped feature map comes from: built once a batch and level.

On average 1.38 of the ten part masks cover a pixel, so a warp lists the active (pixel, part)
entries instead of warping ten whole maps. The list is shared by all channels and by both passes.

Convention:
    Rows are pixels: a map ``(b, c, h, w)`` is a table of b * h * w rows and c columns, row
    (sample * h + y) * w + x. An entry is active when the part's mask covers the target pixel, the
    part has a transform, and the sample touches the source: its nearest pixel lies inside, or
    one of its four bilinear neighbours does. What touches nothing is 0, as outside of the image.
    Nearest rounds halves away from zero, so -0.5 and width - 0.5 already lie outside.

Layers: layer k holds the k-th active part of every pixel that has more than k, parts in the order
of the skeleton. Layer 0 is dense (pixels without any part are listed as empty), the later ones
are short. So a maximum over parts needs no ten maps: each layer is one gather of rows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from shared.skeleton import NUM_PARTS
from train.nets.partmasks import level_factor, part_masks
from train.settings.networks import Sampling


@dataclass(frozen=True, kw_only=True)
class Taps:
    """The source rows that entries are sampled from.

    Attributes:
        rows: int64 ``(n,)`` for nearest, ``(n, 4)`` for bilinear.
        weights: None for nearest, float32 ``(n, 4)`` for bilinear; 0 outside of the image.
    """

    rows: Tensor
    weights: Tensor | None

    def pick(self, entries: Tensor) -> Taps:
        """Return the entries of these numbers."""
        weights = None if self.weights is None else self.weights.index_select(0, entries)
        return Taps(rows=self.rows.index_select(0, entries), weights=weights)

    def cut(self, begin: int, end: int) -> Taps:
        """Return a run of the entries without a copy."""
        weights = None if self.weights is None else self.weights[begin:end]
        return Taps(rows=self.rows[begin:end], weights=weights)


@dataclass(frozen=True, kw_only=True)
class WarpPlan:
    """How to warp feature maps of one batch at one level.

    Attributes:
        shape: (batch, height, width) of the maps.
        first: Layer 0, one entry a pixel; those of empty pixels mean nothing.
        empty: int64, the pixels without an active part.
        later: Layers 1, 2, ...: their pixels int64 ``(n,)`` and entries.
        num_masks: float32 ``(b * h * w, 1)``, the masks that cover a pixel, at least 1.
        with_zeros: Whether zero takes part in the maximum where not all ten parts are active.
        order: int64, all entries' positions in the stack of layers, sorted by source row.
        offsets: int64 ``(b * h * w + 1,)``, where each source row's run in ``order`` begins.
        order_weights: None, or the taps' weights in that order.
    """

    shape: tuple[int, int, int]
    first: Taps
    empty: Tensor
    later: tuple[tuple[Tensor, Taps], ...]
    num_masks: Tensor
    with_zeros: bool
    order: Tensor
    offsets: Tensor
    order_weights: Tensor | None


def build_warp_plan(
    transforms: Tensor,
    status: Tensor,
    quads: Tensor,
    image_size: tuple[int, int],
    level_size: tuple[int, int],
    *,
    sampling: Sampling = "nearest",
    fidelity: bool = False,
    with_zeros: bool | None = None,
) -> WarpPlan:
    """List the active (pixel, part) entries of a batch at one level.

    How many depends on the poses, so this waits for the device four times; a fixed plan never.

    Args:
        transforms: float ``(b, 10, 2, 3)``, target to source in image pixels.
        status: uint8 ``(b, 10)``, 0 where a part has no transform.
        quads: float ``(b, 10, 4, 2)``, the target's mask quads in image pixels, NaN where absent.
        image_size: (height, width) of the image in pixels.
        level_size: (height, width) of the feature map.
        sampling: ``"nearest"`` or ``"bilinear"``, zero outside of the source.
        fidelity: As the authors' code: masks and transforms follow p_image = s * p_map, heads are
            cut to whole pixels, and the zeros of masked parts take part in the maximum.
        with_zeros: Whether these do; None for what ``fidelity`` says.

    Returns:
        The plan, on the device of ``quads``.

    Raises:
        UsageError: The level's size does not divide the image's.
    """
    shape = (quads.shape[0], *level_size)
    num_pixels = math.prod(shape)
    pixels, parts = _covered(part_masks(quads, image_size, level_size, fidelity=fidelity))
    num_masks = count_values(pixels, num_pixels)
    matrices = level_transforms(transforms, level_factor(image_size, level_size), fidelity=fidelity)
    matrices = matrices.reshape(-1, 6).index_select(0, parts)
    taps, touching = _sample_at(pixels, matrices, level_size, sampling)
    known = (status != 0).flatten().index_select(0, parts)
    kept = (touching & known).nonzero().squeeze(1)
    pixels, taps = pixels.index_select(0, kept), taps.pick(kept)
    ranks, num_active = _ranks(pixels, num_pixels)
    # Figures reach the host in two places only: these lengths, and the lists of non-zeros.
    lengths = [length for length in count_values(ranks, NUM_PARTS).tolist() if length]
    by_rank = ranks.to(torch.uint8).argsort(stable=True)
    pixels, taps = pixels.index_select(0, by_rank), taps.pick(by_rank)
    first, empty = _dense(pixels[: sum(lengths[:1])], taps, num_active)
    order, offsets, order_weights = _by_source(pixels, taps, num_pixels, sum(lengths[:1]))
    return WarpPlan(
        shape=shape,
        first=first,
        empty=empty,
        later=_later(pixels, taps, lengths),
        num_masks=num_masks.clamp_min(1).to(torch.float32)[:, None],
        with_zeros=fidelity if with_zeros is None else with_zeros,
        order=order,
        offsets=offsets,
        order_weights=order_weights,
    )


def level_transforms(transforms: Tensor, factor: float, *, fidelity: bool = False) -> Tensor:
    """Return transforms in pixels of a feature map smaller by a factor.

    With p_image = s p_map + (s - 1) / 2 the matrix M stays and the translation becomes
    t / s + (1 - 1 / s) / 2 * (M 1 - 1); with p_image = s p_map, as the authors have it, t / s.

    Args:
        transforms: float ``(..., 2, 3)`` in image pixels.
        factor: The factor s.
        fidelity: Only divide.

    Returns:
        float64 ``(..., 2, 3)``.
    """
    matrices = transforms.double()
    linear, shift = matrices[..., :2], matrices[..., 2:] / factor
    if not fidelity:
        shift = shift + 0.5 * (1 - 1 / factor) * (linear.sum(dim=-1, keepdim=True) - 1)
    return torch.cat([linear, shift], dim=-1)


def _covered(masks: Tensor) -> tuple[Tensor, Tensor]:
    """List where masks ``(b, 10, h, w)`` hold: the pixels' rows, ascending, and sample * 10 + part.

    Parts ascend within a pixel.
    """
    _, num_parts, height, width = masks.shape
    places = masks.permute(0, 2, 3, 1).reshape(-1).nonzero().squeeze(1)
    pixels = places.div(num_parts, rounding_mode="floor")
    samples = pixels.div(height * width, rounding_mode="floor")
    return pixels, places + (samples - pixels) * num_parts


def _sample_at(
    pixels: Tensor, matrices: Tensor, level_size: tuple[int, int], sampling: Sampling
) -> tuple[Taps, Tensor]:
    """Return the entries' taps and bool ``(n,)``: which entries touch the source.

    Args:
        pixels: int64 ``(n,)``, the target's rows.
        matrices: float64 ``(n, 6)``, each entry's transform in the map's pixels, row by row.
        level_size: (height, width) of the feature map.
        sampling: ``"nearest"`` or ``"bilinear"``.
    """
    height, width = level_size
    lines = pixels.div(width, rounding_mode="floor")
    samples = lines.div(height, rounding_mode="floor")
    target_x, target_y = pixels - lines * width, lines - samples * height
    xx, xy, x0, yx, yy, y0 = matrices.unbind(dim=1)
    x, y = xx * target_x + xy * target_y + x0, yx * target_x + yy * target_y + y0
    return taps_at(x, y, samples * (height * width), level_size, sampling)


def taps_at(
    x: Tensor, y: Tensor, begins: Tensor, level_size: tuple[int, int], sampling: Sampling
) -> tuple[Taps, Tensor]:
    """Return the taps at places of the source and bool ``(n,)``: which of them touch it.

    Args:
        x: float64 ``(n,)``, in the map's pixels.
        y: float64 ``(n,)``.
        begins: int64 ``(n,)``, the first row of each place's sample.
        level_size: (height, width) of the feature map.
        sampling: ``"nearest"`` or ``"bilinear"``.
    """
    height, width = level_size
    if sampling == "nearest":
        column, x_inside = _nearest(x, width)
        row, y_inside = _nearest(y, height)
        return Taps(rows=begins + row * width + column, weights=None), x_inside & y_inside
    columns, x_weights = _neighbours(x, width)
    rows, y_weights = _neighbours(y, height)
    weights = (y_weights[:, :, None] * x_weights[:, None, :]).reshape(-1, 4)
    neighbours = (rows[:, :, None] * width + columns[:, None, :]).reshape(-1, 4)
    taps = Taps(rows=begins[:, None] + neighbours, weights=weights.to(torch.float32))
    return taps, (weights > 0).any(dim=-1)


def _nearest(position: Tensor, length: int) -> tuple[Tensor, Tensor]:
    """Round halves away from zero; positions outside are clamped and reported as such."""
    inside = (position > -0.5) & (position < length - 0.5)
    return (position + 0.5).floor().clamp(0, length - 1).nan_to_num(0.0).long(), inside


def _neighbours(position: Tensor, length: int) -> tuple[Tensor, Tensor]:
    """Return the two neighbours ``(n, 2)`` of positions and their weights, 0 for those outside."""
    # What is not a number lies outside, and so do infinite positions: as the largest numbers there
    # are, they have a floor, and a weight never gets infinite.
    position = position.nan_to_num(-2.0)
    low = position.floor()
    both = torch.stack([low, low + 1], dim=-1)
    share = position - low
    weights = torch.stack([1 - share, share], dim=-1)
    outside = (both < 0) | (both > length - 1)
    return both.clamp(0, length - 1).long(), weights.masked_fill(outside, 0.0)


def count_values(values: Tensor, size: int) -> Tensor:
    """Count how often each of 0 ... size - 1 occurs; integers, so in any order of adding."""
    ones = torch.ones_like(values)
    return torch.zeros(size, dtype=values.dtype, device=values.device).scatter_add_(0, values, ones)


def _ranks(pixels: Tensor, num_pixels: int) -> tuple[Tensor, Tensor]:
    """Number the entries of each pixel from 0; ``pixels`` ascends. Also count them a pixel."""
    counts = count_values(pixels, num_pixels)
    begins = counts.cumsum(0) - counts
    return torch.arange(len(pixels), device=pixels.device) - begins.index_select(0, pixels), counts


def _dense(pixels: Tensor, taps: Taps, num_active: Tensor) -> tuple[Taps, Tensor]:
    """Spread layer 0 over all pixels; return it and the pixels without an active part."""
    num_pixels = len(num_active)
    layer = taps.cut(0, len(pixels))
    if len(pixels) == num_pixels:
        return layer, pixels[:0]
    rows = layer.rows.new_zeros((num_pixels, *layer.rows.shape[1:]))
    rows[pixels] = layer.rows
    weights = None
    if layer.weights is not None:
        weights = layer.weights.new_zeros(rows.shape)
        weights[pixels] = layer.weights
    return Taps(rows=rows, weights=weights), (num_active == 0).nonzero().squeeze(1)


def _later(pixels: Tensor, taps: Taps, lengths: Sequence[int]) -> tuple[tuple[Tensor, Taps], ...]:
    layers = []
    begin = sum(lengths[:1])
    for length in lengths[1:]:
        end = begin + length
        layers.append((pixels[begin:end], taps.cut(begin, end)))
        begin = end
    return tuple(layers)


def _by_source(
    pixels: Tensor, taps: Taps, num_pixels: int, num_first: int
) -> tuple[Tensor, Tensor, Tensor | None]:
    """Sort all taps by source row: the backward pass then sums runs and need not scatter.

    A run is summed by one worker in a fixed order: equal results every time on every device.
    """
    num_later = len(pixels) - num_first
    positions = torch.cat(
        [pixels[:num_first], torch.arange(num_later, device=pixels.device) + num_pixels]
    )
    rows = taps.rows.reshape(-1)
    by_row = rows.to(torch.int32).argsort(stable=True)
    counts = count_values(rows, num_pixels)
    offsets = torch.cat([counts.new_zeros(1), counts.cumsum(0)])
    if taps.weights is None:
        return positions.index_select(0, by_row), offsets, None
    entries = by_row.div(4, rounding_mode="floor")
    weights = taps.weights.reshape(-1).index_select(0, by_row)
    return positions.index_select(0, entries), offsets, weights
