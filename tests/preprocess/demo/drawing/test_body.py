"""The articulated body: directions, lengths and frames."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from preprocess.demo.drawing.body import Angles, Build, frame, skeleton, turned
from preprocess.demo.drawing.poses import Track, sample_angles, sample_track
from shared.skeleton import JOINT

ANGLES = st.floats(-2.0, 2.0)


def at(body, name):
    return body.points[JOINT[name]]


def test_convention_frontal_persons_have_their_right_side_on_the_left():
    body = skeleton(Angles(), Build(), pitch=0.0)
    for name in ("Sho", "Elb", "Wri", "Hip", "Kne", "Ank", "Eye", "Ear"):
        assert at(body, "R" + name)[0] < at(body, "L" + name)[0]
    assert at(body, "nose")[2] > at(body, "neck")[2]


def test_convention_yaw_turns_the_nose_to_the_right_edge_and_then_away():
    aside = skeleton(Angles(yaw=np.pi / 2), Build(), pitch=0.0)
    assert at(aside, "nose")[0] > at(aside, "neck")[0]
    assert at(aside, "RSho")[2] > at(aside, "LSho")[2]  # the right side is near
    back = skeleton(Angles(yaw=np.pi), Build(), pitch=0.0)
    assert at(back, "nose")[2] < at(back, "neck")[2]
    assert at(back, "RSho")[0] > at(back, "LSho")[0]


def test_forward_angles_move_limbs_forward_and_knees_bend_back():
    body = skeleton(
        Angles(thigh=(0.5, 0.0), knee=(0.8, 0.0), arm=(0.5, 0.0), lean=0.2), Build(), pitch=0.0
    )
    assert at(body, "RKne")[2] > 0.2 > abs(at(body, "LKne")[2])
    assert at(body, "RAnk")[2] < at(body, "RKne")[2]
    assert at(body, "RElb")[2] - at(body, "RSho")[2] > at(body, "LElb")[2] - at(body, "LSho")[2]
    assert at(body, "neck")[2] > 0.1


def test_looking_down_shows_near_things_lower():
    near, far = turned(0.0, 0.3) @ [0, 0, 1.0], turned(0.0, 0.3) @ [0, 0, -1.0]
    assert near[1] > far[1]


@settings(max_examples=60, deadline=None)
@given(yaw=ANGLES, lean=ANGLES, thigh=ANGLES, knee=ANGLES, arm=ANGLES, elbow=ANGLES, out=ANGLES)
def test_bones_keep_their_lengths_in_every_pose(yaw, lean, thigh, knee, arm, elbow, out):
    build = Build(thigh=0.81, calf=0.7, upper_arm=0.6, forearm=0.4)
    angles = Angles(
        yaw=yaw, lean=lean, twist=0.3 * out, thigh=(thigh, -thigh), knee=(knee, 0.1),
        arm=(arm, -arm), elbow=(elbow, 0.2), arm_out=(out, 0.1), inward=(0.3, -out),
    )  # fmt: skip
    body = skeleton(angles, build, pitch=0.2)
    lengths = {"Hip Kne": 0.81, "Kne Ank": 0.7, "Sho Elb": 0.6, "Elb Wri": 0.4}
    for pair, length in lengths.items():
        a, b = pair.split()
        for side in "RL":
            assert np.linalg.norm(at(body, side + a) - at(body, side + b)) == pytest.approx(length)
    middle = 0.5 * (at(body, "RSho") + at(body, "LSho"))
    assert middle == pytest.approx(at(body, "neck"), abs=1e-12)
    assert np.linalg.norm(at(body, "neck") - body.mid_hips) == pytest.approx(1.0)


@settings(max_examples=30, deadline=None)
@given(yaw=ANGLES, lean=ANGLES, sway=ANGLES)
def test_frames_are_rotations(yaw, lean, sway):
    for axes in (frame(yaw, lean, sway), turned(yaw, lean)):
        assert axes @ axes.T == pytest.approx(np.eye(3), abs=1e-12)
        assert np.linalg.det(axes) == pytest.approx(1.0)


def test_placing_scales_and_shifts():
    body = skeleton(Angles(yaw=0.4), Build(), pitch=0.1)
    placed = body.placed(30.0, np.array([7.0, 90.0]))
    assert placed.unit_px == 30.0
    assert placed.points[:, :2] == pytest.approx(30.0 * body.points[:, :2] + [7.0, 90.0])
    assert placed.points[:, 2] == pytest.approx(30.0 * body.points[:, 2])


@pytest.mark.parametrize("kind", ["walk", "stand", "carry", "cycle"])
def test_every_kind_of_pose_stands_upright(kind, rng):
    track = Track(kind=kind, yaw=0.3, vigour=1.0, carrying_hand=2)
    for _ in range(20):
        body = skeleton(sample_angles(track, rng), Build(), pitch=0.2)
        assert at(body, "nose")[1] < at(body, "neck")[1] < body.mid_hips[1]
        assert body.mid_hips[1] < at(body, "RAnk")[1]
        assert body.cycling == (kind == "cycle")


def test_headings_cover_all_sides(rng):
    yaws = np.array([sample_track(rng).yaw for _ in range(3000)])
    cosines = np.cos(yaws)
    assert (np.abs(cosines) < 0.7071).mean() > 0.30
    assert (cosines > 0.7071).mean() > 0.2
    assert (cosines < -0.7071).mean() > 0.2
    assert 0.4 < (np.sin(yaws[np.abs(cosines) < 0.7]) > 0).mean() < 0.6
