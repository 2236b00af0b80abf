"""Singular values of many 2 x 2 matrices: how far each one stretches and squeezes."""

from __future__ import annotations

import numpy as np

from shared.geometry import Float64s


def singular_values(linear: Float64s) -> tuple[Float64s, Float64s]:
    """Return the larger and the smaller singular value of 2 x 2 matrices ``(..., 2, 2)``."""
    a, b, c, d = linear[..., 0, 0], linear[..., 0, 1], linear[..., 1, 0], linear[..., 1, 1]
    total, mixed = np.hypot(a + d, c - b), np.hypot(a - d, b + c)
    return (total + mixed) / 2, np.abs(total - mixed) / 2


def clamped(linear: Float64s, low: Float64s, high: Float64s) -> Float64s:
    """Move singular values into bounds and leave the directions as they are.

    Args:
        linear: float64 ``(m, 2, 2)``, finite.
        low: float64 ``(m,)``, the least singular value.
        high: float64 ``(m,)``, the largest one.

    Returns:
        float64 ``(m, 2, 2)``; matrices within the bounds are returned bit by bit.
    """
    large, small = singular_values(linear)
    outside = np.flatnonzero((large > high) | (small < low))
    result = linear.copy()
    if len(outside):
        left, values, right = np.linalg.svd(linear[outside])
        values = np.clip(values, low[outside, None], high[outside, None])
        result[outside] = (left * values[:, None, :]) @ right
    return result
