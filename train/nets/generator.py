"""The generator: two encoders, skips that carry the source into the target's pose, one decoder."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn

from shared.errors import UsageError, problem
from shared.skeleton import NUM_JOINTS
from train.nets.blocks import Down, Up, initialise
from train.nets.warp import WarpPlan, build_warp_plan, warp_parts
from train.settings.networks import GeneratorSettings, NormName

IMAGE_CHANNELS = 3
WARPED_LEVELS = 4
DROPOUT = 0.5
DROPOUT_BLOCKS = 3


class Encoder(nn.Module):
    """Feature maps of every level: a convolution 3 x 3, then halving blocks.

    Args:
        in_channels: Channels of the input.
        filters: Channels of each level.
        norm: The norm of all blocks but the last, which has none.
    """

    def __init__(self, in_channels: int, filters: Sequence[int], norm: NormName) -> None:
        super().__init__()
        self.first = nn.Conv2d(in_channels, filters[0], 3, padding=1)
        last = len(filters) - 2
        self.blocks = nn.ModuleList(
            Down(before, after, norm if k < last else None)
            for k, (before, after) in enumerate(itertools.pairwise(filters))
        )

    def forward(self, image: Tensor) -> list[Tensor]:
        """Map ``(b, in, H, W)`` to one ``(b, filters[k], H / 2^k, W / 2^k)`` a level."""
        levels = [self.first(image)]
        for block in self.blocks:
            levels.append(block(levels[-1]))
        return levels


class Decoder(nn.Module):
    """From the deepest level's features up to an image, with skips joined on the way.

    Args:
        filters: Channels of each level of one encoder.
        num_encoders: How many encoders' features each level brings.
        norm: The norm of the blocks.
    """

    def __init__(self, filters: Sequence[int], num_encoders: int, norm: NormName) -> None:
        super().__init__()
        below = 0
        blocks = []
        for done, level in enumerate(range(len(filters) - 1, 0, -1)):
            dropout = DROPOUT if done < DROPOUT_BLOCKS else 0.0
            blocks.append(Up(below + num_encoders * filters[level], filters[level], norm, dropout))
            below = filters[level]
        self.blocks = nn.ModuleList(blocks)
        self.activation = nn.ReLU()
        self.last = nn.Conv2d(below + num_encoders * filters[0], IMAGE_CHANNELS, 3, padding=1)

    def forward(self, skips: Sequence[Sequence[Tensor]]) -> Tensor:
        """Map each level's skips to an image ``(b, 3, H, W)`` in [-1, 1]."""
        *inner, deepest = skips
        joined = torch.cat(list(deepest), dim=1)
        for block, skip in zip(self.blocks, reversed(inner), strict=True):
            joined = torch.cat([block(joined), *skip], dim=1)
        return torch.tanh(self.last(self.activation(joined)))


class Generator(nn.Module):
    """Draws the source's person in the target's pose.

    With skips ``"parts"`` an appearance encoder sees the source and its pose, a pose encoder the
    target pose. The appearance features of the first four levels are warped before they are
    joined with the pose features. 61.1 million parameters at 128 x 64.

    Args:
        settings: What it is made of.

    Source: Siarohin et al., CVPR 2018, and the authors' published code.
    """

    def __init__(self, settings: GeneratorSettings) -> None:
        super().__init__()
        self.settings = settings
        appearance_channels = IMAGE_CHANNELS + NUM_JOINTS
        if settings.skips == "none":
            appearance_channels += NUM_JOINTS
        self.appearance = Encoder(appearance_channels, settings.filters, settings.norm)
        self.pose: Encoder | None = None
        if settings.skips == "parts":
            self.pose = Encoder(NUM_JOINTS, settings.filters, settings.norm)
        self.decoder = Decoder(settings.filters, 1 if self.pose is None else 2, settings.norm)
        initialise(self)

    def plan(self, transforms: Tensor, status: Tensor, quads: Tensor) -> tuple[WarpPlan, ...]:
        """Plan the warps of a batch, one a warped level; nothing for skips ``"none"``.

        Args:
            transforms: float ``(b, 10, 2, 3)``, target to source in image pixels.
            status: uint8 ``(b, 10)``, 0 where a part has no transform.
            quads: float ``(b, 10, 4, 2)``, the target's mask quads in image pixels.

        Returns:
            The plans, to be shared by all passes over this batch.
        """
        if self.pose is None:
            return ()
        settings = self.settings
        return tuple(
            build_warp_plan(
                transforms,
                status,
                quads,
                settings.image_size,
                level_size,
                sampling=settings.sampling,
                fidelity=settings.fidelity,
            )
            for level_size in settings.level_sizes[:WARPED_LEVELS]
        )

    def forward(
        self,
        source_image: Tensor,
        source_pose: Tensor,
        target_pose: Tensor,
        plans: Sequence[WarpPlan] = (),
    ) -> Tensor:
        """Draw images.

        Args:
            source_image: ``(b, 3, H, W)`` in [-1, 1].
            source_pose: Heat maps ``(b, 18, H, W)``.
            target_pose: Heat maps ``(b, 18, H, W)``.
            plans: What :meth:`plan` gives for the batch.

        Returns:
            ``(b, 3, H, W)`` in [-1, 1].

        Raises:
            UsageError: The images have another size than the settings say, or plans are missing.
        """
        self._check_input(source_image, plans)
        if self.pose is None:
            everything = torch.cat([source_image, source_pose, target_pose], dim=1)
            return cast(Tensor, self.decoder([[level] for level in self.appearance(everything)]))
        appearance = self.appearance(torch.cat([source_image, source_pose], dim=1))
        for level, plan in enumerate(plans):
            appearance[level] = warp_parts(appearance[level], plan, self.settings.aggregation)
        skips = list(zip(appearance, self.pose(target_pose), strict=True))
        return cast(Tensor, self.decoder(skips))

    def _check_input(self, image: Tensor, plans: Sequence[WarpPlan]) -> None:
        if tuple(image.shape[2:]) != tuple(self.settings.image_size):
            raise UsageError(
                problem(
                    "generator",
                    f"images of {self.settings.image_size}",
                    tuple(image.shape[2:]),
                    "set image_size to the shards' size",
                )
            )
        expected = 0 if self.pose is None else len(self.settings.level_sizes[:WARPED_LEVELS])
        if len(plans) != expected:
            raise UsageError(
                problem("generator", f"{expected} warp plans", len(plans), "pass what plan() gives")
            )
