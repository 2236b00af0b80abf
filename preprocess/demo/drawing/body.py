"""The articulated body: joint angles become 18 points in space, seen by a camera.

Convention:
    Lengths of the body are in torso lengths (neck to the middle of the hips = 1). View space has x
    to the right, y down and z towards the viewer. Yaw 0 faces the viewer, +90° faces the right
    edge of the picture, 180° shows the back. Pairs of angles are (right, left), in radians.

Source: ours; the proportions follow the published annotations of Market-1501.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared.skeleton import JOINT, NUM_JOINTS

Floats = NDArray[np.float64]
Pair = tuple[float, float]

SIDES = ("R", "L")
SIGNS = (-1.0, 1.0)
"""A frontal person's right side lies at smaller x, the left one at larger x."""


@dataclass(frozen=True, kw_only=True)
class Build:
    """Proportions of one person, in torso lengths."""

    shoulder_width: float = 0.82
    hip_width: float = 0.46
    thigh: float = 0.78
    calf: float = 0.75
    upper_arm: float = 0.57
    forearm: float = 0.49
    girth: float = 1.0
    """Factor on every radius of trunk and limbs."""
    waist: float = 1.0
    """Factor on the waist alone."""
    head: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Angles:
    """A pose as joint angles; forward is positive unless said otherwise."""

    yaw: float = 0.0
    lean: float = 0.0
    """Of the trunk, forward."""
    sway: float = 0.0
    """Of the trunk, to the person's left."""
    twist: float = 0.0
    """Of the shoulders against the hips."""
    head_turn: float = 0.0
    head_nod: float = 0.0
    thigh: Pair = (0.0, 0.0)
    spread: Pair = (0.03, 0.03)
    """Of the thighs, outwards."""
    knee: Pair = (0.0, 0.0)
    """Bend; the calf goes backwards."""
    arm: Pair = (0.0, 0.0)
    arm_out: Pair = (0.12, 0.12)
    elbow: Pair = (0.2, 0.2)
    """Bend; the forearm goes forward."""
    inward: Pair = (0.0, 0.0)
    """Of the forearm, across the body."""
    cycling: bool = False


@dataclass(frozen=True, kw_only=True)
class Skeleton:
    """A posed body in view space.

    Attributes:
        points: float64 (18, 3); x, y in pixels of the picture, z in pixels towards the viewer.
        unit_px: One torso length in pixels.
        ground, chest, head: float64 (3, 3) frames of the legs, the trunk and the head; their rows
            are the unit vectors to the person's left, down and forward.
        cycling: Whether a bicycle belongs to the pose.
    """

    points: Floats
    unit_px: float
    ground: Floats
    chest: Floats
    head: Floats
    cycling: bool = False

    def point(self, name: str) -> Floats:
        """Return one joint, float64 (3,)."""
        point: Floats = self.points[JOINT[name]]
        return point

    @property
    def mid_hips(self) -> Floats:
        """The middle of the hips, float64 (3,)."""
        return 0.5 * (self.point("RHip") + self.point("LHip"))

    def placed(self, factor: float, shift: Floats) -> Skeleton:
        """Return the skeleton scaled about the origin and then shifted by (x, y)."""
        points = self.points * factor
        points[:, :2] += shift
        return Skeleton(
            points=points,
            unit_px=self.unit_px * factor,
            ground=self.ground,
            chest=self.chest,
            head=self.head,
            cycling=self.cycling,
        )


def turned(yaw: float, pitch: float) -> Floats:
    """The matrix from body to view space of a body turned by yaw, seen from above by pitch.

    Returns:
        float64 (3, 3), to be multiplied with column vectors.
    """
    cos, sin = np.cos(yaw), np.sin(yaw)
    about_height = np.array([[cos, 0.0, sin], [0.0, 1.0, 0.0], [-sin, 0.0, cos]])
    cos, sin = np.cos(pitch), np.sin(pitch)
    looking_down = np.array([[1.0, 0.0, 0.0], [0.0, cos, sin], [0.0, -sin, cos]])
    view: Floats = looking_down @ about_height
    return view


