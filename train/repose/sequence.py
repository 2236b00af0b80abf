"""Key points over time: what is missing carried over, the rest smoothed without lag.

Convention:
    A joint that is absent in a frame lies on the straight line between the frames before and after
    that have it; before the first and after the last of these it stays where it is. A joint that
    no frame has stays absent. Then every coordinate is averaged over its neighbours in time with
    the weights of a Gaussian that is cut at three deviations and, at both ends, to the frames that
    exist. The weights are symmetrical, so that no movement comes late.
"""

from __future__ import annotations

import math

import numpy as np

from shared.geometry import Float64s


def filled(joints: Float64s) -> Float64s:
    """Carry missing joints over from the frames that have them.

    Args:
        joints: float64 (frames, 18, 2), NaN where absent.

    Returns:
        The same, NaN only for joints that no frame has.
    """
    result = np.array(joints, np.float64)
    times = np.arange(len(joints))
    for joint in range(joints.shape[1]):
        known = np.isfinite(joints[:, joint]).all(axis=-1)
        if known.any():
            for axis in range(2):
                values = joints[known, joint, axis]
                result[:, joint, axis] = np.interp(times, times[known], values)
    return result


def smoothed(joints: Float64s, deviation_frames: float) -> Float64s:
    """Average key points over time.

    Args:
        joints: float64 (frames, 18, 2), each joint in all frames or in none.
        deviation_frames: Deviation of the Gaussian; 0 changes nothing.
    """
    if deviation_frames == 0:
        return joints
    times = np.arange(len(joints))
    apart = times[:, None] - times
    weights = np.exp(-((apart / deviation_frames) ** 2) / 2)
    weights[np.abs(apart) > math.ceil(3 * deviation_frames)] = 0
    weights /= weights.sum(axis=1, keepdims=True)
    averaged: Float64s = np.einsum("ts,sjc->tjc", weights, joints)
    return averaged
