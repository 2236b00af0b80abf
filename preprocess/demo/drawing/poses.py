"""Poses of pedestrians as joint angles: walking, standing, carrying, cycling.

Convention:
    All randomness comes from the generator that is passed in. Angles are in radians, pairs are
    (right, left). A track is what a camera sees of one passer-by: heading and activity stay, the
    phase of the step moves on from image to image.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from preprocess.demo.drawing.body import Angles, Pair

KINDS = ("walk", "stand", "carry", "cycle")
KIND_SHARES = (0.65, 0.14, 0.155, 0.055)
FRONT_SHARE, BACK_SHARE = 0.37, 0.27
"""Of the headings; the rest is seen from the side, as often from the right as from the left."""
HEADING_SPREAD, HEADING_LIMIT = 0.42, 0.78
LEAST_TURN = 0.30
"""How far, at least, somebody who is seen from the side is turned to the camera or away from it.

In the published annotations shoulders that lie in one line with the hips are rare; who is seen from
the side still shows a part of the chest or of the back.
"""
PLASTIC = 1.32471795724


@dataclass(frozen=True, kw_only=True)
class Track:
    """How one person crosses one camera's view."""

    kind: str
    yaw: float
    vigour: float
    """Factor on the length of the steps."""
    carrying_hand: int
    """0 right, 1 left, 2 both."""


def sample_track(rng: np.random.Generator, turn: float | None = None) -> Track:
    """Draw the heading and the activity of a passer-by.

    Args:
        rng: Where chance comes from.
        turn: Place in the distribution of headings, 0 to 1; from chance by default.
    """
    place = float(rng.random()) if turn is None else turn
    kind = KINDS[int(rng.choice(len(KINDS), p=KIND_SHARES))]
    return Track(
        kind=kind,
        yaw=_heading(place),
        vigour=float(rng.uniform(0.75, 1.2)),
        carrying_hand=int(rng.integers(3)),
    )


def spread_turn(seed: int, identity: int, camera: int) -> float:
    """Choose a place in the distribution of headings so that even few tracks cover all of it.

    Source: the additive recurrence with the plastic number (M. Roberts, "The Unreasonable
    Effectiveness of Quasirandom Sequences", 2018).
    """
    return (0.137 * seed + identity / PLASTIC + camera / PLASTIC**2) % 1.0


def sample_angles(track: Track, rng: np.random.Generator) -> Angles:
    """Draw one moment of a track."""
    yaw = track.yaw + float(rng.normal(0.0, 0.10))
    head = float(np.clip(rng.normal(0.0, 0.30), -0.9, 0.9))
    nod = float(rng.normal(0.08, 0.10))
    if track.kind == "cycle":
        return _cycling(yaw, 0.5 * head, rng)
    if track.kind == "stand":
        return _standing(yaw, head, nod, rng)
    walking = _walking(yaw, head, nod, track, rng)
    return _carrying(walking, track, rng) if track.kind == "carry" else walking


def _heading(place: float) -> float:
    """The yaw at a place in the distribution: clustered around the four main headings."""
    side = (1.0 - FRONT_SHARE - BACK_SHARE) / 2
    for quarter, share in enumerate((FRONT_SHARE, side, BACK_SHARE, side)):
        if place < share or quarter == 3:
            break
        place -= share
    within = min(max(place / share, 0.02), 0.98)
    aside = HEADING_SPREAD * NormalDist().inv_cdf(within)
    aside = min(max(aside, -HEADING_LIMIT), HEADING_LIMIT)
    if quarter % 2:  # from the side
        far = LEAST_TURN + (1.0 - LEAST_TURN / HEADING_LIMIT) * abs(aside)
        aside = far if aside > 0 else -far
    return quarter * np.pi / 2 + aside


