"""The demo data set: drawn people, laid out and named like Market-1501, with true joints."""

from __future__ import annotations

from dataclasses import dataclass

from preprocess.drawing.crops import Crop, Studio, draw_crops
from shared.errors import UsageError, problem

__all__ = ["Crop", "DrawSettings", "Studio", "draw_crops"]


@dataclass(frozen=True, kw_only=True)
class DrawSettings:
    """What to draw.

    Attributes:
        identities: Number of people, half of them (rounded up) for training.
        images_per_identity: Number of pictures of each, over the six cameras.
        seed: Of everything that is drawn.
    """

    identities: int = 40
    images_per_identity: int = 12
    seed: int = 1

    def __post_init__(self) -> None:
        for name in ("identities", "images_per_identity"):
            if getattr(self, name) < 2:
                raise UsageError(
                    problem(
                        f"--{name.replace('_', '-')}",
                        "at least 2",
                        getattr(self, name),
                        "give more",
                    )
                )
