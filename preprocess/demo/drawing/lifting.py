"""Lifting: the flat joints of an annotation become a body in space.

Convention:
    Given joints stay where they are, exactly. What the annotation leaves out comes from the
    proportions of the body. Depth is estimated: the turn of the body from the width of shoulders
    and hips and from the head, that of a limb from how much it is foreshortened.

Source: ours.
"""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from preprocess.demo.drawing.body import Angles, Build, Floats, Skeleton, skeleton, turned
from preprocess.demo.drawing.framing import TORSO_PX, framed, sample_framing
from preprocess.demo.drawing.poses import sample_angles, sample_track
from shared.geometry import presence
from shared.skeleton import HEAD_JOINTS, JOINT, MIRROR_JOINTS, TORSO_JOINTS

Marks = NDArray[np.bool_]

CHAINS = (
    ("RSho", "RElb", "RWri"),
    ("LSho", "LElb", "LWri"),
    ("RHip", "RKne", "RAnk"),
    ("LHip", "LKne", "LAnk"),
)
HEAD_TURNS, HEAD_NODS = range(-100, 101, 10), (-20, 0, 20, 40)
"""Turns and nods of the head that are tried, in degrees."""


def lifted(
    joints: Floats,
    build: Build,
    pitch: float,
    size: tuple[int, int],
    rng: np.random.Generator,
) -> Skeleton:
    """Complete the joints of one person and give them depth.

    Args:
        joints: float64 (18, 2), (x, y) in pixels, NaN where absent.
        build: Proportions of the body.
        pitch: How far the camera looks down, in radians.
        size: (height, width) of the picture.
        rng: For what the joints leave open.

    Returns:
        The skeleton; its points carry every given joint exactly.
    """
    present = presence(joints)
    if not present[[*TORSO_JOINTS, JOINT["neck"]]].any():
        angles = sample_angles(sample_track(rng), rng)
        model = framed(skeleton(angles, build, pitch), sample_framing(rng), size)
        return _with(model, _pinned(model.points, joints, present))
    unit = _unit_px(joints, build, size)
    yaw = _yaw(joints, unit, build, rng)
    model = skeleton(Angles(yaw=yaw, arm_out=(0.2, 0.2)), build, pitch).placed(unit, np.zeros(2))
    points = model.points.copy()
    _set_trunk(points, joints, present, model)
    _set_limbs(points, joints, present, model)
    chest = _chest_frame(points, model)
    head = _set_head(points, joints, present, yaw=yaw, pitch=pitch, build=build, unit=unit)
    return Skeleton(points=points, unit_px=unit, ground=model.ground, chest=chest, head=head)


def _with(model: Skeleton, points: Floats) -> Skeleton:
    return Skeleton(
        points=points,
        unit_px=model.unit_px,
        ground=model.ground,
        chest=model.chest,
        head=model.head,
        cycling=model.cycling,
    )


def _pinned(points: Floats, joints: Floats, present: Marks) -> Floats:
    """Move the points onto the given joints, keeping their depth."""
    points = points.copy()
    points[present, :2] = joints[present]
    return points


def _length(joints: Floats, a: str, b: str) -> float:
    return float(np.hypot(*(joints[JOINT[a]] - joints[JOINT[b]])))


def _unit_px(joints: Floats, build: Build, size: tuple[int, int]) -> float:
    """Estimate the torso length, from the trunk or else from the limbs."""
    trunk = [_length(joints, side + "Sho", side + "Hip") for side in "RL"]
    if np.isnan(trunk).all():
        trunk = [_length(joints, "neck", side + "Hip") for side in "RL"]
    limbs = [_length(joints, side + "Hip", side + "Kne") / build.thigh for side in "RL"]
    limbs += [_length(joints, side + "Kne", side + "Ank") / build.calf for side in "RL"]
    usual = TORSO_PX * size[0] / 128.0
    for lengths in (trunk, limbs):
        known = [length for length in lengths if np.isfinite(length)]
        if known:
            return float(np.clip(np.mean(known), 0.3 * usual, 2.0 * usual))
    return usual


def _yaw(joints: Floats, unit: float, build: Build, rng: np.random.Generator) -> float:
    """Estimate how the body is turned: shoulders and hips give the cosine, the head the side."""
    widths = [
        (joints[JOINT["LSho"], 0] - joints[JOINT["RSho"], 0]) / (unit * build.shoulder_width),
        (joints[JOINT["LHip"], 0] - joints[JOINT["RHip"], 0]) / (unit * build.hip_width),
    ]
    faced = np.isfinite(joints[list(HEAD_JOINTS[:3]), 0]).any()
    known = [width for width in widths if np.isfinite(width)]
    cosine = float(np.clip(1.15 * known[0], -1.0, 1.0)) if known else (0.8 if faced else -0.8)
    return float(np.arccos(cosine)) * _side(joints, rng)


