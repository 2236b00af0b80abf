"""Statistics of poses and colours: how near a drawn data set comes to the published one.

Convention:
    Shares and spreads are in percent. A spread is the standard deviation of a coordinate over all
    pictures that have the joint, as a share of the picture's width or height. A view counts as
    from the side where the shoulders are less than ``SIDE_WIDTH`` torso lengths apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared.geometry import presence, torso_lengths, valid_poses
from shared.skeleton import JOINT

Floats = NDArray[np.float64]
SIDE_WIDTH = 0.60
"""What shoulders 0.85 apart show when the body is turned by 45°."""


@dataclass(frozen=True, kw_only=True)
class PoseStatistics:
    """How joints are present and spread; all in percent.

    Attributes:
        missing: float64 (18,), pictures without the joint.
        spread: float64 (18, 2), of x and y.
        valid: Pictures that may be paired.
        side, front, back: Views among the valid ones.
    """

    missing: Floats
    spread: Floats
    valid: float
    side: float
    front: float
    back: float


def pose_statistics(joints: Floats, size: tuple[int, int]) -> PoseStatistics:
    """Measure poses.

    Args:
        joints: float64 (n, 18, 2), (x, y) in pixels, NaN where absent.
        size: (height, width) of the pictures.
    """
    height, width = size
    present = presence(joints)
    valid = valid_poses(joints)
    able = joints[valid]
    across = able[:, JOINT["LSho"], 0] - able[:, JOINT["RSho"], 0]
    shown = across / torso_lengths(able)
    return PoseStatistics(
        missing=100.0 * (1.0 - present.mean(axis=0)),
        spread=100.0 * np.nanstd(joints, axis=0) / (width, height),
        valid=100.0 * float(valid.mean()),
        side=100.0 * float((np.abs(shown) < SIDE_WIDTH).mean()),
        front=100.0 * float((shown >= SIDE_WIDTH).mean()),
        back=100.0 * float((shown <= -SIDE_WIDTH).mean()),
    )


@dataclass(frozen=True, kw_only=True)
class ColourSpread:
    """Standard deviations of the trunk's mean colour, averaged over R, G and B (0 to 255)."""

    within: float
    """Over the pictures of one person, averaged over the people."""
    between: float
    """Over the people's mean colours."""


def colour_spread(
    images: Sequence[NDArray[np.uint8]], joints: Floats, identities: NDArray[np.int64]
) -> ColourSpread:
    """Measure how the colour of the clothes varies within and between people.

    Args:
        images: Pictures, each uint8 (height, width, 3).
        joints: float64 (n, 18, 2), true ones.
        identities: int64 (n,).
    """
    colours = np.array([_trunk_colour(*pair) for pair in zip(images, joints, strict=True)])
    people = [colours[identities == number] for number in np.unique(identities)]
    within = np.mean([np.nanstd(person, axis=0) for person in people])
    between = np.nanstd([np.nanmean(person, axis=0) for person in people], axis=0).mean()
    return ColourSpread(within=float(within), between=float(between))


def _trunk_colour(image: NDArray[np.uint8], joints: Floats) -> Floats:
    """Return the mean colour around the middle of the trunk, NaN where that is outside."""
    neck = joints[JOINT["neck"]]
    hips = 0.5 * (joints[JOINT["RHip"]] + joints[JOINT["LHip"]])
    x, y = np.rint(0.5 * (neck + hips)).astype(int)
    reach = max(int(0.12 * np.hypot(*(hips - neck))), 1)
    patch = image[max(y - 2 * reach, 0) : y + 2 * reach + 1, max(x - reach, 0) : x + reach + 1]
    if not patch.size:
        return np.full(3, np.nan)
    colour: Floats = patch.reshape(-1, 3).mean(axis=0)
    return colour
