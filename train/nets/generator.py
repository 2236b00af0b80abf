"""The generator: two encoders, skips that carry the source into the target's pose, one decoder."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from train.nets.blocks import Down, Up, initialise
from train.nets.drawing_network import Drawing, DrawingNetwork
from train.nets.guidance import Guidance
from train.nets.kinds import make_skip
from train.settings.networks import GeneratorSettings, NormName

IMAGE_CHANNELS = 3
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


class Generator(DrawingNetwork):
    """Draws the source's person in the target's pose.

    With skips ``"parts"`` an appearance encoder sees the source and its pose, a pose encoder the
    target pose, with background conditioning also what shall be behind it. The appearance
    features of the first four levels are warped before they are joined with the pose features.
    61.1 million parameters at 128 x 64.

    Args:
        settings: What it is made of.

    Convention:
        An image whose sides do not halve to the last level is padded by its edge pixels, right and
        below, so that no coordinate moves; what is drawn is cut back.

    Source: Siarohin et al., CVPR 2018, and the authors' published code.
    """

    def __init__(self, settings: GeneratorSettings) -> None:
        super().__init__(settings)
        skip = make_skip(settings)
        appearance_channels = IMAGE_CHANNELS + settings.pose_channels
        if not skip.encodes_target:
            appearance_channels += settings.target_channels
        self.appearance = Encoder(appearance_channels, settings.filters, settings.norm)
        self.pose: Encoder | None = None
        if skip.encodes_target:
            self.pose = Encoder(settings.target_channels, settings.filters, settings.norm)
        self.decoder = Decoder(settings.filters, 1 if self.pose is None else 2, settings.norm)
        initialise(self)
        # Last, for a skip that learns begins as it wants to.
        self.skip = skip

    def prepare(self, guidance: Guidance) -> Any:
        """Compute what all passes over a batch share, whatever the skips need: warp plans.

        A pure function of the guidance. On CUDA nothing in it waits for the device.
        """
        return self.skip.prepare(self._padded(guidance))

    def forward(
        self, source_image: Tensor, guidance: Guidance, prepared: Any | None = None
    ) -> Drawing:
        """Draw images.

        Args:
            source_image: ``(b, 3, H, W)`` in [-1, 1].
            guidance: The poses of source and target, and how the parts move.
            prepared: What :meth:`prepare` returned for this guidance; None computes it here.

        Raises:
            UsageError: The images have another size than the settings say.
        """
        self.check_size(source_image)
        if prepared is None:
            prepared = self.prepare(guidance)
        guidance = self._padded(guidance)
        seen = [pad_at_far_edges(source_image, self.settings.padded_size), guidance.source_pose]
        if self.pose is None:
            seen.append(guidance.target_seen)
        skipped = self.skip(self.appearance(torch.cat(seen, dim=1)), prepared)
        brought = [skipped.levels]
        if self.pose is not None:
            brought.append(self.pose(guidance.target_seen))
        image = cast(Tensor, self.decoder(list(zip(*brought, strict=True))))
        height, width = self.settings.image_size
        return Drawing(image=image[..., :height, :width], extras=skipped.extras)

    def _padded(self, guidance: Guidance) -> Guidance:
        """Return guidance whose poses have the networks' size; joints and quads stay in place."""
        size = self.settings.padded_size
        if size == tuple(self.settings.image_size) or guidance.image_size == size:
            return guidance
        maps = {name: getattr(guidance, name) for name in ("source_pose", "target_pose")}
        if guidance.background.shape[1]:
            maps["background"] = guidance.background
        padded = {name: pad_at_far_edges(each, size) for name, each in maps.items()}
        return dataclasses.replace(guidance, **padded)


def pad_at_far_edges(maps: Tensor, size: tuple[int, int]) -> Tensor:
    """Repeat the last row and column of ``(b, c, h, w)`` until the maps have a size."""
    below, right = size[0] - maps.shape[2], size[1] - maps.shape[3]
    return F.pad(maps, (0, right, 0, below), mode="replicate") if below or right else maps
