"""Skips ``"parts"``: the first levels' features are warped part by part, then combined."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

import torch
from torch import Tensor

from train.nets.fixed_plan import ForwardPlan, build_fixed_plan, build_forward_plan
from train.nets.guidance import Guidance
from train.nets.skips.skip import Skip, Skipped
from train.nets.warp import WarpPlan, build_warp_plan, warp_parts

WARPED_LEVELS = 4

Plans = tuple[WarpPlan | ForwardPlan, ...]


class PartSkip(Skip):
    """Warps the first four levels by the ten parts' transforms; deeper ones pass as they are.

    Attributes:
        has_masks: Whether a mask may leave out pixels, so that zeros may take part in a maximum.
        plain: Whether it warps in plain operations, forwards alone, as an exported graph does.

    Source: Siarohin et al., CVPR 2018, and the authors' published code.
    """

    has_masks: ClassVar[bool] = True
    plain: bool = False

    def prepare(self, guidance: Guidance) -> Plans:
        """Plan the warps of a batch, one a warped level.

        On a CPU the plans are sparse. On any other device they are of fixed shape: no operation
        here or in the passes waits for the device, so that a step can be captured.

        Raises:
            UsageError: The guidance belongs to images of another size than the settings'.
        """
        self.check_size(guidance)
        settings = self.settings
        return tuple(
            self._build(guidance.device)(
                guidance.transforms,
                guidance.status,
                guidance.quads,
                settings.padded_size,
                level_size,
                sampling=settings.sampling,
                fidelity=settings.fidelity,
                with_zeros=settings.fidelity and self.has_masks,
            )
            for level_size in settings.level_sizes[:WARPED_LEVELS]
        )

    def _build(self, device: torch.device) -> Callable[..., WarpPlan | ForwardPlan]:
        if self.plain:
            return build_forward_plan
        return build_warp_plan if device.type == "cpu" else build_fixed_plan

    def forward(self, features: Sequence[Tensor], prepared: Plans) -> Skipped:
        """Warp the levels that have a plan."""
        levels = list(features)
        for level, plan in enumerate(prepared):
            levels[level] = warp_parts(levels[level], plan, self.settings.aggregation)
        return Skipped(levels=levels)
