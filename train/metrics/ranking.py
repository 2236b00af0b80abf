"""Rank-1 and average precision of queries in a gallery, by Market-1501's rule.

Convention:
    A query's answers are the pictures of the gallery in falling order of similarity; equal ones
    keep the gallery's order. Pictures that are left out are no answers at all: those of the query's
    own identity *and* camera, junk, and the source of a generated picture. A query to which no
    right answer remains has no score, NaN.

Source: Zheng et al. 2015, the evaluation of Market-1501; average precision without interpolation,
as torchreid computes it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]


class Ranking(NamedTuple):
    """Of each query whether the first answer is right (1 or 0), and the average precision."""

    rank_1: Floats
    precision: Floats


def rank(similarity: NDArray[np.floating], right: Bools, left_out: Bools) -> Ranking:
    """Rank the gallery for every query.

    Args:
        similarity: float (queries, gallery); larger is nearer.
        right: bool of the same shape, whether the identity is the query's.
        left_out: bool of the same shape, pictures that are no answers.

    Returns:
        Two float64 (queries,), NaN where no right answer remains.
    """
    rank_1 = np.full(len(similarity), np.nan)
    precision = np.full(len(similarity), np.nan)
    for query, row in enumerate(similarity):
        allowed = ~left_out[query]
        order = np.argsort(-row[allowed], kind="stable")
        hits = right[query][allowed][order]
        if hits.any():
            rank_1[query] = float(hits[0])
            places = np.flatnonzero(hits) + 1
            precision[query] = (np.arange(1, len(places) + 1) / places).mean()
    return Ranking(rank_1, precision)


def rank_1_of(ranking: Ranking) -> Floats:
    """Return the first answers as the table of scores asks for them."""
    return ranking.rank_1


def precision_of(ranking: Ranking) -> Floats:
    """Return the average precisions as the table of scores asks for them."""
    return ranking.precision
