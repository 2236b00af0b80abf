"""One affine for the whole body, fitted on the device to a batch's joints.

The method is that of :mod:`shared.least_squares`, total least squares in closed form, written for
a few problems of few points and without waiting for the device.
"""

from __future__ import annotations

import torch
from torch import Tensor

from shared.least_squares import NEWTON_STEPS_HARD, SINGULAR
from shared.skeleton import JOINT, TORSO_JOINTS
from train.nets.constants import no_transform, picked

BODY_JOINTS = (*TORSO_JOINTS, JOINT["RKne"], JOINT["LKne"])
"""Hips, shoulders and knees."""

FEWEST = 3
"""Points that fix an affine."""


def body_transforms(source_joints: Tensor, target_joints: Tensor) -> tuple[Tensor, Tensor]:
    """Fit one affine a pair to the hips, shoulders and knees that both poses have.

    Args:
        source_joints: float ``(b, 18, 2)``, pixels, NaN where absent.
        target_joints: The same of the targets.

    Returns:
        float64 ``(b, 2, 3)``, target -> source in pixels, and bool ``(b,)``: where the points fix
        one. Elsewhere it is the mark of a missing transform.
    """
    source = picked(source_joints, BODY_JOINTS).double()
    target = picked(target_joints, BODY_JOINTS).double()
    counted = (torch.isfinite(source) & torch.isfinite(target)).all(dim=-1)
    return fitted(source, target, counted)


def fitted(source: Tensor, target: Tensor, counted: Tensor) -> tuple[Tensor, Tensor]:
    """Fit one affine a pair to the points that count.

    Args:
        source: float64 ``(b, k, 2)``, pixels.
        target: float64 ``(b, k, 2)``.
        counted: bool ``(b, k)``, the points that both have.

    Returns:
        As :func:`body_transforms`.
    """
    counted = counted[..., None]
    number = counted.sum(dim=1).double()
    points, centre, scale = _normalised(target, counted, number)
    images, image_centre, image_scale = _normalised(source, counted, number)
    small, large, axes = _principal(points)
    across, along = (small[..., None] * images).sum(1), (large[..., None] * images).sum(1)
    smallest, largest = small.square().sum(1), large.square().sum(1)
    pulls = across.square().sum(1), along.square().sum(1)
    root = _smallest_root(smallest, largest, 2 * number[:, 0], *pulls)
    across = across / (smallest - root)[:, None]
    along = along / (largest - root)[:, None]
    linear = across[:, :, None] * axes[:, None, 0] + along[:, :, None] * axes[:, None, 1]
    linear = linear * (scale / image_scale)[..., None]
    shift = image_centre[..., None] - linear @ centre[..., None]
    transforms = torch.cat([linear, shift], dim=-1)
    spread = _principal(images)[0].square().sum(1)
    good = (torch.minimum(smallest, spread) >= SINGULAR) & (number[:, 0] >= FEWEST)
    good &= torch.isfinite(transforms).all(dim=-1).all(dim=-1)
    return torch.where(good[:, None, None], transforms, no_transform(transforms)), good


def _normalised(points: Tensor, counted: Tensor, number: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Centre the counted points ``(b, k, 2)`` and scale them to a root mean square of sqrt(2)."""
    centre = torch.where(counted, points, 0.0).sum(1) / number
    points = torch.where(counted, points - centre[:, None], 0.0)
    scale = (2 * number / points.square().sum((1, 2))[:, None]).sqrt()
    return points * scale[..., None], centre, scale


def _principal(points: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Turn points into the axes of their scatter.

    Returns:
        The coordinates ``(b, k)`` along the small and the large axis, and the axes ``(b, 2, 2)``,
        small first.
    """
    x, y = points.unbind(-1)
    cosine, sine = _half_angle((x * x).sum(1) - (y * y).sum(1), 2 * (x * y).sum(1))
    axes = torch.stack([-sine, cosine, cosine, sine], dim=-1).view(-1, 2, 2)
    cosine, sine = cosine[:, None], sine[:, None]
    return cosine * y - sine * x, cosine * x + sine * y, axes


def _half_angle(across: Tensor, along: Tensor) -> tuple[Tensor, Tensor]:
    """Return cosine and sine of half the angle of a vector; no arc is computed, nothing cancels."""
    length = (across.square() + along.square()).sqrt()
    large = ((length + across.abs()) / (2 * length)).sqrt()
    large = torch.where(length > 0, large, 1.0)
    small = torch.where(length > 0, along.abs() / (2 * length * large), 0.0)
    sine = torch.where(across >= 0, small, large)
    return torch.where(across >= 0, large, small), torch.where(along < 0, -sine, sine)


def _smallest_root(
    smallest: Tensor, largest: Tensor, twice: Tensor, across: Tensor, along: Tensor
) -> Tensor:
    """Climb from 0 by Newton's method, as :mod:`shared.least_squares`; a settled root stays."""
    root = torch.zeros_like(smallest)
    for _ in range(NEWTON_STEPS_HARD):
        a, b, c = smallest - root, largest - root, twice - root
        slope = across + along - a * b - a * c - b * c
        step = -(a * b * c - across * b - along * a) / slope
        root = torch.where(torch.isfinite(step), root + step, root)
    return root
