"""What the generator and the discriminator are made of; nothing here imports torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from shared.errors import UsageError, problem

NormName = Literal["layer-scalar", "instance"]
Aggregation = Literal["max", "mean"]
Sampling = Literal["nearest", "bilinear"]

WIDEST = 8
"""The widest level has so many times the filters of the first one."""


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


@dataclass(frozen=True, kw_only=True)
class DiscriminatorSettings:
    """What a discriminator is made of.

    Attributes:
        kind: ``"concat"``: both images and both poses are one input.
        norm: ``"layer-scalar"``, the authors' own; ``"instance"``, the standard one.
        base_channels: Filters of the first convolution; the others have 2, 4 and 8 times as many.
    """

    kind: Literal["concat"] = "concat"
    norm: NormName = "layer-scalar"
    base_channels: int = 64

    def __post_init__(self) -> None:
        if self.kind != "concat":
            raise UsageError(problem("discriminator kind", "concat", self.kind, "choose it"))
        if self.norm not in ("layer-scalar", "instance"):
            raise UsageError(
                problem("discriminator norm", "layer-scalar or instance", self.norm, "choose one")
            )
        if self.base_channels < 1:
            raise UsageError(
                problem("discriminator base_channels", "1 or more", self.base_channels, "raise it")
            )
