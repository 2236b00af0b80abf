"""Inception score from class logits.

Source: Salimans et al. 2016: exp of the mean divergence of p(class | image) from p(class), mean
over groups of images.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from shared.errors import UsageError, problem
from train.metrics.bootstrap import Interval, centred_interval
from train.metrics.protocols import NUM_SPLITS


class InceptionScore(NamedTuple):
    """Mean and sample deviation over the groups, and the interval of the mean."""

    value: float
    deviation: float
    interval: Interval


def inception_score(
    logits: NDArray[np.float32], num_resamples: int = 200, num_splits: int = NUM_SPLITS
) -> InceptionScore:
    """Compute the inception score, with a bootstrap over the images within each group.

    Args:
        logits: Class logits without bias, float32 (n, classes), in the order of the images:
            groups are runs of neighbours, the first ones larger by one where n is no multiple.
        num_resamples: Resamples of the interval.
        num_splits: Number of groups.

    Returns:
        The score.

    Raises:
        UsageError: Fewer images than groups.
    """
    if len(logits) < num_splits:
        raise UsageError(
            problem("inception score", f"at least {num_splits} images", len(logits), "add images")
        )
    generator = np.random.default_rng(0)
    scores, draws = [], []
    for group in np.array_split(_log_softmax(logits), num_splits):
        probabilities = np.exp(group)
        own = (probabilities * group).sum(1)
        even = np.full((1, len(group)), 1 / len(group))
        scores.append(_divergence(even, own, probabilities)[0])
        share = generator.multinomial(len(group), even[0], num_resamples) / len(group)
        draws.append(_divergence(share, own, probabilities))
    value = float(np.mean(scores))
    interval = centred_interval(value, np.mean(draws, axis=0))
    return InceptionScore(value, float(np.std(scores, ddof=1)), interval)


def _divergence(
    weights: NDArray[np.float64], own: NDArray[np.float64], probabilities: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return exp of the mean divergence for each row of weights of the images."""
    overall = weights @ probabilities
    entropy = -(overall * np.log(np.maximum(overall, np.finfo(np.float64).tiny))).sum(1)
    scores: NDArray[np.float64] = np.exp(weights @ own + entropy)
    return scores


def _log_softmax(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    shifted = logits.astype(np.float64) - logits.max(1, keepdims=True)
    result: NDArray[np.float64] = shifted - np.log(np.exp(shifted).sum(1, keepdims=True))
    return result