def frame(yaw: float, lean: float, sway: float) -> Floats:
    """A frame inside the body: rows left, down, forward; lean tips it forward, sway left."""
    cos, sin = np.cos(lean), np.sin(lean)
    tipped = np.array([[1.0, 0.0, 0.0], [0.0, cos, -sin], [0.0, sin, cos]])
    cos, sin = np.cos(sway), np.sin(sway)
    swayed = np.array([[cos, sin, 0.0], [-sin, cos, 0.0], [0.0, 0.0, 1.0]])
    cos, sin = np.cos(yaw), np.sin(yaw)
    twisted = np.array([[cos, 0.0, -sin], [0.0, 1.0, 0.0], [sin, 0.0, cos]])
    axes: Floats = swayed @ tipped @ twisted
    return axes


def skeleton(angles: Angles, build: Build, pitch: float) -> Skeleton:
    """Pose a body.

    Args:
        angles: The pose.
        build: The body's proportions.
        pitch: How far the camera looks down, in radians.

    Returns:
        The skeleton with the middle of the hips at the origin and a unit of 1.
    """
    chest = frame(angles.twist, angles.lean, angles.sway)
    head = frame(angles.twist + angles.head_turn, 0.5 * angles.lean + angles.head_nod, 0.0)
    points = np.zeros((NUM_JOINTS, 3))
    neck = -chest[1]
    points[JOINT["neck"]] = neck
    for index in range(len(SIDES)):
        _place_arm(points, angles, build, chest, index)
        _place_leg(points, angles, build, index)
    _place_head(points, build, neck - 0.02 * chest[1], head)
    view = turned(angles.yaw, pitch)
    return Skeleton(
        points=points @ view.T,
        unit_px=1.0,
        ground=np.eye(3) @ view.T,
        chest=chest @ view.T,
        head=head @ view.T,
        cycling=angles.cycling,
    )


def _place_arm(points: Floats, angles: Angles, build: Build, chest: Floats, index: int) -> None:
    side, sign = SIDES[index], SIGNS[index]
    shoulder = points[JOINT["neck"]] + sign * 0.5 * build.shoulder_width * chest[0]
    swing, bend = angles.arm[index], angles.elbow[index]
    upper = _direction(swing, sign * angles.arm_out[index])
    inward = angles.inward[index]
    lower = _direction(swing + bend, sign * (angles.arm_out[index] * 0.4 - inward))
    turn = frame(angles.twist, 0.3 * angles.lean, 0.0)
    elbow = shoulder + build.upper_arm * upper @ turn
    points[JOINT[side + "Sho"]] = shoulder
    points[JOINT[side + "Elb"]] = elbow
    points[JOINT[side + "Wri"]] = elbow + build.forearm * lower @ turn


def _place_leg(points: Floats, angles: Angles, build: Build, index: int) -> None:
    side, sign = SIDES[index], SIGNS[index]
    hip = np.array([sign * 0.5 * build.hip_width, 0.0, 0.0])
    swing, bend = angles.thigh[index], angles.knee[index]
    spread = sign * angles.spread[index]
    knee = hip + build.thigh * _direction(swing, spread)
    points[JOINT[side + "Hip"]] = hip
    points[JOINT[side + "Kne"]] = knee
    points[JOINT[side + "Ank"]] = knee + build.calf * _direction(swing - bend, 0.5 * spread)


def _place_head(points: Floats, build: Build, neck: Floats, head: Floats) -> None:
    """Set the five points of the head: (left, up, forward) of the neck, in torso lengths."""
    size = build.head
    for name, left, up, forward in (
        ("nose", 0.0, 0.33, 0.25),
        ("REye", -0.06, 0.40, 0.21),
        ("LEye", 0.06, 0.40, 0.21),
        ("REar", -0.145, 0.37, 0.08),
        ("LEar", 0.145, 0.37, 0.08),
    ):
        reach = 0.2 + (up - 0.2) * size
        points[JOINT[name]] = (
            neck + left * size * head[0] - reach * head[1] + forward * size * head[2]
        )


def _direction(swing: float, out: float) -> Floats:
    """The unit vector of a limb that hangs down, swung forward and moved sideways."""
    return np.array([np.sin(out), np.cos(out) * np.cos(swing), np.cos(out) * np.sin(swing)])
