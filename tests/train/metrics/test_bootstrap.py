"""Bootstrap intervals: against the normal approximation, and their rules."""

from __future__ import annotations

import numpy as np
import pytest

from train.metrics.bootstrap import (
    centred_interval,
    percentile_interval,
    ratio_draws,
    resamples,
)


def test_the_interval_of_a_mean_is_the_normal_one_for_many_pairs(
    rng: np.random.Generator,
) -> None:
    values = rng.normal(3, 2, 4000)
    draws = ratio_draws(values, np.ones(4000), resamples(4000))
    low, high = percentile_interval(draws)
    error = values.std(ddof=1) / np.sqrt(4000)
    assert low == pytest.approx(values.mean() - 1.96 * error, abs=0.25 * error)
    assert high == pytest.approx(values.mean() + 1.96 * error, abs=0.25 * error)


def test_draws_are_the_means_of_the_drawn_pairs(rng: np.random.Generator) -> None:
    values = rng.random(7)
    counts = resamples(7, 30)
    assert (counts.sum(1) == 7).all()
    expected = [np.repeat(values, row).mean() for row in counts]
    np.testing.assert_allclose(ratio_draws(values, np.ones(7), counts), expected)


def test_a_ratio_is_of_sums_not_a_mean_of_ratios() -> None:
    counts = np.array([[2, 1], [0, 3]], np.int32)
    draws = ratio_draws(np.array([1.0, 6.0]), np.array([4.0, 8.0]), counts)
    np.testing.assert_allclose(draws, [8 / 16, 18 / 24])


def test_the_same_pairs_give_the_same_resamples() -> None:
    assert (resamples(50) == resamples(50)).all()


def test_one_pair_has_an_interval_of_width_0() -> None:
    assert percentile_interval(ratio_draws(np.array([0.4]), np.ones(1), resamples(1))) == (0.4, 0.4)


def test_resamples_without_a_value_are_left_out() -> None:
    draws = ratio_draws(np.array([0.0, 3.0]), np.array([0.0, 1.0]), resamples(2))
    assert np.isnan(draws).any()
    assert percentile_interval(draws) == (3.0, 3.0)
    assert percentile_interval(np.array([np.nan])) == (None, None)


def test_a_centred_interval_holds_the_value(rng: np.random.Generator) -> None:
    low, high = centred_interval(10.0, rng.normal(4, 1, 2000))
    assert low == pytest.approx(10 - 1.96, abs=0.15) and high == pytest.approx(11.96, abs=0.15)


def test_intervals_are_those_of_every_earlier_version() -> None:
    """Published intervals stay comparable: the resamples are pinned, and there are a thousand."""
    assert resamples(4, 3).tolist() == [[0, 1, 2, 1], [3, 1, 0, 0], [1, 0, 1, 2]]
    draws = ratio_draws(np.arange(8.0) ** 2, np.ones(8), resamples(8))
    assert len(draws) == 1000
    assert percentile_interval(draws) == pytest.approx((6.625, 29.003125))


def test_a_centred_interval_of_skewed_draws_keeps_their_mean(rng: np.random.Generator) -> None:
    draws = rng.exponential(2, 500)
    low, high = centred_interval(7.0, draws)
    expected = np.quantile(draws, (0.025, 0.975)) - draws.mean() + 7
    assert (low, high) == pytest.approx(tuple(expected))


def test_a_sum_over_nothing_is_no_value_and_no_warning() -> None:
    counts = np.array([[2, 0], [0, 2]], np.int32)
    draws = ratio_draws(np.array([1.0, 3.0]), np.array([0.0, 1.0]), counts)
    assert percentile_interval(draws) == (3.0, 3.0)
