"""What the generator is asked for."""

from __future__ import annotations

from typing import Literal

from shared.declarations import declared, setting
from shared.errors import UsageError, problem

AdversarialKind = Literal["vanilla", "hinge", "least-squares", "relativistic"]
PenaltyForm = Literal["exact", "finite-difference"]
Features = Literal["vgg", "pixels"]

LARGEST_WEIGHT = 1_000_000_000


@declared("Loss")
class LossSettings:
    """What the generator is asked for; a weight of 0 leaves a term out."""

    adversarial: AdversarialKind = setting(
        default="vanilla",
        help="The game between the networks; relativistic sets each generated image against the "
        "real one of its pair, and wants a penalty.",
    )
    adversarial_weight: float = setting(
        default=1.0, ge=0, le=LARGEST_WEIGHT, help="Weight of the generator's side of it."
    )
    penalty_weight: float = setting(
        default=0.0,
        ge=0,
        le=LARGEST_WEIGHT,
        since="0.2",
        help="Weight of the discriminator's squared slope at real (R1) and generated images (R2).",
    )
    penalty_form: PenaltyForm = setting(
        default="exact",
        since="0.2",
        help="exact, by a second derivative; finite-difference, by images with noise of 0.05.",
    )
    penalty_every: int = setting(
        default=1,
        ge=1,
        le=1_000,
        since="0.2",
        help="Compute the penalty every so many steps, so many times as strong.",
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
    painting_weight: float = setting(
        default=0.0,
        ge=0,
        le=LARGEST_WEIGHT,
        since="0.2",
        help="Weight of the share that is painted of what could be copied; with layers only. More "
        "of it makes pictures crisper, and closer to the source than to the target.",
    )
    ssim_weight: float = setting(
        default=0.0,
        ge=0,
        le=LARGEST_WEIGHT,
        since="0.2",
        help="Weight of 1 - SSIM of the luminance, Gaussian window of 7 pixels.",
    )
    part_ssim_weight: float = setting(
        default=0.0,
        ge=0,
        le=LARGEST_WEIGHT,
        since="0.2",
        help="Weight of 1 - SSIM inside of each of the target's ten parts, all alike.",
    )
    matching_weight: float = setting(
        default=0.0,
        ge=0,
        le=LARGEST_WEIGHT,
        since="0.2",
        help="Weight of the difference of the discriminator's features; with patch only.",
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
        total += self.nearest_weight + self.ssim_weight + self.part_ssim_weight
        if total <= 0:
            raise UsageError(
                problem("loss weights", "at least one above 0", "none", "raise one of them")
            )
        if self.nearest_window % 2 == 0:
            where, expected = "loss.nearest_window", "an odd number"
            raise UsageError(problem(where, expected, self.nearest_window, "choose an odd number"))

        if self.penalty_weight == 0 and (self.penalty_every > 1 or self.penalty_form != "exact"):
            where, found = "loss.penalty_weight", "0 beside penalty_every or penalty_form"
            raise UsageError(problem(where, "a number above 0", found, "set it, or leave both out"))

    @property
    def needs_real_logits(self) -> bool:
        """Whether the generator's side of the game looks at real images too."""
        return self.adversarial == "relativistic" and self.adversarial_weight > 0

    @property
    def needs_features(self) -> bool:
        """Whether any term compares features."""
        return self.perceptual_weight > 0 or self.nearest_weight > 0
