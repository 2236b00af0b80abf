"""Flat joints become bodies: given joints stay, absent ones are completed."""

from __future__ import annotations

import numpy as np
import pytest
from poses import random_poses, standing_pose

from data_manifest.published_files import read_keypoints
from preprocess.demo.drawing.body import Build, frame
from preprocess.demo.drawing.crops import Studio
from preprocess.demo.drawing.given_poses import read_poses
from preprocess.demo.drawing.lifting import _head_frames, lifted
from shared.errors import UsageError
from shared.geometry import presence
from shared.skeleton import JOINT, MIRROR_JOINTS

SIZE = (128, 64)


def lift(joints, seed=0):
    return lifted(joints, Build(), 0.2, SIZE, np.random.default_rng(seed))


def test_given_joints_stay_exactly_and_absent_ones_are_completed(rng):
    for joints in random_poses(rng, 60, missing=0.4):
        body = lift(joints)
        present = presence(joints)
        assert np.array_equal(body.points[present, :2], joints[present])
        assert np.isfinite(body.points).all()
        assert np.isfinite([body.ground, body.chest, body.head]).all()


@pytest.mark.parametrize("kept", [(), ("nose",), ("RAnk",), ("LHip",), ("RSho", "LKne")])
def test_hardly_any_joints_are_enough(kept):
    joints = np.full((18, 2), np.nan)
    for name in kept:
        joints[JOINT[name]] = standing_pose()[JOINT[name]]
    body = lift(joints)
    assert np.isfinite(body.points).all()
    for name in kept:
        assert np.array_equal(body.points[JOINT[name], :2], joints[JOINT[name]])


def test_the_order_of_the_shoulders_tells_front_from_back():
    frontal = standing_pose()
    assert lift(frontal).chest[2, 2] > 0.7
    from_behind = frontal[list(MIRROR_JOINTS)].copy()
    from_behind[[JOINT[name] for name in ("nose", "REye", "LEye")]] = np.nan
    assert lift(from_behind).chest[2, 2] < -0.7


def test_the_nose_tells_the_side_that_a_body_is_turned_to():
    for sign in (-1, 1):
        joints = standing_pose()
        joints[:, 0] = 32 + 0.2 * (joints[:, 0] - 32)
        joints[JOINT["nose"], 0] += 8 * sign
        joints[[JOINT["REye"], JOINT["LEye"]], 0] += 6 * sign
        assert sign * lift(joints).chest[2, 0] > 0.7


def test_missing_limbs_have_plausible_lengths():
    joints = standing_pose()
    joints[[JOINT[name] for name in ("RKne", "RAnk", "LElb", "LWri")]] = np.nan
    body = lift(joints)
    thigh = np.linalg.norm(body.point("RKne") - body.point("RHip"))
    assert thigh == pytest.approx(Build().thigh * body.unit_px, rel=0.02)


def test_many_head_frames_equal_single_ones(rng):
    turns, nods = rng.uniform(-2, 2, (2, 7))
    single = [frame(turn, nod, 0.0) for turn, nod in zip(turns, nods, strict=True)]
    assert _head_frames(turns, nods) == pytest.approx(np.array(single), abs=1e-12)


def test_absent_joints_are_never_visible(rng):
    studio = Studio.of(3)
    for index, joints in enumerate(random_poses(rng, 12, missing=0.3)):
        crop = studio.posed(joints, 7, index, camera=4)
        assert not crop.visible[~presence(joints)].any()
        assert np.array_equal(crop.joints[presence(joints)], joints[presence(joints)])


def test_published_poses_are_kept(published_data):
    table = read_keypoints(published_data / "market-annotation-train.csv")
    for joints in table.joints[:200]:
        present = presence(joints)
        assert np.array_equal(lift(joints).points[present, :2], joints[present])


def test_head_points_of_human_annotations_become_noses(published_data):
    path = published_data / "market1501-train-keypoints.csv"
    raw, poses = read_keypoints(path), read_poses(path)
    assert poses.names == raw.names
    nose, neck = JOINT["nose"], JOINT["neck"]
    below = poses.joints[:, nose, 1] - raw.joints[:, nose, 1]
    assert np.median(below) > 3
    rest = [joint for joint in range(18) if joint != nose]
    assert np.array_equal(poses.joints[:, rest], raw.joints[:, rest], equal_nan=True)
    above = raw.joints[:, neck, 1] - raw.joints[:, nose, 1]
    share = (raw.joints[:, neck, 1] - poses.joints[:, nose, 1])[above > 5] / above[above > 5]
    assert share == pytest.approx(0.62)


def test_a_file_without_rows_is_refused(tmp_path):
    path = tmp_path / "none.csv"
    path.write_text("name:keypoints_y:keypoints_x\n")
    with pytest.raises(UsageError, match="rows with poses"):
        read_poses(path)
