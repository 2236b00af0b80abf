"""Skips ``"flow"`` and ``"parts+flow"``: every level's features move by learned offsets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from train.nets.blocks import initialise
from train.nets.guidance import Guidance
from train.nets.partmasks import level_factor
from train.nets.sampling import pixel_grid, sample_at
from train.nets.skips.parts import PartSkip, Plans
from train.nets.skips.skip import Skip, Skipped, offsets_name
from train.settings.networks import GeneratorSettings

HIDDEN = 32
"""Channels between the two convolutions that predict offsets."""


class OffsetNetwork(nn.Module):
    """Predicts an offset for every pixel of a level, from its features and both poses.

    Two convolutions 3 x 3; the second begins at zero, and so do the offsets.

    Args:
        in_channels: Of features and both poses together.
    """

    def __init__(self, in_channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(in_channels, HIDDEN, 3, padding=1)
        self.activation = nn.LeakyReLU(0.2)
        self.last = nn.Conv2d(HIDDEN, 2, 3, padding=1)
        initialise(self)
        nn.init.zeros_(self.last.weight)

    def forward(self, features: Tensor, poses: Tensor) -> Tensor:
        """Return offsets (x, y) in the level's pixels, float32 ``(b, 2, h, w)``."""
        joined = torch.cat([features, poses.to(features.dtype)], dim=1)
        offsets: Tensor = self.last(self.activation(self.first(joined)))
        return offsets.float()


class OffsetNetworks(nn.Module):
    """One network a level; moves the features of all levels.

    Args:
        settings: Of the generator.
    """

    def __init__(self, settings: GeneratorSettings) -> None:
        super().__init__()
        self.levels = nn.ModuleList(
            OffsetNetwork(channels + 2 * settings.pose_channels) for channels in settings.filters
        )

    def forward(self, features: Sequence[Tensor], poses: Sequence[Tensor]) -> Skipped:
        """Move every level; the offsets are extras, ``offsets_0`` those of the image's own size."""
        moved, extras = [], {}
        for level, (network, maps) in enumerate(zip(self.levels, features, strict=True)):
            offsets = network(maps, poses[level])
            grid = pixel_grid((maps.shape[2], maps.shape[3]), maps.device)
            moved.append(sample_at(maps, grid + offsets.permute(0, 2, 3, 1)))
            extras[offsets_name(level)] = offsets
        return Skipped(levels=moved, extras=extras)


class FlowSkip(Skip):
    """Moves the features of every level by offsets that a small network predicts.

    Samples bilinearly, zero outside of the source; the poses are averaged down to each level. The
    offsets begin at zero. A loss may keep them smooth (:mod:`train.losses.offsets`).

    Source: appearance flow in pose transfer; this form of it is ours.
    """

    def __init__(self, settings: GeneratorSettings) -> None:
        super().__init__(settings)
        self.offsets = OffsetNetworks(settings)

    def prepare(self, guidance: Guidance) -> tuple[Tensor, ...]:
        """Return both poses at the size of every level.

        Raises:
            UsageError: The guidance belongs to images of another size than the settings'.
        """
        self.check_size(guidance)
        return poses_at_levels(guidance, self.settings)

    def forward(self, features: Sequence[Tensor], prepared: Sequence[Tensor]) -> Skipped:
        """Move all levels."""
        moved: Skipped = self.offsets(features, prepared)
        return moved


@dataclass(frozen=True, kw_only=True)
class PlansAndPoses:
    """What part and flow skips share over a batch.

    Attributes:
        plans: Of the part warps.
        poses: Both poses at the size of every level.
    """

    plans: Plans
    poses: tuple[Tensor, ...]


class PartFlowSkip(Skip):
    """Warps part by part, then moves what came out by learned offsets, zero at the start.

    So it begins as the part skips, and learns what rigid parts miss. The offsets reach the deeper
    levels too, which no part warp moves.

    Source: ours.
    """

    def __init__(self, settings: GeneratorSettings) -> None:
        super().__init__(settings)
        self.parts = PartSkip(settings)
        self.offsets = OffsetNetworks(settings)

    def prepare(self, guidance: Guidance) -> PlansAndPoses:
        """Plan the part warps and bring both poses to every level's size.

        Raises:
            UsageError: The guidance belongs to images of another size than the settings'.
        """
        plans = self.parts.prepare(guidance)
        return PlansAndPoses(plans=plans, poses=poses_at_levels(guidance, self.settings))

    def forward(self, features: Sequence[Tensor], prepared: PlansAndPoses) -> Skipped:
        """Warp the parts of the first levels, then move all levels."""
        warped = self.parts(features, prepared.plans)
        moved: Skipped = self.offsets(warped.levels, prepared.poses)
        return moved


def poses_at_levels(guidance: Guidance, settings: GeneratorSettings) -> tuple[Tensor, ...]:
    """Return source and target pose in one tensor a level, averaged down to its size."""
    both = torch.cat([guidance.source_pose, guidance.target_pose], dim=1)
    factors = (level_factor(guidance.image_size, size) for size in settings.level_sizes)
    return tuple(F.avg_pool2d(both, factor) if factor > 1 else both for factor in factors)
