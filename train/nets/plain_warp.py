"""The part warp in plain operations, forwards alone: what an exported graph computes.

See :mod:`train.nets.warp` for what is computed. Values equal those of :mod:`train.nets.fixed_warp`;
there is no gradient code of ours in it, no buffer, and no loop over samples.
"""

from __future__ import annotations

import torch
from torch import Tensor

from shared.skeleton import NUM_PARTS
from train.nets.fixed_plan import ForwardPlan
from train.nets.rows import maps_of
from train.settings.networks import Aggregation


def warp_plain(features: Tensor, plan: ForwardPlan, aggregation: Aggregation) -> Tensor:
    """Warp features ``(b, c, h, w)`` of the plan's size: :func:`train.nets.warp.warp_parts`."""
    rows = features.permute(0, 2, 3, 1).reshape(-1, features.shape[1])
    combined = _maximum(rows, plan) if aggregation == "max" else _mean(rows, plan)
    return maps_of(combined, plan.shape)


def _maximum(rows: Tensor, plan: ForwardPlan) -> Tensor:
    best = torch.full_like(rows, -torch.inf)
    for part in range(NUM_PARTS):
        values = torch.maximum(_values(rows, plan, part), best)
        best = torch.where(plan.active[part][:, None], values, best)
    return torch.where(plan.zero_joins & (best < 0), 0.0, best)


def _mean(rows: Tensor, plan: ForwardPlan) -> Tensor:
    total = torch.zeros_like(rows)
    for part in range(NUM_PARTS):
        values = total + _values(rows, plan, part)
        total = torch.where(plan.active[part][:, None], values, total)
    return total / plan.num_masks


def _values(rows: Tensor, plan: ForwardPlan, part: int) -> Tensor:
    """Sample the rows for one part at every pixel."""
    numbers = plan.rows[part]
    if plan.weights is None:
        return rows.index_select(0, numbers)
    taken = rows.index_select(0, numbers.reshape(-1)).view(*numbers.shape, rows.shape[1])
    return (taken * plan.weights[part][..., None]).sum(dim=1)
