"""PCKh: the share of a person's joints that stand where they should.

Convention:
    Joints are float64 arrays (n, 18, 2), (x, y) in pixels, NaN where absent.
    The head box spans nose, neck, eyes and ears; an image without two of them has none and does
    not count. A joint is right where it lies nearer than the share of the box's width in x and of
    its height in y; a target's joint that was not found is wrong, a joint too many is ignored.

Source: PATN's published evaluation (Zhu et al. 2019).
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from shared.geometry import presence
from shared.skeleton import HEAD_JOINTS, JOINT
from train.metrics.protocols import PCKH_SHARE

BOX_JOINTS: Final = (*HEAD_JOINTS, JOINT["neck"])


def pckh_counts(
    found: NDArray[np.float64], target: NDArray[np.float64], share: float = PCKH_SHARE
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Count the right joints of each image and the joints that were asked for.

    The metric is the sum of the first over the sum of the second.

    Args:
        found: Joints of the generated images, (n, 18, 2).
        target: Joints that they should have, (n, 18, 2).
        share: Tolerance in sides of the target's head box.

    Returns:
        Right joints (n,) and joints asked for (n,), int64; both 0 where there is no head box.
    """
    box = head_boxes(target)
    with np.errstate(invalid="ignore"):
        near = np.all(np.abs(found - target) < share * box[:, None, :], axis=-1)
    counted = np.asarray(presence(target)) & np.all(np.isfinite(box), axis=-1, keepdims=True)
    return (near & counted).sum(1), counted.sum(1)


def head_boxes(joints: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return width and height of each head box, float64 (n, 2), NaN where there is none."""
    points = joints[:, BOX_JOINTS]
    there = np.asarray(presence(points))[..., None]
    with np.errstate(invalid="ignore"):
        largest = np.where(there, points, -np.inf).max(1)
        smallest = np.where(there, points, np.inf).min(1)
        sides = largest - smallest
    return np.where(there.sum(1) >= 2, sides, np.nan)
