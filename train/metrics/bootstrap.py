"""95 % intervals by bootstrap over pairs.

Convention:
    A metric over n pairs is a ratio of sums: for a mean, the values over as many ones. All metrics
    of a table are drawn with the same resamples, so that differences of two columns keep the
    correlation of their pairs. The seed is fixed: the same pairs give the same interval.

Source: Efron, percentile interval; the resamples are kept as multiplicities of the pairs.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

NUM_RESAMPLES: Final = 1000
SEED: Final = 0
LEVEL: Final = 0.95
RESAMPLES_AT_ONCE: Final = 100


class Interval(NamedTuple):
    """Bounds of a metric; None where there are none."""

    low: float | None
    high: float | None


def resamples(num_pairs: int, num_resamples: int = NUM_RESAMPLES) -> NDArray[np.int32]:
    """Draw resamples of the pairs with replacement.

    Args:
        num_pairs: Number of pairs, n.
        num_resamples: Number of resamples.

    Returns:
        How often each resample holds each pair, int32 (resamples, n); rows sum to n.
    """
    generator = np.random.default_rng(SEED)
    counts = np.empty((num_resamples, num_pairs), np.int32)
    for row in counts:
        drawn = generator.integers(0, num_pairs, num_pairs)
        row[:] = np.bincount(drawn, minlength=num_pairs)
    return counts


def ratio_draws(
    numerators: NDArray[np.float64], denominators: NDArray[np.float64], counts: NDArray[np.int32]
) -> NDArray[np.float64]:
    """Return the ratio of sums in every resample.

    Args:
        numerators: (n,), finite.
        denominators: (n,).
        counts: From :func:`resamples`, (resamples, n).

    Returns:
        float64 (resamples,), NaN where a resample's denominators sum to 0.
    """
    sums = np.stack((numerators, denominators), 1)
    parts = [
        counts[first : first + RESAMPLES_AT_ONCE] @ sums
        for first in range(0, len(counts), RESAMPLES_AT_ONCE)
    ]
    totals = np.concatenate(parts)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratios: NDArray[np.float64] = totals[:, 0] / totals[:, 1]
    return ratios


def percentile_interval(draws: NDArray[np.float64]) -> Interval:
    """Return the central 95 % of a metric's values in the resamples."""
    draws = draws[np.isfinite(draws)]
    if not len(draws):
        return Interval(None, None)
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(draws, (tail, 1 - tail))
    return Interval(float(low), float(high))


def centred_interval(value: float, draws: NDArray[np.float64]) -> Interval:
    """Return the interval of a metric that repeated images in a resample bias to one side.

    Args:
        value: The metric on all pairs.
        draws: The metric in every resample.

    Returns:
        The central 95 % of the draws, moved so that their mean is the value.
    """
    low, high = percentile_interval(draws - draws.mean() + value)
    return Interval(low, high)
