"""Rank-1 and average precision against a reading of the rule by loops."""

from __future__ import annotations

import math

import numpy as np

from train.metrics.ranking import rank


def by_loops(similarity: list[float], right: list[bool], left_out: list[bool]) -> tuple[float, ...]:
    """One query, answer by answer; the sum over recalls as the books have it."""
    answers = [number for number in range(len(right)) if not left_out[number]]
    answers.sort(key=lambda number: (-similarity[number], number))
    wanted = sum(right[number] for number in answers)
    if not wanted:
        return math.nan, math.nan
    hits, area = 0, 0.0
    for place, number in enumerate(answers, 1):
        if right[number]:
            hits += 1
            area += hits / place / wanted
    return float(right[answers[0]]), area


def test_it_equals_the_rule_by_loops_with_ties_and_empty_queries(rng: np.random.Generator) -> None:
    similarity = rng.integers(0, 6, (60, 17)) / 5
    right = rng.random((60, 17)) < 0.25
    left_out = rng.random((60, 17)) < 0.3
    left_out[0], right[1] = True, False
    found = rank(similarity, right, left_out)
    for query in range(60):
        expected = by_loops(
            similarity[query].tolist(), right[query].tolist(), left_out[query].tolist()
        )
        np.testing.assert_allclose((found.rank_1[query], found.precision[query]), expected)
    assert math.isnan(found.rank_1[0]) and math.isnan(found.precision[1])


def test_a_perfect_order_is_one_and_a_reversed_one_is_known() -> None:
    similarity = np.array([[0.9, 0.8, 0.1], [0.1, 0.2, 0.9]])
    right = np.array([[True, True, False]] * 2)
    found = rank(similarity, right, np.zeros((2, 3), bool))
    assert found.rank_1.tolist() == [1, 0]
    np.testing.assert_allclose(found.precision, [1, (1 / 2 + 2 / 3) / 2])
