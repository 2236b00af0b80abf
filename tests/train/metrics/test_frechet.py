"""Fréchet distance: exact answers, and SciPy's matrix root."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import sqrtm

from train.metrics.frechet import Gaussian, fit_gaussian, frechet_distance


def test_a_shifted_gaussian_is_its_squared_shift_away(rng: np.random.Generator) -> None:
    factor, shift = rng.normal(size=(9, 9)), rng.normal(size=9)
    mean = rng.normal(size=9)
    found = frechet_distance(Gaussian(mean, factor), Gaussian(mean + shift, factor))
    assert found == pytest.approx(shift @ shift, rel=1e-10)


def test_a_scaled_gaussian_is_exact() -> None:
    one, three = Gaussian(np.zeros(5), np.eye(5)), Gaussian(np.zeros(5), 3 * np.eye(5))
    assert frechet_distance(one, three) == pytest.approx(5 * (3 - 1) ** 2, rel=1e-12)


@pytest.mark.parametrize("num_images", [8, 400])
def test_a_set_has_distance_0_to_itself(num_images: int, rng: np.random.Generator) -> None:
    features = fit_gaussian(rng.random((num_images, 60)).astype(np.float32) * 20)
    assert frechet_distance(features, features) == pytest.approx(0, abs=1e-9)


def test_equals_scipys_matrix_root(rng: np.random.Generator) -> None:
    first, second = rng.normal(size=(300, 12)), rng.normal(1, 2, (200, 12))
    a, b = np.cov(first, rowvar=False), np.cov(second, rowvar=False)
    shift = first.mean(0) - second.mean(0)
    expected = shift @ shift + np.trace(a + b - 2 * sqrtm(a @ b).real)
    found = frechet_distance(fit_gaussian(first), fit_gaussian(second))
    assert found == pytest.approx(expected, rel=1e-9)


def test_one_image_is_a_point() -> None:
    point = fit_gaussian(np.ones((1, 4)))
    assert frechet_distance(point, Gaussian(np.zeros(4), np.eye(4))) == pytest.approx(4 + 4)


def test_two_images_have_a_spread_and_one_has_none() -> None:
    two = fit_gaussian(np.array([[0.0, 0.0], [2.0, 4.0]]))
    np.testing.assert_allclose(two.factor.T @ two.factor, [[2, 4], [4, 8]], atol=1e-12)
    one = fit_gaussian(np.array([[3.0, 5.0]]))
    assert one.factor.shape == (1, 2) and not one.factor.any()
    assert frechet_distance(one, one) == 0


def test_features_of_single_precision_are_fitted_in_double() -> None:
    features = (np.random.default_rng(0).standard_normal((50, 4)) + 1_000).astype(np.float32)
    found = fit_gaussian(features)
    assert found.mean.dtype == found.factor.dtype == np.float64
    expected = np.cov(features.astype(np.float64), rowvar=False)
    np.testing.assert_allclose(found.factor.T @ found.factor, expected, rtol=1e-9, atol=1e-9)
