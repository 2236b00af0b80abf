"""Skips ``"none"``: features go to the decoder as they are, from one encoder that sees all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from torch import Tensor

from train.nets.guidance import Guidance
from train.nets.skips.skip import Skip, Skipped


class PlainSkip(Skip):
    """Leaves features where they are.

    Source: the Baseline of Siarohin et al., CVPR 2018.
    """

    encodes_target: ClassVar[bool] = False

    def prepare(self, guidance: Guidance) -> None:
        """Prepare nothing."""

    def forward(self, features: Sequence[Tensor], prepared: None) -> Skipped:
        """Return the features."""
        return Skipped(levels=features)
