"""The smoothness of learned offsets: neighbouring pixels should come from neighbouring places."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def offset_roughness(levels: Sequence[Tensor]) -> Tensor:
    """Return the mean absolute difference of neighbouring offsets, summed over levels.

    Neighbours are the pixels beside and below. Offsets count in pixels of their own level, so that
    the same flow is equally rough at every level.

    Args:
        levels: Offsets ``(b, 2, h, w)``, one a level.

    Returns:
        A scalar.

    Source: the smoothness term of learned flow in pose transfer; the sum over levels is ours.
    """
    return torch.stack([_roughness(offsets) for offsets in levels]).sum()


def _roughness(offsets: Tensor) -> Tensor:
    down = (offsets[..., 1:, :] - offsets[..., :-1, :]).abs()
    across = (offsets[..., 1:] - offsets[..., :-1]).abs()
    # A level of one pixel has no neighbours, and nothing of it is rough.
    return (down.sum() + across.sum()) / max(1, down.numel() + across.numel())
