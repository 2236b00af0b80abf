"""The part warp by a plan of fixed shape: ten entries a pixel, no length that depends on poses.

See :mod:`train.nets.warp` for what is computed; values equal those of the sparse plan. Written in
plain operations without buffers, as a compiler likes them.
"""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from shared.skeleton import NUM_PARTS
from train.nets.fixed_plan import FixedPlan
from train.nets.rows import gather_rows, maps_of, rows_of, sum_runs
from train.settings.networks import Aggregation

NOBODY = 255
"""The winner where zero or nothing won."""


def warp_fixed(features: Tensor, plan: FixedPlan, aggregation: Aggregation) -> Tensor:
    """Warp features ``(b, c, h, w)`` of the plan's size: :func:`train.nets.warp.warp_parts`."""
    function = _WarpMax if aggregation == "max" else _WarpMean
    return cast(Tensor, function.apply(features, plan))


class _WarpMax(torch.autograd.Function):
    """Maximum over parts; the winning part is kept in a byte a value for the backward pass."""

    @staticmethod
    def forward(ctx: Any, features: Tensor, plan: FixedPlan) -> Tensor:
        rows = rows_of(features)
        best = torch.full_like(rows, -torch.inf)
        winner = torch.full_like(rows, NOBODY, dtype=torch.uint8)
        for part in range(NUM_PARTS):
            values, active = _values(rows, plan, part), plan.active[part][:, None]
            # Not "greater": a value that is not a number wins, and is seen in the loss.
            winner = torch.where(active & ~(values <= best), part, winner)
            best = torch.where(active, torch.maximum(values, best), best)
        lost = plan.zero_joins & (best < 0)
        ctx.plan = plan
        ctx.save_for_backward(torch.where(lost, NOBODY, winner))
        return maps_of(torch.where(lost, 0.0, best), plan.shape)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        (winner,) = ctx.saved_tensors
        plan: FixedPlan = ctx.plan
        rows = rows_of(gradient)
        parts = torch.arange(NUM_PARTS, dtype=torch.uint8, device=rows.device)[:, None, None]
        return _to_sources(torch.where(winner == parts, rows, 0.0), plan), None


class _WarpMean(torch.autograd.Function):
    """Sum over parts divided by the number of masks; linear, so nothing is kept."""

    @staticmethod
    def forward(ctx: Any, features: Tensor, plan: FixedPlan) -> Tensor:
        rows = rows_of(features)
        total = torch.zeros_like(rows)
        for part in range(NUM_PARTS):
            total = torch.where(
                plan.active[part][:, None], total + _values(rows, plan, part), total
            )
        ctx.plan = plan
        return maps_of((total / plan.num_masks).to(rows.dtype), plan.shape)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        plan: FixedPlan = ctx.plan
        shares = (rows_of(gradient) / plan.num_masks).to(gradient.dtype)
        return _to_sources(torch.where(plan.active[..., None], shares, 0.0), plan), None


def _values(rows: Tensor, plan: FixedPlan, part: int) -> Tensor:
    weights = None if plan.weights is None else plan.weights[part]
    return gather_rows(rows, plan.rows[part], weights)


def _to_sources(entries: Tensor, plan: FixedPlan) -> Tensor:
    """Sum the gradients of all entries ``(10, n, c)`` into the rows that they were read from."""
    total = sum_runs(entries.flatten(0, 1), plan.order, plan.offsets, plan.order_weights)
    return maps_of(total, plan.shape)
