"""A pose of another picture, brought to the size and place of the person who is to take it.

Convention:
    Nothing of the pose itself changes: it is scaled alike in both directions and moved. The scale
    makes the two bodies as large as each other: torso, longest thigh and longest calf, as far as
    both poses have them. The lowest ankles come to stand on one height, or the middles of the hips
    where one of the two poses shows no ankle; the middles of the hips stand above each other. A
    sequence has one scale and one height, the medians of its frames, and walks on the spot: only
    sideways does every frame move by itself.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from shared.geometry import Float64s, torso_lengths, valid_poses
from shared.skeleton import JOINT

_ANKLES: Final = [JOINT["RAnk"], JOINT["LAnk"]]
_HIPS: Final = [JOINT["RHip"], JOINT["LHip"]]
_LIMBS: Final = (
    ((JOINT["RHip"], JOINT["RKne"]), (JOINT["LHip"], JOINT["LKne"])),
    ((JOINT["RKne"], JOINT["RAnk"]), (JOINT["LKne"], JOINT["LAnk"])),
)


def placed(source: Float64s, targets: Float64s) -> Float64s:
    """Bring poses to a person.

    Args:
        source: float64 (18, 2), the person's pose in pixels of the photo.
        targets: float64 (frames, 18, 2) in pixels of their own pictures; frames without hips and
            shoulders are left out of the medians and have no joints afterwards.

    Returns:
        float64 (frames, 18, 2) in pixels of the photo.
    """
    valid = valid_poses(targets)
    whole = targets[valid]
    scale = np.median(_scales(source, whole))
    scaled = scale * whole
    both_stand = np.isfinite(source[_ANKLES, 1]).any() & np.isfinite(whole[:, _ANKLES, 1]).any()
    drop = np.median(_heights(source[None], standing=bool(both_stand))) - np.nanmedian(
        _heights(scaled, standing=bool(both_stand))
    )
    across = source[_HIPS, 0].mean() - scaled[:, _HIPS, 0].mean(axis=1)
    moved = np.full_like(targets, np.nan, dtype=np.float64)
    moved[valid] = scaled + np.stack([across, np.full_like(across, drop)], axis=-1)[:, None]
    return moved


def body_length(pose: Float64s) -> float:
    """Estimate how long a torso would be if the person stood upright, in pixels.

    A torso that bends towards the camera is short; thighs and calves then tell the person's size.

    Args:
        pose: float64 (18, 2) with hips and shoulders.
    """
    parts = _lengths(pose[None])[0]
    return float(np.nanmax([parts[0], 0.9 * parts[1], 0.9 * parts[2]]))


def _scales(source: Float64s, targets: Float64s) -> Float64s:
    """Return the ratio of the bodies' lengths, in the parts that both have."""
    own, others = _lengths(source[None]), _lengths(targets)
    both = np.isfinite(own) & np.isfinite(others)
    ratio: Float64s = np.where(both, own, 0).sum(axis=1) / np.where(both, others, 0).sum(axis=1)
    return ratio


def _lengths(poses: Float64s) -> Float64s:
    """Measure torso, longest thigh and longest calf: (frames, 3), NaN where absent."""
    columns = [torso_lengths(poses)]
    for sides in _LIMBS:
        both = [np.linalg.norm(poses[:, start] - poses[:, end], axis=-1) for start, end in sides]
        columns.append(np.fmax(both[0], both[1]))
    return np.stack(columns, axis=1)


def _heights(poses: Float64s, *, standing: bool) -> Float64s:
    """Return y of the lowest ankle, or of the hips' middle: (frames,), NaN where absent."""
    if standing:
        right, left = (poses[:, ankle, 1] for ankle in _ANKLES)
        lowest: Float64s = np.fmax(right, left)
        return lowest
    middle: Float64s = poses[:, _HIPS, 1].mean(axis=1)
    return middle
