"""Poses that need no data: a body of sticks in space that stands, walks and turns.

Convention:
    In space x points to the person's left, y down and z to where the person faces; the middle of
    the hips is the origin and the torso's length the unit. Seen at a yaw of 0 the person faces the
    viewer, at 90° the right edge of the picture. Poses are float64 (18, 2), (x, y) in torso
    lengths from the middle of the hips, NaN where the body hides a joint.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from shared.geometry import Float64s
from shared.skeleton import JOINT, NUM_JOINTS

HALF_HIPS: Final = 0.17
HALF_SHOULDERS: Final = 0.29
THIGH, CALF, UPPER_ARM, FOREARM = 0.72, 0.7, 0.48, 0.44
NOSE: Final = (0.0, -1.36, 0.16)
EYE: Final = (0.06, -1.43, 0.12)
EAR: Final = (0.14, -1.4, 0.0)

NUM_STEPS: Final = 12
"""Poses of one cycle of walking."""

NOSE_SEEN, EYE_SEEN, EAR_SEEN = -0.2, -0.05, -0.3
"""How far a point of the head may be turned away before the head hides it (1 is the viewer)."""


@dataclass(frozen=True, kw_only=True)
class Stance:
    """Angles of a body in degrees; pairs are (right, left), swings are positive to the front.

    Args:
        yaw: Where the person faces.
        thighs: Swing of the thighs.
        knees: How far the knees are bent.
        arms: Swing of the upper arms.
        spread: How far the upper arms stand off sideways.
        elbows: How far the forearms are bent to the front.
        forearms: How far the forearms stand off sideways; negative lies inwards.
    """

    yaw: float = 0.0
    thighs: tuple[float, float] = (0.0, 0.0)
    knees: tuple[float, float] = (2.0, 2.0)
    arms: tuple[float, float] = (0.0, 0.0)
    spread: tuple[float, float] = (9.0, 9.0)
    elbows: tuple[float, float] = (8.0, 8.0)
    forearms: tuple[float, float] = (4.0, 4.0)


def pose_of(stance: Stance) -> Float64s:
    """Return a stance as joints, seen from the front of the viewer."""
    points = np.full((NUM_JOINTS, 3), np.nan)
    for number, (side, sign) in enumerate((("R", -1.0), ("L", 1.0))):
        points[JOINT[f"{side}Hip"]] = hip = np.array([sign * HALF_HIPS, 0.0, 0.0])
        points[JOINT[f"{side}Sho"]] = shoulder = np.array([sign * HALF_SHOULDERS, -1.0, 0.0])
        swing = stance.thighs[number]
        points[JOINT[f"{side}Kne"]] = knee = hip + THIGH * _direction(swing, sign * 2)
        points[JOINT[f"{side}Ank"]] = knee + CALF * _direction(swing - stance.knees[number], 0)
        swing = stance.arms[number]
        elbow = shoulder + UPPER_ARM * _direction(swing, sign * stance.spread[number])
        points[JOINT[f"{side}Elb"]] = elbow
        bent = _direction(swing + stance.elbows[number], sign * stance.forearms[number])
        points[JOINT[f"{side}Wri"]] = elbow + FOREARM * bent
        points[JOINT[f"{side}Eye"]] = np.array([sign * EYE[0], EYE[1], EYE[2]])
        points[JOINT[f"{side}Ear"]] = np.array([sign * EAR[0], EAR[1], EAR[2]])
    points[JOINT["nose"]] = NOSE
    points[JOINT["neck"]] = (points[JOINT["RSho"]] + points[JOINT["LSho"]]) / 2
    yaw = math.radians(stance.yaw)
    points[_hidden(yaw)] = np.nan
    across = points[:, 0] * math.cos(yaw) + points[:, 2] * math.sin(yaw)
    return np.stack([across, points[:, 1]], axis=1)


def walk(yaw: float) -> list[Stance]:
    """Return one cycle of walking, :data:`NUM_STEPS` stances."""
    stances = []
    for step in range(NUM_STEPS):
        phase = 2 * math.pi * step / NUM_STEPS
        right, left = math.sin(phase), -math.sin(phase)
        # a knee bends most while its leg swings to the front
        bends = [6 + 46 * max(0.0, math.cos(phase + shift)) ** 2 for shift in (0.0, math.pi)]
        stances.append(
            Stance(
                yaw=yaw,
                thighs=(25 * right + 4, 25 * left + 4),
                knees=(bends[0], bends[1]),
                arms=(22 * left, 22 * right),
                elbows=(18 + 10 * max(0.0, left), 18 + 10 * max(0.0, right)),
            )
        )
    return stances


STANCES: Final[dict[str, Stance]] = {
    "standing": Stance(),
    "standing, half left": Stance(yaw=40),
    "standing, from the side": Stance(yaw=85, arms=(4, -4)),
    "standing, from behind": Stance(yaw=180),
    "walking to the front": walk(12)[3],
    "walking to the right": walk(80)[2],
    "walking to the left": walk(-80)[8],
    "walking away": walk(165)[9],
    "long step": Stance(yaw=70, thighs=(34, -26), knees=(8, 14), arms=(-30, 32), elbows=(20, 34)),
    "hands on hips": Stance(spread=(44, 44), forearms=(-48, -48), elbows=(12, 12)),
    "arms wide": Stance(spread=(82, 82), forearms=(86, 86), elbows=(0, 0)),
    "waving": Stance(spread=(70, 10), forearms=(160, 4), elbows=(0, 8)),
    "arms up": Stance(spread=(150, 150), forearms=(168, 168), elbows=(0, 0)),
    "one leg up": Stance(yaw=60, thighs=(70, 0), knees=(80, 2), arms=(-15, 25), elbows=(30, 40)),
}
"""What the gallery shows where no shards are given, and above them where they are."""


WALKS: Final[dict[str, float]] = {
    "walk-front": 12.0,
    "walk-right": 80.0,
    "walk-left": -80.0,
    "walk-away": 165.0,
}
"""Sequences: one cycle of walking each, by where the person faces in degrees of yaw."""


def slug_of(name: str) -> str:
    """Return a stance's name as it is typed: ``standing-half-left``."""
    return name.replace(",", "").replace(" ", "-")


def frames_of(slug: str) -> list[Float64s] | None:
    """Return the poses of a walk, or the one pose of a stance, by the name that is typed.

    Returns:
        float64 (18, 2) each, in torso lengths; None where no stance bears the name.
    """
    if slug in WALKS:
        return [pose_of(stance) for stance in walk(WALKS[slug])]
    found = {slug_of(name): stance for name, stance in STANCES.items()}.get(slug)
    return None if found is None else [pose_of(found)]


def _direction(swing: float, spread: float) -> Float64s:
    """Return the unit vector of a limb that hangs down, swung to the front and to the left."""
    front, side = math.radians(swing), math.radians(spread)
    return np.array(
        [math.sin(side), math.cos(side) * math.cos(front), math.cos(side) * math.sin(front)]
    )


def _hidden(yaw: float) -> list[int]:
    """Return the joints of the head that the head itself hides."""
    seen = {
        "nose": math.cos(yaw) - NOSE_SEEN,
        "REye": math.cos(yaw) + 0.5 * math.sin(yaw) - EYE_SEEN,
        "LEye": math.cos(yaw) - 0.5 * math.sin(yaw) - EYE_SEEN,
        "REar": math.sin(yaw) - EAR_SEEN,
        "LEar": -math.sin(yaw) - EAR_SEEN,
    }
    return [JOINT[name] for name, how_much in seen.items() if how_much < 0]
