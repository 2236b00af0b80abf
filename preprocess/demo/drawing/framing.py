"""Framing: how a detector's box sits on a person.

Source: ours; the spread follows the published annotations of Market-1501.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from preprocess.demo.drawing.body import Skeleton
from shared.skeleton import JOINT

CROP_SIZE = (128, 64)
"""(height, width) of the crops of Market-1501; the numbers below are pixels of these."""
TORSO_PX = 39.4
CYCLIST_SHRINKS = 0.86
CROWD_TORSOS = (0.17, 0.25)
"""Least and greatest torso of people who share a picture, as a share of its height."""
LEGS_BELOW_NECK = 2.6
"""From the neck to the soles, in torso lengths."""


@dataclass(frozen=True, kw_only=True)
class Framing:
    """How a crop cuts a person out of the scene: where the body is and how large.

    The values are shares of the crop's height; the body's middle counts from that of the crop.
    """

    middle_x: float
    neck_y: float
    torso: float


def sample_framing(rng: np.random.Generator) -> Framing:
    """Draw how a detector's box sits on a person: mostly well, sometimes loose or shifted."""
    torso = TORSO_PX * np.exp(rng.normal(0.0, 0.06))
    middle_x, neck_y = rng.normal(0.0, 2.6), rng.normal(24.8, 1.8)
    kind = rng.random()
    if kind < 0.10:  # a loose box
        torso = TORSO_PX * rng.uniform(0.66, 0.92)
        neck_y = rng.uniform(24.0, 44.0)
        middle_x = rng.normal(0.0, 7.0)
    elif kind < 0.17:  # too low: the feet are in, the head is cut
        neck_y = rng.uniform(6.0, 18.0)
    elif kind < 0.25:  # too high or too close: the feet are cut
        torso *= rng.uniform(1.1, 1.32)
        neck_y = rng.uniform(25.0, 34.0)
    elif kind < 0.30:  # shifted sideways
        middle_x = rng.choice((-1.0, 1.0)) * rng.uniform(8.0, 18.0)
    height = float(CROP_SIZE[0])
    return Framing(middle_x=middle_x / height, neck_y=(neck_y + 0.5) / height, torso=torso / height)


def framed(body: Skeleton, framing: Framing, size: tuple[int, int]) -> Skeleton:
    """Put a skeleton into a crop of (height, width)."""
    height, width = size
    factor = framing.torso * height / body.unit_px
    if body.cycling:
        factor *= CYCLIST_SHRINKS
    neck = body.points[JOINT["neck"], :2] * factor
    hips = body.points[[JOINT["RHip"], JOINT["LHip"]], 0].mean() * factor
    goal_x = 0.5 * (width - 1) + framing.middle_x * height
    shift = (goal_x - 0.7 * neck[0] - 0.3 * hips, framing.neck_y * height - 0.5 - neck[1])
    return body.placed(factor, np.array(shift))


def sample_spoiled_framing(rng: np.random.Generator) -> Framing:
    """Draw a box that misses its person: a part of the body only, or somebody at the edge."""
    height, width = CROP_SIZE
    if rng.random() < 0.5:  # a part of the body
        torso = TORSO_PX * rng.uniform(1.2, 2.4)
        neck_y = rng.uniform(-60.0, 60.0)
        middle_x = rng.normal(0.0, 14.0)
    else:  # at the edge
        torso = TORSO_PX * rng.uniform(0.5, 1.1)
        neck_y = rng.uniform(10.0, 70.0)
        middle_x = rng.choice((-1.0, 1.0)) * rng.uniform(0.35 * width, 0.6 * width)
    return Framing(middle_x=middle_x / height, neck_y=(neck_y + 0.5) / height, torso=torso / height)


def crowd_framings(rng: np.random.Generator, people: int, size: tuple[int, int]) -> list[Framing]:
    """Draw where several people stand in a picture: side by side, the smaller the farther."""
    places = (rng.permutation(people) + 0.5) / people - 0.5
    framings = []
    for place in places:
        torso = float(rng.uniform(*CROWD_TORSOS))
        feet = 0.97 - 1.5 * (CROWD_TORSOS[1] - torso)
        aside = place * size[1] / size[0] + rng.normal(0.0, 0.02)
        neck = feet - LEGS_BELOW_NECK * torso
        framings.append(Framing(middle_x=float(aside), neck_y=float(neck), torso=torso))
    return framings
