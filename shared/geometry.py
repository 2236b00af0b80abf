"""Geometry of poses: torso length, quads of the ten parts, joints of resized pictures.

Convention:
    Points are (x, y) in pixels with pixel centres on integers, x to the right and y down; sizes
    are (height, width). Joints are ``(..., 18, 2)`` with NaN where a joint is absent.
    A quad lists its four corners around its border, starting at the limb's first joint.
    A mirrored picture has x -> width - 1 - x, and left and right of joints and parts change places.
    A feature map smaller by a factor s has p_image = s * p_map + (s - 1) / 2.

Everything is pure and vectorised over the leading axes. The transforms between two poses are in
:mod:`shared.affine`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared.skeleton import (
    FIRST_LIMB,
    HEAD,
    HEAD_HALF_SIDE,
    HEAD_JOINTS,
    JOINT,
    LIMB_HALF_WIDTH,
    LIMB_START,
    LIMBS,
    MASK_LIMB_END,
    NUM_PARTS,
    TORSO,
    TORSO_JOINTS,
)

Floats = NDArray[np.floating[Any]]
Float64s = NDArray[np.float64]
Bools = NDArray[np.bool_]

LIMB_STARTS = np.array([a for a, _ in LIMBS])
LIMB_ENDS = np.array([b for _, b in LIMBS])


def presence(joints: Floats) -> Bools:
    """Tell which joints are present: bool ``(..., 18)`` from joints ``(..., 18, 2)``."""
    present: Bools = np.asarray(np.isfinite(joints).all(axis=-1))
    return present


def valid_poses(joints: Floats) -> Bools:
    """Tell which poses may be paired: all four of hips and shoulders are present.

    Args:
        joints: float ``(..., 18, 2)``.

    Returns:
        bool ``(...)``.

    Source: the authors' pair list, which drops every other image.
    """
    valid: Bools = np.asarray(presence(joints)[..., list(TORSO_JOINTS)].all(axis=-1))
    return valid


def torso_lengths(joints: Floats) -> Float64s:
    """Measure the torso: the root mean square of its right and its left side.

    Args:
        joints: float ``(..., 18, 2)``.

    Returns:
        float64 ``(...)`` in pixels, NaN where a hip or shoulder is absent.

    Source: st = sqrt((|RHip - RSho|^2 + |LHip - LSho|^2) / 2), Siarohin et al. 2018.
    """
    joints = np.asarray(joints, dtype=np.float64)
    right = joints[..., JOINT["RHip"], :] - joints[..., JOINT["RSho"], :]
    left = joints[..., JOINT["LHip"], :] - joints[..., JOINT["LSho"], :]
    lengths: Float64s = np.sqrt(((right**2).sum(axis=-1) + (left**2).sum(axis=-1)) / 2)
    return lengths


def limb_quads(joints: Floats, ends: Sequence[float]) -> Float64s:
    """Return the rectangle around each of the eight limbs.

    With a and b the limb's joints it reaches from a' = a + 0.1 (a - b) to b' = b + e (b - a') and
    0.2 torso lengths to either side.

    Convention:
        Corners are a' + w, a' - w, b' - w, b' + w with w along the normal (-dy, dx) of the limb.

    Args:
        joints: float ``(..., 18, 2)``.
        ends: The e of each limb, 8 values.

    Returns:
        float64 ``(..., 8, 4, 2)`` in pixels, NaN where a joint of the limb or of the torso is
        absent or the limb has no length.

    Source: Siarohin et al. 2018 and its published code.
    """
    joints = np.asarray(joints, dtype=np.float64)
    first, second = joints[..., LIMB_STARTS, :], joints[..., LIMB_ENDS, :]
    begin = first + LIMB_START * (first - second)
    finish = second + np.asarray(ends)[:, None] * (second - begin)
    along = second - first
    length = np.hypot(along[..., 0], along[..., 1])
    length = np.where(length > 0, length, np.nan)
    normal = np.stack([-along[..., 1], along[..., 0]], axis=-1) / length[..., None]
    side = LIMB_HALF_WIDTH * torso_lengths(joints)[..., None, None] * normal
    return np.stack([begin + side, begin - side, finish - side, finish + side], axis=-2)


def head_quads(joints: Floats) -> Float64s:
    """Return the square around the mean of the present head points, +- 0.40 torso lengths.

    Args:
        joints: float ``(..., 18, 2)``.

    Returns:
        float64 ``(..., 4, 2)`` in pixels, NaN where no head point is present or the pose is not
        valid.
    """
    head = np.asarray(joints, dtype=np.float64)[..., list(HEAD_JOINTS), :]
    here = presence(head)
    count = here.sum(axis=-1)[..., None].astype(np.float64)
    centre = np.where(here[..., None], head, 0.0).sum(axis=-2)
    centre = centre / np.where(count > 0, count, np.nan)
    half = HEAD_HALF_SIDE * torso_lengths(joints)[..., None, None]
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], dtype=np.float64)
    quads: Float64s = centre[..., None, :] + half * corners
    return quads


def mask_quads(joints: Floats, size: tuple[int, int]) -> NDArray[np.float32]:
    """Return the quads inside which each of the ten parts is visible.

    Convention:
        The torso is the whole image, for it carries the background: the rectangle from -0.5 to
        width - 0.5 and height - 0.5. Limbs reach past wrists and ankles (e = 0.5).

    Args:
        joints: float ``(..., 18, 2)``.
        size: (height, width) of the image in pixels.

    Returns:
        float32 ``(..., 10, 4, 2)`` in pixels, NaN where a part is absent.
    """
    height, width = size
    quads = np.full((*joints.shape[:-2], NUM_PARTS, 4, 2), np.nan, dtype=np.float32)
    right, bottom = width - 0.5, height - 0.5
    quads[..., TORSO, :, :] = [[-0.5, -0.5], [right, -0.5], [right, bottom], [-0.5, bottom]]
    quads[..., HEAD, :, :] = head_quads(joints)
    quads[..., FIRST_LIMB:, :, :] = limb_quads(joints, MASK_LIMB_END)
    return quads


def points_in_quads(quads: Floats, points: Floats) -> Bools:
    """Tell which points lie inside convex quads or on their border.

    Args:
        quads: float ``(..., 4, 2)``; absent quads (NaN) hold no point.
        points: float ``(p, 2)``.

    Returns:
        bool ``(..., p)``.
    """
    corners = np.asarray(quads, dtype=np.float64)
    edges = np.roll(corners, -1, axis=-2) - corners
    to_points = np.asarray(points, dtype=np.float64) - corners[..., None, :]
    cross = edges[..., None, 0] * to_points[..., 1] - edges[..., None, 1] * to_points[..., 0]
    inside: Bools = np.asarray((cross >= 0).all(axis=-2) | (cross <= 0).all(axis=-2))
    return inside


def scale_joints(joints: Floats, old_size: tuple[int, int], new_size: tuple[int, int]) -> Float64s:
    """Follow the joints through a resize of their picture.

    Convention:
        Borders of pixels stay borders: x' = (x + 0.5) * new / old - 0.5.

    Args:
        joints: float ``(..., 2)`` points in the old picture.
        old_size: (height, width) before.
        new_size: (height, width) after.

    Returns:
        float64 ``(..., 2)`` points in the new picture.
    """
    ratio = np.array([new_size[1] / old_size[1], new_size[0] / old_size[0]])
    scaled: Float64s = (np.asarray(joints, dtype=np.float64) + 0.5) * ratio - 0.5
    return scaled
