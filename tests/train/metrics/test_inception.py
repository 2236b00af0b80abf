"""Inception score: known answers, and the definition computed image by image."""

from __future__ import annotations

import numpy as np
import pytest

from shared.errors import UsageError
from train.metrics.bootstrap import centred_interval
from train.metrics.inception import inception_score


def by_definition(logits: np.ndarray) -> float:
    scores = []
    for group in np.array_split(logits.astype(np.float64), 10):
        p = np.exp(group) / np.exp(group).sum(1, keepdims=True)
        overall = p.mean(0)
        scores.append(np.exp(np.mean([(row * np.log(row / overall)).sum() for row in p])))
    return float(np.mean(scores))


def test_equals_the_definition(rng: np.random.Generator) -> None:
    logits = rng.normal(size=(83, 30)).astype(np.float32) * 2
    assert inception_score(logits).value == pytest.approx(by_definition(logits), rel=1e-9)


def test_equal_images_score_1() -> None:
    score = inception_score(np.ones((20, 9), np.float32))
    assert score.value == pytest.approx(1) and score.deviation == pytest.approx(0, abs=1e-12)


def test_sure_and_varied_images_score_the_number_of_classes() -> None:
    logits = np.tile(np.eye(5, dtype=np.float32) * 1000, (10, 1))
    assert inception_score(logits).value == pytest.approx(5)


def test_the_interval_holds_the_value_and_is_repeatable(rng: np.random.Generator) -> None:
    logits = rng.normal(size=(200, 40)).astype(np.float32) * 3
    score = inception_score(logits)
    assert score.interval.low < score.value < score.interval.high
    assert score == inception_score(logits)


def test_fewer_images_than_groups_are_refused() -> None:
    with pytest.raises(UsageError, match="at least 10 images"):
        inception_score(np.zeros((9, 4), np.float32))


def test_logits_beyond_the_largest_exponent_are_probabilities_all_the_same() -> None:
    logits = np.tile(np.array([[900.0, 0.0], [0.0, 900.0]], np.float32), (10, 1))
    score = inception_score(logits + 5000)
    assert score.value == pytest.approx(2) and np.isfinite(score.interval).all()


def test_as_many_images_as_groups_are_enough_and_one_less_is_one_line() -> None:
    logits = np.random.default_rng(0).standard_normal((10, 5)).astype(np.float32)
    assert inception_score(logits, num_splits=10).value == pytest.approx(1)  # one image a group
    with pytest.raises(UsageError) as refused:
        inception_score(logits[:9], num_splits=10)
    line = "inception score: expected at least 10 images, found 9; add images"
    assert refused.value.message == line


def test_rows_of_any_height_are_brought_down_each_by_its_own_maximum() -> None:
    """Logits a constant higher give the same score, exact in double precision."""
    logits = np.random.default_rng(1).standard_normal((40, 7)).astype(np.float32)
    raised = logits + np.where(np.arange(40) % 2, 4096, 0).astype(np.float32)[:, None]
    rounded = raised - np.where(np.arange(40) % 2, 4096, 0)[:, None]
    plain = inception_score(rounded.astype(np.float32), num_splits=4)
    high = inception_score(raised, num_splits=4)
    assert high.value == pytest.approx(plain.value, rel=1e-12)
    assert high.interval == pytest.approx(plain.interval, rel=1e-9)


def test_the_interval_is_made_of_the_groups_mean_draw_by_draw() -> None:
    """Every call has the same chance; the draws of the groups are averaged, not the groups'."""
    logits = (3 * np.random.default_rng(2).standard_normal((60, 5))).astype(np.float32)
    found = inception_score(logits, num_resamples=300, num_splits=3)
    again = inception_score(logits, num_resamples=300, num_splits=3)
    assert found == again and found.interval[0] < found.value < found.interval[1]
    probabilities = np.exp(logits.astype(np.float64))
    probabilities /= probabilities.sum(1, keepdims=True)
    chance, draws = np.random.default_rng(0), []
    for group in np.split(probabilities, 3):
        share = chance.multinomial(20, np.full(20, 1 / 20), 300) / 20
        overall = share @ group
        own = (group * np.log(group)).sum(1)
        draws.append(np.exp(share @ own - (overall * np.log(overall)).sum(1)))
    expected = centred_interval(found.value, np.mean(draws, axis=0))
    assert found.interval == pytest.approx(expected, rel=1e-9)
