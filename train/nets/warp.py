"""The part warp: source features moved into the target's pose, part by part, then combined.

    plan = build_warp_plan(transforms, status, quads, (128, 64), (32, 16))
    warped = warp_parts(features, plan)

Which parts take part in the maximum at a pixel:
    * with fidelity (the plan says so) all ten, as in the authors' code: masked parts and samples
      outside of the source count as 0, so a warped skip is never negative;
    * without, only the active ones (see :mod:`train.nets.warp_plan`): features may be negative,
      and where nothing is active the result is 0.
The mean is the sum divided by the number of masks that cover the pixel, in both cases.
On a tie the earlier part wins, and a part wins over a masked zero.

Fidelity is to what the authors' network computes, not to all that their code does. On purpose:
    * the gradient here is that of the forward pass, exactly; theirs warped the gradient by the
      inverse matrix, which is no adjoint;
    * pictures are rounded to uint8 (:func:`train.data.batch.unscaled`); theirs were truncated, so
      that 20 of 256 levels of a round trip lose one grey level;
    * a head whose points allow no fit has no transform; theirs was NaN or of rank 1.

Gradients reach the features only. Their sums run in a fixed order on every device, so that equal
inputs give equal gradients. No pass waits for the device. A plan has one of three forms: sparse
(:mod:`train.nets.warp_plan`), the quick one on a CPU, whose lengths depend on the poses; of fixed
shape (:mod:`train.nets.fixed_plan`); or the latter without a way back, for exported graphs. All
give the same values.
"""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from shared.errors import UsageError, problem
from shared.skeleton import NUM_PARTS
from train.nets.fixed_plan import FixedPlan, ForwardPlan
from train.nets.fixed_warp import warp_fixed
from train.nets.plain_warp import warp_plain
from train.nets.rows import gather_rows, maps_of, rows_of, sum_runs
from train.nets.warp_plan import WarpPlan, build_warp_plan
from train.settings.networks import Aggregation

__all__ = ["WarpPlan", "build_warp_plan", "warp_parts"]


def warp_parts(
    features: Tensor, plan: WarpPlan | ForwardPlan, aggregation: Aggregation = "max"
) -> Tensor:
    """Warp source features into the target's pose.

    Args:
        features: float ``(b, c, h, w)`` of the size that the plan was built for. Memory in
            ``channels_last`` order saves two copies.
        plan: Where the pixels come from.
        aggregation: ``"max"`` or ``"mean"`` over the parts.

    Returns:
        ``(b, c, h, w)`` of the same dtype, in ``channels_last`` order.

    Raises:
        UsageError: The features have another size than the plan.
    """
    batch, height, width = plan.shape
    if (features.shape[0], *features.shape[2:]) != plan.shape:
        raise UsageError(
            problem(
                "part warp",
                f"features of ({batch}, c, {height}, {width})",
                tuple(features.shape),
                "build the plan for this batch and level",
            )
        )
    if isinstance(plan, FixedPlan):
        return warp_fixed(features, plan, aggregation)
    if isinstance(plan, ForwardPlan):
        return warp_plain(features, plan, aggregation)
    function = _WarpMax if aggregation == "max" else _WarpMean
    return cast(Tensor, function.apply(features, plan))


class _WarpMax(torch.autograd.Function):
    """Maximum over parts; the winner's layer is kept in a byte a value for the backward pass."""

    @staticmethod
    def forward(ctx: Any, features: Tensor, plan: WarpPlan) -> Tensor:
        rows = rows_of(features)
        result = _first_layer(rows, plan)
        winner = torch.zeros(result.shape, dtype=torch.uint8, device=result.device)
        for layer, (pixels, taps) in enumerate(plan.later, start=1):
            values, best = (
                gather_rows(rows, taps.rows, taps.weights),
                result.index_select(0, pixels),
            )
            # Layers come in ascending order: of two winners the later one has the larger number.
            better = torch.gt(values, best).view(torch.uint8).mul_(layer)
            result.index_copy_(0, pixels, torch.maximum(values, best, out=best))
            winner.index_copy_(0, pixels, torch.maximum(winner.index_select(0, pixels), better))
        if plan.with_zeros:
            _join_zeros(result, winner, plan)
        ctx.plan = plan
        ctx.save_for_backward(winner)
        return maps_of(result, plan.shape)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        (winner,) = ctx.saved_tensors
        plan: WarpPlan = ctx.plan
        rows = rows_of(gradient)
        stack = rows.new_empty((_stack_length(plan), rows.shape[1]))
        begin = len(rows)
        # Compared into numbers at once: torch is ten times as slow by way of truth values.
        torch.eq(winner, 0, out=stack[:begin]).mul_(rows)
        for layer, (pixels, _) in enumerate(plan.later, start=1):
            end = begin + len(pixels)
            torch.eq(winner.index_select(0, pixels), layer, out=stack[begin:end])
            stack[begin:end].mul_(rows.index_select(0, pixels))
            begin = end
        return maps_of(_sum_by_source(stack, plan), plan.shape), None


class _WarpMean(torch.autograd.Function):
    """Sum over parts divided by the number of masks; linear, so nothing is kept."""

    @staticmethod
    def forward(ctx: Any, features: Tensor, plan: WarpPlan) -> Tensor:
        rows = rows_of(features)
        result = _first_layer(rows, plan)
        for pixels, taps in plan.later:
            values = gather_rows(rows, taps.rows, taps.weights).add_(result.index_select(0, pixels))
            result.index_copy_(0, pixels, values)
        ctx.plan = plan
        return maps_of(result.div_(plan.num_masks), plan.shape)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        plan: WarpPlan = ctx.plan
        rows = rows_of(gradient)
        stack = rows.new_empty((_stack_length(plan), rows.shape[1]))
        begin = len(rows)
        stack[:begin] = rows / plan.num_masks
        for pixels, _ in plan.later:
            end = begin + len(pixels)
            torch.index_select(stack[: len(rows)], 0, pixels, out=stack[begin:end])
            begin = end
        return maps_of(_sum_by_source(stack, plan), plan.shape), None


def _first_layer(rows: Tensor, plan: WarpPlan) -> Tensor:
    return gather_rows(rows, plan.first.rows, plan.first.weights).index_fill_(0, plan.empty, 0.0)


def _join_zeros(result: Tensor, winner: Tensor, plan: WarpPlan) -> None:
    """Let zero take part wherever fewer than ten parts are active: it beats a negative maximum."""
    full = plan.later[-1][0] if len(plan.later) == NUM_PARTS - 1 else plan.empty[:0]
    kept, kept_winner = result.index_select(0, full), winner.index_select(0, full)
    # 0 or 255 in every byte: minus one, in bytes. Far quicker than to fill by a mask.
    winner.bitwise_or_(torch.lt(result, 0).view(torch.uint8).neg_())
    result.clamp_min_(0)
    result.index_copy_(0, full, kept)
    winner.index_copy_(0, full, kept_winner)


def _sum_by_source(stack: Tensor, plan: WarpPlan) -> Tensor:
    """Sum the gradients of all entries into the source rows that they were read from."""
    return sum_runs(stack, plan.order, plan.offsets, plan.order_weights)


def _stack_length(plan: WarpPlan) -> int:
    batch, height, width = plan.shape
    return batch * height * width + sum(len(pixels) for pixels, _ in plan.later)
