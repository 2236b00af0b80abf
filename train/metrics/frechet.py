"""Fréchet distance of two Gaussians, and Gaussians fitted to features.

Convention:
    A Gaussian is its mean (d,) and a factor F (k, d) of its covariance, FᵀF. With factors in the
    place of covariances, trace((S₁S₂)^½) is the sum of the singular values of F₁F₂ᵀ, which is
    exact to rounding even where the covariances are singular: a set has distance 0 to itself.

Source: Heusel et al. 2017; Dowson and Landau 1982.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Gaussian:
    """A Gaussian: mean float64 (d,) and factor float64 (k, d) of the covariance."""

    mean: NDArray[np.float64]
    factor: NDArray[np.float64]


def fit_gaussian(features: NDArray[np.float32] | NDArray[np.float64]) -> Gaussian:
    """Fit mean and sample covariance (divided by n − 1) to features (n, d); n = 1 has none."""
    values = features.astype(np.float64)
    mean = values.mean(0)
    if len(values) < 2:
        return Gaussian(mean, np.zeros((1, values.shape[1])))
    factor = np.linalg.qr(values - mean, mode="r") / np.sqrt(len(values) - 1)
    return Gaussian(mean, factor)


def frechet_distance(first: Gaussian, second: Gaussian) -> float:
    """Compute the squared Fréchet distance, |m₁ − m₂|² + tr(S₁ + S₂ − 2(S₁S₂)^½)."""
    shift = first.mean - second.mean
    common = np.linalg.svd(first.factor @ second.factor.T, compute_uv=False).sum()
    spread = (first.factor**2).sum() + (second.factor**2).sum() - 2 * common
    return float(shift @ shift + spread)
