"""Drawing from ranges and shares."""

from __future__ import annotations

import numpy as np

from preprocess.demo.drawing.varied.ranges import Range, Shares


def between(rng: np.random.Generator, span: Range) -> float:
    """Draw a number of a range."""
    return float(rng.uniform(*span))


def low(rng: np.random.Generator, span: Range, power: float = 2.0) -> float:
    """Draw a number of a range, mostly from its lower end."""
    return float(span[0] + (span[1] - span[0]) * rng.random() ** power)


def one_of(rng: np.random.Generator, shares: Shares) -> str:
    """Draw a name by its share; the shares need not add up to 1."""
    luck = float(rng.random()) * sum(shares.values())
    for name, share in shares.items():
        luck -= share
        if luck < 0:
            return name
    return name
