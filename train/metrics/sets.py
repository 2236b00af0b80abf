"""Scores of whole sets of images, as the table of scores asks for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from train.metrics.bootstrap import Interval
from train.metrics.frechet import fit_gaussian, frechet_distance
from train.metrics.inception import inception_score
from train.metrics.protocols import MIN_FID_IMAGES, MIN_REID_FID_IMAGES

Features = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class SetScore:
    """A score of a set.

    Args:
        value: The score.
        interval: Its 95 % interval.
        n: Number of images.
        further: Further entries beside them in ``metrics.json``.
    """

    value: float
    interval: Interval
    n: int
    further: Mapping[str, float | int] = field(default_factory=dict)


def inception_of_set(logits: Features, _reference: Features | None, constant: bool) -> SetScore:
    """Return the inception score; that of one image over and over is 1."""
    if constant:  # the class of one image says nothing new
        return SetScore(value=1.0, interval=Interval(1.0, 1.0), n=1)
    return masked_inception_of_set(logits, _reference, constant)


def masked_inception_of_set(
    logits: Features, _reference: Features | None, _constant: bool
) -> SetScore:
    """Return the inception score; masks make many images of one."""
    score = inception_score(logits)
    return SetScore(
        value=score.value,
        interval=score.interval,
        n=len(logits),
        further={"deviation": score.deviation},
    )


def fid_of_sets(ours: Features, reference: Features | None, _constant: bool) -> SetScore | None:
    """Return the Fréchet distance to the reference; None without one.

    There is no interval: a resample repeats images, which moves FID by more than its error.
    """
    return _distance(ours, reference, MIN_FID_IMAGES)


def reid_fid_of_sets(
    ours: Features, reference: Features | None, _constant: bool
) -> SetScore | None:
    """Return the same of a judge's features, which are fewer."""
    return _distance(ours, reference, MIN_REID_FID_IMAGES)


def _distance(ours: Features, reference: Features | None, enough: int) -> SetScore | None:
    if reference is None:
        return None
    fewest = min(len(ours), len(reference))
    return SetScore(
        value=frechet_distance(fit_gaussian(ours), fit_gaussian(reference)),
        interval=Interval(None, None),
        n=len(ours),
        further={"reference": len(reference), "enough": int(fewest >= enough)},
    )
