"""Moments of the varied worlds: what people do, with more unrest than in the demo."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import numpy as np

from preprocess.demo.drawing.body import Angles, Pair
from preprocess.demo.drawing.poses import Track, sample_angles
from preprocess.demo.drawing.varied.chance import between, one_of
from preprocess.demo.drawing.varied.ranges import Range, Ranges

QUARTERS: Final = {"0": 0.36, "1": 0.18, "2": 0.28, "3": 0.18}
"""Shares of front, one side, back and the other side."""
GESTURE_SHARES: Final = {
    "none": 0.66, "telephone": 0.09, "pockets": 0.08, "crossed": 0.05, "raised": 0.03,
    "behind": 0.05, "reaching": 0.04,
}  # fmt: skip
POCKET: Final = ((-0.2, -0.1), (0.4, 0.8), (0.3, 0.4))
BACK: Final = ((-0.5, -0.4), (0.05, 0.2), (0.6, 0.8))
GESTURES: Final[Mapping[str, tuple[tuple[Range, Range, Range], ...]]] = {
    "none": (),
    "telephone": (((0.1, 0.9), (1.6, 2.5), (0.0, 0.6)),),
    "pockets": (POCKET, POCKET),
    "crossed": (((0.2, 0.3), (1.3, 1.7), (1.05, 1.15)), ((0.2, 0.3), (1.3, 1.7), (0.95, 1.05))),
    "raised": (((1.8, 2.8), (0.0, 0.9), (0.0, 0.1)),),
    "behind": (BACK, BACK),
    "reaching": (((0.7, 1.6), (0.0, 0.5), (0.0, 0.2)),),
}
"""Arm, elbow and inward turn of one hand, or of one and then the other, in radians."""


def varied_track(rng: np.random.Generator, ranges: Ranges) -> Track:
    """Draw the heading and the activity of a passer-by."""
    heading = int(one_of(rng, QUARTERS)) * np.pi / 2 + float(rng.normal(0.0, ranges.headings))
    return Track(
        kind=one_of(rng, ranges.activities),
        yaw=float(heading),
        vigour=between(rng, (0.35, 1.3)),
        carrying_hand=int(rng.integers(3)),
    )


def varied_angles(track: Track, rng: np.random.Generator, ranges: Ranges) -> Angles:
    """Draw one moment of a track."""
    if track.kind == "run":
        angles = _running(track, rng)
    elif track.kind == "turn":
        walking = sample_angles(replace(track, kind="walk"), rng)
        angles = replace(walking, twist=float(rng.normal(0.0, 0.5)), head_turn=rng.normal(0, 0.7))
    else:
        angles = sample_angles(track, rng)
    if angles.cycling:
        return replace(angles, yaw=angles.yaw + float(rng.normal(0.0, 0.15)))
    return _restless(_gesturing(angles, rng), rng, ranges.unrest)


def _running(track: Track, rng: np.random.Generator) -> Angles:
    fast = replace(track, kind="walk", vigour=between(rng, (1.3, 1.8)))
    angles = sample_angles(fast, rng)
    bend = between(rng, (1.1, 1.7))
    return replace(angles, lean=between(rng, (0.08, 0.3)), elbow=(bend, bend))


def _gesturing(angles: Angles, rng: np.random.Generator) -> Angles:
    """Let one or both hands do something else than swing."""
    gesture, first = GESTURES[one_of(rng, GESTURE_SHARES)], int(rng.integers(2))
    for number, (arm, elbow, inward) in enumerate(gesture):
        hand = (first + number) % 2
        bends = (between(rng, arm), between(rng, elbow), between(rng, inward))
        angles = _with_hand(angles, hand, bends)
    return angles


def _with_hand(angles: Angles, hand: int, bends: tuple[float, float, float]) -> Angles:
    """Set arm, elbow and inward turn of one hand."""

    def put(pair: Pair, value: float) -> Pair:
        return (value, pair[1]) if hand == 0 else (pair[0], value)

    arm, elbow, inward = bends
    return replace(
        angles,
        arm=put(angles.arm, arm),
        elbow=put(angles.elbow, elbow),
        inward=put(angles.inward, inward),
    )


def _restless(angles: Angles, rng: np.random.Generator, spread: float) -> Angles:
    """Move every joint a little."""

    def moved(pair: Pair, share: float, least: float = -4.0) -> Pair:
        right, left = rng.normal(0.0, share * spread, 2)
        return max(pair[0] + float(right), least), max(pair[1] + float(left), least)

    return replace(
        angles,
        lean=angles.lean + float(rng.normal(0.0, 0.4 * spread)),
        sway=angles.sway + float(rng.normal(0.0, 0.35 * spread)),
        twist=angles.twist + float(rng.normal(0.0, spread)),
        head_turn=angles.head_turn + float(rng.normal(0.0, 1.5 * spread)),
        head_nod=angles.head_nod + float(rng.normal(0.0, 1.2 * spread)),
        thigh=moved(angles.thigh, 0.8),
        knee=moved(angles.knee, 1.0, 0.0),
        spread=moved(angles.spread, 0.3),
        arm=moved(angles.arm, 1.6),
        arm_out=moved(angles.arm_out, 0.9, -0.05),
        elbow=moved(angles.elbow, 1.6, 0.0),
        inward=moved(angles.inward, 1.2),
    )