def _walking(yaw: float, head: float, nod: float, track: Track, rng: np.random.Generator) -> Angles:
    phase = rng.uniform(0.0, 2.0 * np.pi)
    legs = [_step(phase + shift, track.vigour) for shift in (0.0, np.pi)]
    swing = 0.38 * track.vigour * np.sin(phase)
    elbow = rng.uniform(0.1, 0.5)
    return Angles(
        yaw=yaw,
        lean=float(rng.normal(0.06, 0.04)),
        sway=float(rng.normal(0.0, 0.025)),
        twist=float(-0.14 * track.vigour * np.sin(phase)),
        head_turn=head,
        head_nod=nod,
        thigh=(legs[0][0], legs[1][0]),
        knee=(legs[0][1], legs[1][1]),
        spread=_pair(rng, 0.02, 0.035),
        arm=(float(-swing + rng.normal(0.0, 0.12)), float(swing + rng.normal(0.0, 0.12))),
        arm_out=_pair(rng, 0.30, 0.13),
        elbow=(float(elbow + 0.25 * max(-swing, 0)), float(elbow + 0.25 * max(swing, 0))),
        inward=_pair(rng, 0.06, 0.20),
    )


def _step(phase: float, vigour: float) -> Pair:
    """The swing of the thigh and the bend of the knee at a phase of the step."""
    thigh = 0.06 + 0.44 * vigour * np.sin(phase)
    lifted = max(0.0, np.cos(phase - 0.25))
    return float(thigh), float(0.10 + 0.95 * vigour * lifted**2)


def _standing(yaw: float, head: float, nod: float, rng: np.random.Generator) -> Angles:
    arms = _pair(rng, 0.05, 0.15)
    elbows = _pair(rng, 0.25, 0.15)
    inward = _pair(rng, 0.1, 0.15)
    if rng.random() < 0.35:  # looks at a telephone or has a hand at the face
        hand = int(rng.integers(2))
        arms = _replaced(arms, hand, float(rng.uniform(0.1, 0.7)))
        elbows = _replaced(elbows, hand, float(rng.uniform(1.3, 2.2)))
        inward = _replaced(inward, hand, float(rng.uniform(0.2, 0.7)))
    return Angles(
        yaw=yaw,
        lean=float(rng.normal(0.02, 0.04)),
        sway=float(rng.normal(0.0, 0.04)),
        head_turn=1.3 * head,
        head_nod=nod,
        thigh=_pair(rng, 0.03, 0.08),
        knee=_pair(rng, 0.08, 0.05),
        spread=_pair(rng, 0.05, 0.06),
        arm=arms,
        arm_out=_pair(rng, 0.28, 0.13),
        elbow=elbows,
        inward=inward,
    )


def _carrying(walking: Angles, track: Track, rng: np.random.Generator) -> Angles:
    """Let a walker hold something before the body with one hand or both."""
    arm, elbow, inward = walking.arm, walking.elbow, walking.inward
    for hand in (0, 1):
        if track.carrying_hand in (hand, 2):
            arm = _replaced(arm, hand, float(rng.normal(0.05, 0.15)))
            elbow = _replaced(elbow, hand, float(rng.uniform(0.9, 1.9)))
            inward = _replaced(inward, hand, float(rng.uniform(0.0, 0.7)))
    fields = {**walking.__dict__, "arm": arm, "elbow": elbow, "inward": inward}
    return Angles(**fields)


def _cycling(yaw: float, head: float, rng: np.random.Generator) -> Angles:
    phase = rng.uniform(0.0, 2.0 * np.pi)
    thigh, knee = [], []
    for shift in (0.0, np.pi):
        lift = 0.5 + 0.5 * np.sin(phase + shift)
        thigh.append(float(0.55 + 0.75 * lift))
        knee.append(float(0.55 + 0.95 * lift))
    lean = float(rng.uniform(0.15, 0.5))
    reach = float(rng.uniform(0.6, 0.9))
    return Angles(
        yaw=yaw,
        lean=lean,
        head_turn=head,
        head_nod=-0.2 * lean,
        thigh=(thigh[0], thigh[1]),
        knee=(knee[0], knee[1]),
        spread=_pair(rng, 0.06, 0.03),
        arm=(reach, reach),
        arm_out=_pair(rng, 0.2, 0.06),
        elbow=_pair(rng, 0.45, 0.12),
        inward=_pair(rng, 0.05, 0.05),
        cycling=True,
    )


def _pair(rng: np.random.Generator, mean: float, spread: float) -> Pair:
    right, left = rng.normal(mean, spread, 2)
    return float(right), float(left)


def _replaced(pair: Pair, index: int, value: float) -> Pair:
    return (value, pair[1]) if index == 0 else (pair[0], value)
