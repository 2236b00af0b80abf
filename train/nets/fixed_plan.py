"""Plans of fixed shape: every part has an entry at every pixel, whether it takes part or not.

Shapes depend on the batch's and the level's size alone, and nothing is looked at on the host: a
plan is built without waiting for the device, and a captured or compiled step may hold one. It
moves more rows than a sparse plan (:mod:`train.nets.warp_plan`), ten a pixel and not one or two,
so a CPU takes the sparse one.

Convention:
    Entry (part, pixel) has number part * n + pixel with n = b * h * w; rows are numbered as in the
    sparse plan. An entry that is not active reads its own pixel's row, where it does no harm: the
    forward pass leaves it out and the backward pass adds 0.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

import torch
from torch import Tensor

from shared.skeleton import NUM_PARTS
from train.nets.partmasks import level_factor, part_masks
from train.nets.warp_plan import Taps, count_values, level_transforms, taps_at
from train.settings.networks import Sampling


@dataclass(frozen=True, kw_only=True)
class ForwardPlan:
    """How to warp feature maps of one batch at one level, in ten entries a pixel: forwards alone.

    Attributes:
        shape: (batch, height, width) of the maps.
        rows: int64 ``(10, n)`` for nearest, ``(10, n, 4)`` for bilinear, the source rows.
        weights: None for nearest, float32 ``(10, n, 4)`` for bilinear.
        active: bool ``(10, n)``, whether the part takes part at the pixel.
        zero_joins: bool ``(n, 1)``, where zero takes part in the maximum.
        num_masks: float32 ``(n, 1)``, the masks that cover a pixel, at least 1.
    """

    shape: tuple[int, int, int]
    rows: Tensor
    weights: Tensor | None
    active: Tensor
    zero_joins: Tensor
    num_masks: Tensor


@dataclass(frozen=True, kw_only=True)
class FixedPlan(ForwardPlan):
    """The same, with what the way back needs.

    Attributes:
        order: int64, all taps' entries, sorted by source row.
        offsets: int64 ``(n + 1,)``, where each source row's run in ``order`` begins.
        order_weights: None, or the taps' weights in that order.
    """

    order: Tensor
    offsets: Tensor
    order_weights: Tensor | None


def build_fixed_plan(
    transforms: Tensor,
    status: Tensor,
    quads: Tensor,
    image_size: tuple[int, int],
    level_size: tuple[int, int],
    *,
    sampling: Sampling = "nearest",
    fidelity: bool = False,
    with_zeros: bool | None = None,
) -> FixedPlan:
    """Lay out all (part, pixel) entries of a batch at one level, without waiting for the device.

    Args and errors are those of :func:`train.nets.warp_plan.build_warp_plan`.

    Returns:
        The plan, on the device of ``quads``.
    """
    plan = build_forward_plan(
        transforms,
        status,
        quads,
        image_size,
        level_size,
        sampling=sampling,
        fidelity=fidelity,
        with_zeros=with_zeros,
    )
    order, offsets, order_weights = _by_source(plan.rows, plan.weights, math.prod(plan.shape))
    forwards = {field.name: getattr(plan, field.name) for field in fields(plan)}
    return FixedPlan(**forwards, order=order, offsets=offsets, order_weights=order_weights)


def build_forward_plan(
    transforms: Tensor,
    status: Tensor,
    quads: Tensor,
    image_size: tuple[int, int],
    level_size: tuple[int, int],
    *,
    sampling: Sampling = "nearest",
    fidelity: bool = False,
    with_zeros: bool | None = None,
) -> ForwardPlan:
    """Lay out the same entries without the way back: nothing is sorted, so a graph may hold it."""
    shape = (quads.shape[0], *level_size)
    num_pixels = math.prod(shape)
    masks = part_masks(quads, image_size, level_size, fidelity=fidelity).transpose(0, 1)
    matrices = level_transforms(transforms, level_factor(image_size, level_size), fidelity=fidelity)
    taps, touching = _sample_everywhere(matrices.transpose(0, 1), level_size, sampling)
    known = (status != 0).t()[:, :, None, None]
    active = masks & known & touching.view(masks.shape)
    active = active.reshape(NUM_PARTS, num_pixels)
    rows, weights = _harmless(taps, active)
    with_zeros = fidelity if with_zeros is None else with_zeros
    zero_joins = ~(active.all(dim=0) if with_zeros else active.any(dim=0))
    num_masks = masks.sum(dim=0).reshape(num_pixels, 1)
    return ForwardPlan(
        shape=shape,
        rows=rows,
        weights=weights,
        active=active,
        zero_joins=zero_joins[:, None],
        num_masks=num_masks.clamp_min(1).to(torch.float32),
    )


def _sample_everywhere(
    matrices: Tensor, level_size: tuple[int, int], sampling: Sampling
) -> tuple[Taps, Tensor]:
    """Return the taps of all 10 * n entries and which of them touch the source.

    Args:
        matrices: float64 ``(10, b, 2, 3)`` in the map's pixels.
        level_size: (height, width) of the feature map.
        sampling: ``"nearest"`` or ``"bilinear"``.
    """
    height, width = level_size
    num_parts, batch = matrices.shape[:2]
    device = matrices.device
    target_y = torch.arange(height, device=device)[:, None]
    target_x = torch.arange(width, device=device)
    begins = torch.arange(batch, device=device)[:, None, None] * (height * width)
    begins = begins.expand(num_parts, batch, height, width).reshape(-1)
    xx, xy, x0, yx, yy, y0 = matrices.reshape(num_parts, batch, 6, 1, 1).unbind(dim=2)
    x, y = xx * target_x + xy * target_y + x0, yx * target_x + yy * target_y + y0
    return taps_at(x.reshape(-1), y.reshape(-1), begins, level_size, sampling)


def _harmless(taps: Taps, active: Tensor) -> tuple[Tensor, Tensor | None]:
    """Let entries that are not active read their own pixel, with weights of 0."""
    own = torch.arange(active.shape[1], device=active.device)
    if taps.weights is None:
        return torch.where(active, taps.rows.view(active.shape), own), None
    shape = (*active.shape, 4)
    rows = torch.where(active[..., None], taps.rows.view(shape), own[:, None])
    return rows, torch.where(active[..., None], taps.weights.view(shape), 0.0)


def _by_source(
    rows: Tensor, weights: Tensor | None, num_pixels: int
) -> tuple[Tensor, Tensor, Tensor | None]:
    """Sort all taps by source row; a run is summed by one worker in a fixed order."""
    flat = rows.reshape(-1)
    order = flat.to(torch.int32).argsort(stable=True)
    counts = count_values(flat, num_pixels)
    offsets = torch.cat([counts.new_zeros(1), counts.cumsum(0)])
    if weights is None:
        return order, offsets, None
    in_order = weights.reshape(-1).index_select(0, order)
    return order.div(4, rounding_mode="floor"), offsets, in_order
