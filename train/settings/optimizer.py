"""How the weights move."""

from __future__ import annotations

from typing import Literal

from shared.declarations import declared, setting
from shared.errors import UsageError, problem

MOST_IMAGES = 1_000_000_000_000
"""More images than any run sees."""


@declared("Optimizer")
class OptimizerSettings:
    """How the weights move, and an exponential average of the generator."""

    generator: Literal["adam", "muon"] = setting(
        default="adam",
        since="0.2",
        help="How the generator moves: adam, as in the papers; muon: its convolutions by "
        "orthogonalised momentum, 20 times the rate, and the rest by Adam.",
    )
    generator_rate: float = setting(
        default=2e-4, gt=0, le=10, help="Learning rate of the generator (Adam)."
    )
    discriminator_rate: float = setting(
        default=2e-4, gt=0, le=10, help="Learning rate of the discriminator (Adam)."
    )
    betas: tuple[float, float] = setting(
        default=(0.5, 0.999), ge=0, lt=1, help="Adam's two decays."
    )
    clip_norm: float = setting(
        default=0.0,
        ge=0,
        le=1_000_000_000,
        help="Largest norm of a network's gradient; 0 leaves gradients as they are.",
    )
    average_half_life_images: int = setting(
        default=2_000,
        ge=0,
        le=MOST_IMAGES,
        help="After so many images a weight's share in the exponential average has halved; early "
        "in a run that begins with random weights, a twentieth of the images seen so far, if less.",
    )
    decay_images: int = setting(
        default=0,
        ge=0,
        le=MOST_IMAGES,
        help="Over so many images the learning rates fall along half a cosine, to 0 or to the "
        "share final_rate; 0 leaves them constant.",
    )
    final_rate: float = setting(
        default=0.0,
        ge=0,
        le=1,
        since="0.2",
        help="Share of the learning rates that is left after decay_images.",
    )

    def __post_init__(self) -> None:
        if self.final_rate and not self.decay_images:
            where, expected = "optimizer.final_rate", "0 without decay_images"
            remedy = "set decay_images too, or leave it out"
            raise UsageError(problem(where, expected, f"{self.final_rate:g}", remedy))
