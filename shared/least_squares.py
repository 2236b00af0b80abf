"""Total least squares: affine maps fitted to whole blocks of point correspondences at once.

Convention:
    Points are ``(k, 2, m)``: k points (x, y) of each of m problems, the problems last, so that
    every operation runs over contiguous memory. Matrices are ``(2, 3, m)``.

With the target's points s and the source's points d, both centred and scaled to a root mean
square distance of sqrt(2), S = sum s s^T = R diag(s1 <= s2) R^T, C = sum s d^T and z_i the squared
length of row i of R^T C, the smallest squared singular value r of the homogeneous system solves
(s1 - r)(s2 - r)(2n - r) = z1 (s2 - r) + z2 (s1 - r), and the linear map is ((S - r I)^-1 C)^T.
Source: ours; it equals the singular value decomposition that skimage uses.
"""

from __future__ import annotations

import numpy as np

from shared.geometry import Bools, Float64s

SINGULAR = 1e-9
"""Points whose normalised scatter is narrower than this lie on a line."""

NEWTON_STEPS = 8
NEWTON_STEPS_HARD = 64


def total_least_squares(
    target: Float64s, source: Float64s, counted: Bools
) -> tuple[Float64s, Bools]:
    """Fit blocks of points ``(k, 2, m)``; see the module for the method.

    The normalised target points are turned into the axes of their scatter first: the small axis
    then keeps its relative accuracy, however thin the set of points is.
    """
    number = counted.sum(axis=0).astype(np.float64)
    points, centre, scale = _normalised(target, counted, number)
    images, image_centre, image_scale = _normalised(source, counted, number)
    axes, small, large = _principal(points)
    across = (small[:, None] * images).sum(axis=0)
    along = (large[:, None] * images).sum(axis=0)
    smallest, largest = (small**2).sum(axis=0), (large**2).sum(axis=0)
    root = _smallest_root(smallest, largest, 2 * number, (across**2).sum(0), (along**2).sum(0))
    across, along = across / (smallest - root), along / (largest - root)

    ratio = scale / image_scale
    matrix = np.empty((2, 3, target.shape[-1]))
    for row in (0, 1):
        matrix[row, :2] = ratio * (across[row] * axes[0] + along[row] * axes[1])
    set_translation(matrix, centre, image_centre)
    good = (np.minimum(smallest, _spread(images)) >= SINGULAR) & np.isfinite(matrix).all((0, 1))
    return matrix, good


def _normalised(
    points: Float64s, counted: Bools, number: Float64s
) -> tuple[Float64s, Float64s, Float64s]:
    """Centre the counted points and scale them to a root mean square distance of sqrt(2)."""
    points = np.where(counted[:, None], points, 0.0)
    centre = points.sum(axis=0) / number
    points = np.where(counted[:, None], points - centre, 0.0)
    scale = np.sqrt(2 * number / (points**2).sum(axis=(0, 1)))
    return points * scale, centre, scale


def _principal(points: Float64s) -> tuple[Float64s, Float64s, Float64s]:
    """Turn points into the axes of their scatter.

    Returns:
        The axes ``(2 axes: small, large; 2 coordinates; m)`` and the coordinates ``(k, m)`` along
        the small and the large axis.
    """
    x, y = points[:, 0], points[:, 1]
    angle = np.arctan2(2 * (x * y).sum(axis=0), (x * x).sum(axis=0) - (y * y).sum(axis=0)) / 2
    cosine, sine = np.cos(angle), np.sin(angle)
    axes = np.array([[-sine, cosine], [cosine, sine]])
    return axes, cosine * y - sine * x, cosine * x + sine * y


def _spread(points: Float64s) -> Float64s:
    """Return the smaller eigenvalue ``(m,)`` of the scatter of points ``(k, 2, m)``."""
    x, y = points[:, 0], points[:, 1]
    xx, xy, yy = (x * x).sum(axis=0), (x * y).sum(axis=0), (y * y).sum(axis=0)
    spread: Float64s = (xx + yy - np.hypot(xx - yy, 2 * xy)) / 2
    return spread


def _smallest_root(
    smallest: Float64s, largest: Float64s, twice: Float64s, across: Float64s, along: Float64s
) -> Float64s:
    """Solve (s1 - r)(s2 - r)(2n - r) - z1 (s2 - r) - z2 (s1 - r) = 0 for its smallest root.

    Newton's method from 0 climbs monotonically. A few steps settle nearly all; those that are
    not settled, near a double root, get more.
    """

    def climb(root: Float64s, args: tuple[Float64s, ...], steps: int) -> tuple[Float64s, Float64s]:
        low, high, total, z_low, z_high = args
        step = np.zeros_like(root)
        for _ in range(steps):
            a, b, c = low - root, high - root, total - root
            slope = z_low + z_high - a * b - a * c - b * c
            step = -(a * b * c - z_low * b - z_high * a) / slope
            root = root + step
        return root, step

    args = (smallest, largest, twice, across, along)
    root, step = climb(np.zeros_like(smallest), args, NEWTON_STEPS)
    hard = np.flatnonzero(np.abs(step) > 1e-15 * twice + 1e-13 * np.abs(smallest - root))
    if len(hard):
        root[hard], _ = climb(root[hard], tuple(a[hard] for a in args), NEWTON_STEPS_HARD)
    return root


def set_translation(matrix: Float64s, target_point: Float64s, source_point: Float64s) -> None:
    """Choose t so that the target point is led to the source point; the point is axis -2."""
    x, y = target_point[..., 0, :], target_point[..., 1, :]
    for row in (0, 1):
        linear = matrix[..., row, 0, :] * x + matrix[..., row, 1, :] * y
        matrix[..., row, 2, :] = source_point[..., row, :] - linear
