"""The generator: two encoders, skips that carry the source into the target's pose, one decoder."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, cast

import torch
from torch import Tensor, nn

from shared.errors import UsageError, problem
from shared.skeleton import NUM_JOINTS
from train.nets.blocks import Down, Up, initialise
from train.nets.norm import NormName
from train.nets.warp import Aggregation, Sampling, WarpPlan, build_warp_plan, warp_parts

IMAGE_CHANNELS = 3
WARPED_LEVELS = 4
WIDEST = 8
DROPOUT = 0.5
DROPOUT_BLOCKS = 3


@dataclass(frozen=True, kw_only=True)
class GeneratorSettings:
    """What a generator is made of.

    Attributes:
        skips: ``"parts"``: appearance features warped part by part (the paper's). ``"none"``: one
            encoder on source, source pose and target pose with plain skips (its Baseline).
        aggregation: How warped parts meet at a pixel: ``"max"`` or ``"mean"``.
        sampling: ``"nearest"`` (the authors') or ``"bilinear"``, zero outside of the source.
        norm: ``"layer-scalar"``, the authors' own; ``"instance"``, the standard one.
        base_channels: Filters of the first level; deeper ones have up to 8 times as many.
        fidelity: Warp exactly as the authors' code: see :func:`train.nets.warp.build_warp_plan`.
        image_size: (height, width) in pixels.
    """

    skips: Literal["parts", "none"] = "parts"
    aggregation: Aggregation = "max"
    sampling: Sampling = "nearest"
    norm: NormName = "layer-scalar"
    base_channels: int = 64
    fidelity: bool = True
    image_size: tuple[int, int] = (128, 64)

    def __post_init__(self) -> None:
        allowed = {
            "skips": ("parts", "none"),
            "aggregation": ("max", "mean"),
            "sampling": ("nearest", "bilinear"),
            "norm": ("layer-scalar", "instance"),
        }
        for name, values in allowed.items():
            if getattr(self, name) not in values:
                raise UsageError(
                    problem(
                        f"generator {name}", " or ".join(values), getattr(self, name), "choose one"
                    )
                )
        if self.base_channels < 1:
            raise UsageError(
                problem("generator base_channels", "1 or more", self.base_channels, "raise it")
            )
        self._check_image_size()

    def _check_image_size(self) -> None:
        if min(self.image_size) < 1 or self.num_levels < 2:
            raise UsageError(
                problem(
                    "generator image_size",
                    "a longer side of at least 8 pixels",
                    self.image_size,
                    "choose a larger image",
                )
            )
        step = 2 ** (self.num_levels - 1)
        if any(side % step for side in self.image_size):
            raise UsageError(
                problem(
                    "generator image_size",
                    f"height and width that are multiples of {step} ({self.num_levels} levels)",
                    self.image_size,
                    "scale or crop the images to such a size",
                )
            )

    @property
    def num_levels(self) -> int:
        """Feature maps of an encoder: log2 of the longer side (rounded down), less one."""
        return max(self.image_size).bit_length() - 2

    @property
    def filters(self) -> tuple[int, ...]:
        """Channels of each level: 64, 128, 256, 512, 512, ... for 64 base channels."""
        return tuple(self.base_channels * min(2**k, WIDEST) for k in range(self.num_levels))

    @property
    def level_sizes(self) -> tuple[tuple[int, int], ...]:
        """(height, width) of each level, the image's own first."""
        height, width = self.image_size
        return tuple((height >> k, width >> k) for k in range(self.num_levels))


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