def _side(joints: Floats, rng: np.random.Generator) -> float:
    """Tell whether the body is turned to the right of the picture (+1) or to the left (-1)."""
    base = joints[JOINT["neck"], 0]
    ears = joints[[JOINT["REar"], JOINT["LEar"]], 0]
    nose = np.nanmean(joints[list(HEAD_JOINTS[:3]), 0]) if _any_face(joints) else np.nan
    if np.isfinite(nose) and np.isfinite(ears).any():
        return 1.0 if nose > np.nanmean(ears) else -1.0
    if np.isfinite(ears).sum() == 1:  # the ear that shows is on the near side
        return 1.0 if np.isfinite(ears[0]) else -1.0
    if np.isfinite(nose) and np.isfinite(base):
        return 1.0 if nose > base else -1.0
    return float(rng.choice((-1.0, 1.0)))


def _any_face(joints: Floats) -> bool:
    return bool(np.isfinite(joints[list(HEAD_JOINTS[:3]), 0]).any())


def _set_trunk(points: Floats, joints: Floats, present: Marks, model: Skeleton) -> None:
    """Place neck, shoulders and hips; absent ones are placed relative to those present."""
    trunk = [*TORSO_JOINTS, JOINT["neck"]]
    known = [index for index in trunk if present[index]]
    shift = (joints[known] - model.points[known, :2]).mean(axis=0)
    points[:, :2] += shift
    for index in trunk:
        if present[index]:
            points[index, :2] = joints[index]
    for index in TORSO_JOINTS:
        mirror = MIRROR_JOINTS[index]
        if not present[index] and present[mirror]:
            points[index] = points[mirror] + model.points[index] - model.points[mirror]
    if not present[JOINT["neck"]]:
        points[JOINT["neck"]] = 0.5 * (points[JOINT["RSho"]] + points[JOINT["LSho"]])


def _set_limbs(points: Floats, joints: Floats, present: Marks, model: Skeleton) -> None:
    """Place arms and legs from the body outwards; a shortened limb points forward or back."""
    forward = float(np.sign(model.ground[2, 2]) or 1.0)
    for chain in CHAINS:
        for step, (inner, outer) in enumerate(itertools.pairwise(chain)):
            a, b = JOINT[inner], JOINT[outer]
            bone = model.points[b] - model.points[a]
            points[b] = points[a] + bone
            if not present[b]:
                continue
            points[b, :2] = joints[b]
            flat = float(np.hypot(*(points[b, :2] - points[a, :2])))
            deep = np.sqrt(max(float(bone @ bone) - flat**2, 0.0))
            is_calf = outer.endswith("Ank") and step == 1
            points[b, 2] = points[a, 2] + 0.6 * deep * (-forward if is_calf else forward)


def _chest_frame(points: Floats, model: Skeleton) -> Floats:
    """Compute the frame of the trunk from its corners and the estimated turn."""
    hips = 0.5 * (points[JOINT["RHip"]] + points[JOINT["LHip"]])
    down = hips - points[JOINT["neck"]]
    down[2] = float(np.hypot(down[0], down[1])) * model.ground[1, 2]
    down /= max(float(np.linalg.norm(down)), 1e-6)
    left = model.ground[0] - (model.ground[0] @ down) * down
    left /= max(float(np.linalg.norm(left)), 1e-6)
    return np.stack((left, down, np.cross(left, down)))


def _set_head(
    points: Floats,
    joints: Floats,
    present: Marks,
    *,
    yaw: float,
    pitch: float,
    build: Build,
    unit: float,
) -> Floats:
    """Turn the head so that its points fit best, place what is absent, and return its frame."""
    head = list(HEAD_JOINTS)
    upright = skeleton(Angles(), build, 0.0)
    rest = upright.points[head] - upright.points[JOINT["neck"]]
    view = turned(yaw, pitch)
    known = present[head]
    turn, nod = (grid.ravel() for grid in np.meshgrid(HEAD_TURNS, HEAD_NODS))
    if known.sum() < 2:
        turn, nod = np.zeros(1), np.full(1, 5.0)
    turns = _head_frames(np.radians(turn), np.radians(nod)) @ view.T
    flat = unit * (rest @ turns)[:, :, :2]  # choice, point, (x, y)
    shifts = np.repeat(points[None, JOINT["neck"], :2], len(turns), axis=0)
    if known.any():
        shifts = (joints[head][known] - flat[:, known]).mean(axis=1)
    missed = joints[head][known] - flat[:, known] - shifts[:, None]
    effort = np.radians(turn) ** 2 + np.radians(nod) ** 2
    errors = (missed**2).sum(axis=(1, 2)) + 0.005 * unit**2 * effort
    best = int(np.argmin(errors))
    axes: Floats = turns[best]
    points[head] = unit * (rest @ axes)
    points[head, :2] += shifts[best]
    points[head, 2] += points[JOINT["neck"], 2]
    points[head] = _pinned(points[head], joints[head], known)
    return axes


def _head_frames(turn: Floats, nod: Floats) -> Floats:
    """Compute many frames at once: :func:`frame` of (turn, nod, 0), float64 (n, 3, 3)."""
    cos, sin, zero = np.cos(turn), np.sin(turn), np.zeros_like(turn)
    nod_cos, nod_sin = np.cos(nod), np.sin(nod)
    left = np.stack((cos, zero, -sin), axis=1)
    down = np.stack((-nod_sin * sin, nod_cos, -nod_sin * cos), axis=1)
    front = np.stack((nod_cos * sin, nod_sin, nod_cos * cos), axis=1)
    return np.stack((left, down, front), axis=1)
