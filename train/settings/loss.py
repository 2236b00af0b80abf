"""What the generator is asked for."""

from __future__ import annotations

from typing import Literal

from shared.declarations import declared, setting
from shared.errors import UsageError, problem

AdversarialKind = Literal["vanilla", "hinge", "least-squares"]
Features = Literal["vgg", "pixels"]

LARGEST_WEIGHT = 1_000_000_000


@declared("Loss")
class LossSettings:
    """What the generator is asked for; a weight of 0 leaves a term out."""

    adversarial: AdversarialKind = setting(default="vanilla", help="The game between the networks.")
    adversarial_weight: float = setting(
        default=1.0, ge=0, le=LARGEST_WEIGHT, help="Weight of the generator's side of it."
    )
    l1_weight: float = setting(
        default=0.0,
        ge=0,
        le=LARGEST_WEIGHT,
        help="Weight of the mean absolute difference of pixels in [-1, 1].",
    )
    perceptual_weight: float = setting(
        default=0.0, ge=0, le=LARGEST_WEIGHT, help="Weight of the L1 difference of features."
    )
    perceptual_layers: tuple[str, ...] = setting(
        default=("block2_conv1",), help="Layers of VGG-19 that it compares."
    )
    nearest_weight: float = setting(
        default=0.0,
        ge=0,
        le=LARGEST_WEIGHT,
        help="Weight of the nearest-neighbour loss, a sum over channels.",
    )
    nearest_layer: str = setting(
        default="block1_conv2", help="The layer of VGG-19 that it compares."
    )
    nearest_window: int = setting(
        default=3, ge=1, le=15, unit="px", help="Side of its neighbourhood in pixels, odd."
    )
    offsets_weight: float = setting(
        default=0.0,
        ge=0,
        le=LARGEST_WEIGHT,
        since="0.2",
        help="Weight of the roughness of learned offsets, on every level; with flow skips only.",
    )
    ssim_weight: float = setting(
        default=0.0,
        ge=0,
        le=LARGEST_WEIGHT,
        since="0.2",
        help="Weight of 1 - SSIM of the luminance, Gaussian window of 7 pixels.",
    )
    variation_weight: float = setting(
        default=0.0,
        ge=0,
        le=LARGEST_WEIGHT,
        since="0.2",
        help="Weight of the total variation.",
    )
    features: Features = setting(
        default="vgg",
        flag="--features",
        help="What the feature losses compare: VGG-19's features, or the pixels times 127.5.",
    )
    feature_scale: float = setting(
        default=57.0,
        gt=0,
        le=1_000_000,
        help="Factor on VGG-19's features; the papers' weights belong to 57.",
    )

    def __post_init__(self) -> None:
        total = self.adversarial_weight + self.l1_weight + self.perceptual_weight
        if total + self.nearest_weight + self.ssim_weight <= 0:
            raise UsageError(
                problem("loss weights", "at least one above 0", "none", "raise one of them")
            )
        if self.nearest_window % 2 == 0:
            where, expected = "loss.nearest_window", "an odd number"
            raise UsageError(problem(where, expected, self.nearest_window, "choose an odd number"))

    @property
    def needs_features(self) -> bool:
        """Whether any term compares features."""
        return self.perceptual_weight > 0 or self.nearest_weight > 0
