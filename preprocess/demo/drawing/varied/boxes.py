"""Boxes of the varied worlds: how a detector cuts people out, well or badly."""

from __future__ import annotations

from typing import Final

import numpy as np

from preprocess.demo.drawing.body import Skeleton
from preprocess.demo.drawing.varied.chance import between, one_of
from preprocess.demo.drawing.varied.ranges import Ranges

CROWN, SOLE = 0.16, 0.10
"""How far a body reaches above its eyes and below its ankles, in torso lengths."""
EYES: Final = slice(14, 18)


def boxed(
    body: Skeleton,
    rng: np.random.Generator,
    size: tuple[int, int],
    ranges: Ranges,
    *,
    spoiled: bool,
) -> Skeleton:
    """Put a skeleton of unit 1 into a picture of (height, width), as a detector's box cuts it."""
    kind = one_of(rng, ranges.cuts)
    share, middle, top = float(rng.normal(0.90, 0.04)), float(rng.normal(0.0, 0.022)), None
    if spoiled:
        share, middle = between(rng, (0.5, 2.0)), float(rng.normal(0.0, 0.2))
        top = between(rng, (-0.5, 0.5))
    elif kind == "loose":
        share, middle = between(rng, (0.55, 0.82)), float(rng.normal(0.0, 0.05))
        top = between(rng, (0.02, 0.98 - share))
    elif kind == "head":
        share, top = between(rng, (0.9, 1.15)), between(rng, (-0.17, -0.05))
    elif kind == "feet":
        share, top = between(rng, (1.05, 1.5)), between(rng, (0.01, 0.09))
    elif kind == "aside":
        middle = float(rng.choice((-1.0, 1.0))) * between(rng, (0.06, 0.15))
    if top is None:
        top = 0.5 * (1.0 - share) + float(rng.normal(0.0, 0.018))
    return placed(body, size, share=share, middle=middle, top=top)


def placed(
    body: Skeleton, size: tuple[int, int], *, share: float, middle: float, top: float
) -> Skeleton:
    """Put a skeleton of unit 1 into a picture.

    Args:
        body: The skeleton, of unit 1.
        size: (height, width) of the picture.
        share: Height of the person over that of the picture.
        middle: Of the person, counted from that of the picture, in heights of the picture.
        top: Of the head, in heights of the picture.
    """
    height, width = size
    x, y = body.points[:, 0], body.points[:, 1]
    first, last = float(y.min()) - CROWN, float(y.max()) + SOLE
    factor = share * height / (last - first)
    centre = 0.5 * float(np.median(x)) + 0.25 * float(x.min() + x.max())
    shift = (
        0.5 * (width - 1) + middle * height - factor * centre,
        top * height - 0.5 - factor * first,
    )
    return body.placed(factor, np.array(shift))
