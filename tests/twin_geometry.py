"""Geometry in NumPy that only tests need: mirrored, scaled and fitted, each written once more.

The project mirrors and scales on the device (:mod:`train.data.batch`, :mod:`train.nets.partmasks`)
and fits whole blocks of pairs; tests hold it against these, one formula a function.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from shared.affine import NO_TRANSFORM
from shared.geometry import Bools, Float64s, Floats
from shared.least_squares import total_least_squares
from shared.skeleton import MIRROR_JOINTS, MIRROR_PARTS


def fit_affine(
    target_points: Floats, source_points: Floats, weights: Bools | None = None
) -> tuple[Float64s, Bools]:
    """Fit affine maps to point correspondences by total least squares.

    Args:
        target_points: float ``(m, k, 2)``, where the maps start.
        source_points: float ``(m, k, 2)``, where they lead to.
        weights: bool ``(m, k)``, which correspondences count; all by default.

    Returns:
        Matrices float64 ``(m, 2, 3)`` and bool ``(m,)``: False where the points of either side
        lie on a line or are fewer than three; the matrix is ``NO_TRANSFORM`` there.
    """
    target = np.ascontiguousarray(np.moveaxis(np.asarray(target_points, dtype=np.float64), 0, -1))
    source = np.ascontiguousarray(np.moveaxis(np.asarray(source_points, dtype=np.float64), 0, -1))
    counted = np.ones(target[:, 0].shape, dtype=bool) if weights is None else weights.T
    with np.errstate(all="ignore"):
        matrix, good = total_least_squares(target, source, counted)
    matrices = np.moveaxis(matrix, -1, 0).copy()
    matrices[~good] = NO_TRANSFORM
    return matrices, good


def mirror_joints(joints: Floats, width: int) -> Float64s:
    """Return the joints of the mirrored picture, left and right exchanged.

    Args:
        joints: float ``(..., 18, 2)``.
        width: Width of the picture in pixels.

    Returns:
        float64 ``(..., 18, 2)``.
    """
    mirrored = np.array(joints, dtype=np.float64)[..., list(MIRROR_JOINTS), :]
    mirrored[..., 0] = width - 1 - mirrored[..., 0]
    return mirrored


def mirror_quads(quads: Floats, width: int) -> Floats:
    """Return the quads ``(..., 10, 4, 2)`` of the mirrored picture, left and right exchanged.

    The corners are reordered so that they are those that ``mask_quads`` returns for the mirrored
    joints: the normal of a limb changes its side, and so do the head's corners.
    """
    mirrored = quads[..., list(MIRROR_PARTS), :, :].copy()
    mirrored[..., 0] = width - 1 - mirrored[..., 0]
    mirrored[..., :, :] = mirrored[..., [1, 0, 3, 2], :]
    return mirrored


def mirror_status(status: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the status ``(..., 10)`` of the parts of a mirrored pair."""
    return status[..., list(MIRROR_PARTS)]


def mirror_transforms(
    transforms: Floats, source_width: int, target_width: int | None = None
) -> Float64s:
    """Return the transforms of the mirrored pair, left and right parts exchanged.

    Args:
        transforms: float ``(..., 10, 2, 3)``.
        source_width: Width of the source picture in pixels.
        target_width: Width of the target picture, by default the same.

    Returns:
        float64 ``(..., 10, 2, 3)``; parts without a transform stay as they are.
    """
    last_source = source_width - 1
    last_target = (source_width if target_width is None else target_width) - 1
    old = np.asarray(transforms, dtype=np.float64)[..., list(MIRROR_PARTS), :, :]
    new = old.copy()
    new[..., 0, 1] = -old[..., 0, 1]
    new[..., 1, 0] = -old[..., 1, 0]
    new[..., 0, 2] = last_source - old[..., 0, 0] * last_target - old[..., 0, 2]
    new[..., 1, 2] = old[..., 1, 2] + old[..., 1, 0] * last_target
    absent = (old == NO_TRANSFORM).all(axis=(-2, -1))
    new[absent] = NO_TRANSFORM
    return new


def scale_quads(quads: Floats, factor: float) -> Floats:
    """Return quads of image pixels in pixels of a feature map smaller by ``factor``."""
    scaled: Floats = (quads - (factor - 1) / 2) / factor
    return scaled


def scale_transforms(transforms: Floats, factor: float) -> Floats:
    """Return transforms of image pixels for feature maps smaller by ``factor``.

    Args:
        transforms: float ``(..., 2, 3)`` between images.
        factor: How many image pixels a pixel of the map is wide.

    Returns:
        float ``(..., 2, 3)`` between the maps: M stays, t' = t/s + (1 - 1/s)(M 1 - 1)/2.
    """
    scaled = np.array(transforms)
    offset = (1 - 1 / factor) / 2
    scaled[..., 2] = scaled[..., 2] / factor + offset * (scaled[..., :2].sum(axis=-1) - 1)
    return scaled
