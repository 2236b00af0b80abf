"""What the generator and the discriminator are made of; nothing here imports torch."""

from __future__ import annotations

from typing import Literal

from shared.declarations import declared, setting
from shared.errors import UsageError, problem
from shared.quantities import Size

NormName = Literal["layer-scalar", "instance"]
Aggregation = Literal["max", "mean"]
Sampling = Literal["nearest", "bilinear"]

WIDEST = 8
"""The widest level has so many times the filters of the first one."""


@declared("Generator")
class GeneratorSettings:
    """What a generator is made of; sizes are (height, width) in pixels."""

    skips: Literal["parts", "none", "layers"] = setting(
        default="parts",
        help="parts: appearance features warped part by part (the paper's); none: one encoder on "
        "source, source pose and target pose with plain skips (its Baseline); layers: warped "
        "pixels of the source, selected pixel by pixel (ours).",
    )
    aggregation: Aggregation = setting(default="max", help="How warped parts meet at a pixel.")
    sampling: Sampling = setting(
        default="nearest", help="nearest (the authors') or bilinear, zero outside of the source."
    )
    norm: NormName = setting(
        default="layer-scalar", help="layer-scalar, the authors' own; instance, the standard one."
    )
    base_channels: int = setting(
        default=64,
        ge=1,
        le=512,
        flag="--channels",
        help="Filters of the first level (papers: 64); deeper ones have up to 8 times as many.",
    )
    fidelity: bool = setting(
        default=True,
        help="Warp exactly as the authors' code: see train.nets.warp.build_warp_plan.",
    )
    attention_heads: int = setting(
        default=4,
        ge=0,
        le=64,
        since="0.2",
        help="Of the layers' attention to the source, a divisor of 4 times the base channels; 0 "
        "leaves it out.",
    )
    image_size: Size = setting(
        default=(128, 64), ge=1, le=4096, help="Size of the images; it is that of the shards."
    )

    def __post_init__(self) -> None:
        self._check_image_size()
        if self.attention_heads and 4 * self.base_channels % self.attention_heads:
            raise UsageError(
                problem(
                    "generator.attention_heads",
                    f"a divisor of {4 * self.base_channels}, 4 times the base channels",
                    self.attention_heads,
                    "choose another number of either",
                )
            )

    def _check_image_size(self) -> None:
        if self.num_levels < 2:
            raise UsageError(
                problem(
                    "generator.image_size",
                    "a longer side of at least 8 pixels",
                    self.image_size,
                    "choose a larger image",
                )
            )
        step = 2 ** (self.num_levels - 1)
        if any(side % step for side in self.image_size):
            raise UsageError(
                problem(
                    "generator.image_size",
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


@declared("Discriminator")
class DiscriminatorSettings:
    """What a discriminator is made of."""

    kind: Literal["concat", "patch"] = setting(
        default="concat",
        help="concat: both images and both poses are one input; patch: overlapping patches of 52 "
        "pixels and the target pose, under spectral norm.",
    )
    norm: NormName = setting(
        default="layer-scalar", help="layer-scalar, the authors' own; instance, the standard one."
    )
    base_channels: int = setting(
        default=64,
        ge=1,
        le=512,
        flag="--channels",
        help="Filters of the first convolution; the others have 2, 4 and 8 times as many.",
    )
