"""Poses of other pictures: their size and place, their names, their course over time."""

from __future__ import annotations

import numpy as np
import pytest
from poses import random_poses, standing_pose

from shared.geometry import torso_lengths
from shared.skeleton import JOINT
from train.inference.crops import Crop
from train.repose.cutting import person_crop
from train.repose.naming import label_of, natural, unlike
from train.repose.pasting import put_back, surroundings
from train.repose.placing import body_length, placed
from train.repose.sequence import filled, smoothed

ANKLES = [JOINT["RAnk"], JOINT["LAnk"]]
HIPS = [JOINT["RHip"], JOINT["LHip"]]


def test_a_pose_of_another_size_and_place_takes_those_of_the_person():
    source = standing_pose() + np.array([200, 90])
    (found,) = placed(source, (3.7 * standing_pose() - [900, 33])[None])
    np.testing.assert_allclose(found, source)


def test_a_bent_torso_makes_nobody_larger():
    source, bent = standing_pose(), standing_pose()
    shoulders = [JOINT[name] for name in ("RSho", "LSho", "neck", "nose")]
    bent[shoulders, 1] += 30
    (found,) = placed(source, bent[None])
    scale = np.ptp(found[:, 1]) / np.ptp(bent[:, 1])
    assert 1 < scale < 1.5  # the torso alone would say 5.8
    np.testing.assert_allclose(found[ANKLES, 1].max(), source[ANKLES, 1].max())


def test_without_ankles_the_hips_stand_where_those_of_the_person_stand():
    source, target = standing_pose(), 2 * standing_pose()
    source[ANKLES] = np.nan
    (found,) = placed(source, target[None])
    np.testing.assert_allclose(found[HIPS], source[HIPS])
    assert np.isfinite(found[ANKLES]).all()


def test_a_sequence_has_one_size_and_one_height_and_walks_on_the_spot():
    frames = np.stack(
        [standing_pose() + np.array([20 * time, 3 * (time == 2)]) for time in range(5)]
    )
    found = placed(standing_pose(), frames)
    np.testing.assert_allclose(torso_lengths(found), torso_lengths(standing_pose()))
    np.testing.assert_allclose(found[:, HIPS, 0].mean(axis=1), standing_pose()[HIPS, 0].mean())
    np.testing.assert_allclose(found[2, HIPS, 1] - found[1, HIPS, 1], 3)


def test_a_frame_without_a_person_has_no_joints_and_does_not_count():
    frames = np.stack([standing_pose()] * 3)
    frames[1, HIPS[0]] = np.nan
    found = placed(standing_pose() + 7, frames)
    assert np.isnan(found[1]).all()
    np.testing.assert_allclose(found[0], standing_pose() + 7)


def test_a_body_is_as_long_as_its_torso_where_it_stands():
    assert body_length(standing_pose()) == pytest.approx(torso_lengths(standing_pose()), rel=0.1)


def test_missing_joints_lie_between_their_neighbours_in_time_and_stay_at_the_ends():
    course = np.full((6, 18, 2), np.nan)
    course[1, 4], course[4, 4] = (10, 40), (16, 10)
    found = filled(course)
    np.testing.assert_allclose(found[:, 4, 0], [10, 10, 12, 14, 16, 16])
    np.testing.assert_allclose(found[:, 4, 1], [40, 40, 30, 20, 10, 10])
    assert np.isnan(found[:, 5]).all()


def test_smoothing_has_no_lag_and_leaves_an_even_movement_alone():
    steady = np.arange(21.0)[:, None, None] * np.ones((21, 18, 2))
    found = smoothed(steady, 2.0)
    np.testing.assert_allclose(found[6:-6], steady[6:-6])
    jitter = np.random.default_rng(0).normal(0, 1, steady.shape)
    assert np.abs(np.diff(smoothed(steady + jitter, 2.0), axis=0) - 1)[6:-6].mean() < 0.3
    backwards = smoothed((steady + jitter)[::-1], 2.0)[::-1]
    np.testing.assert_allclose(backwards, smoothed(steady + jitter, 2.0))


def test_smoothing_of_nothing_changes_nothing_and_missing_joints_stay_missing():
    course = random_poses(np.random.default_rng(1), 4, missing=0)
    course[:, 3] = np.nan
    np.testing.assert_array_equal(smoothed(course, 0), course)
    assert np.isnan(smoothed(course, 1.5)[:, 3]).all()
    assert np.isfinite(np.delete(smoothed(course, 1.5), 3, axis=1)).all()


@pytest.mark.parametrize(("x", "y"), [(150, 90), (0, 20), (330, 200)])
def test_a_crop_holds_the_person_lies_in_the_photo_and_has_the_networks_shape(x, y):
    pose = standing_pose() + np.array([x - 20, y])
    crop = person_crop(pose[None], 36.0, (330, 370), (128, 64))
    assert crop.left >= 0 and crop.top >= 0
    assert crop.left + crop.width <= 370 and crop.top + crop.height <= 330
    assert crop.height / crop.width == pytest.approx(2, abs=0.03)
    assert (pose[:, 1] >= crop.top).all() and (pose[:, 1] < crop.top + crop.height).all()
    assert np.ptp(pose[:, 1]) / crop.height == pytest.approx(0.74, abs=0.03)


def test_a_photo_smaller_than_the_person_needs_is_taken_whole():
    assert person_crop(standing_pose()[None], 36.0, (120, 50), (128, 64)) == Crop(
        left=0, top=0, height=120, width=50
    )


def test_what_is_put_back_changes_nothing_far_from_the_person():
    rng = np.random.default_rng(2)
    photo = rng.integers(0, 256, (300, 260, 3), np.uint8)
    crop = Crop(left=60, top=40, height=200, width=100)
    drawn = rng.integers(0, 256, (200, 100, 3), np.uint8)
    pose = standing_pose() + np.array([80, 80])
    mask = surroundings(pose[None], 36.0, crop, (300, 260))
    found = put_back(photo, drawn, crop, mask)
    outside = np.ones((300, 260), bool)
    outside[40:240, 60:160] = mask == 0
    np.testing.assert_array_equal(found[outside], photo[outside])
    middle = pose[HIPS].mean(axis=0).round().astype(int)
    np.testing.assert_array_equal(
        found[middle[1], middle[0]], drawn[middle[1] - 40, middle[0] - 60]
    )


def test_the_edge_of_what_is_put_back_is_soft():
    crop = Crop(left=60, top=40, height=200, width=100)
    mask = surroundings(standing_pose()[None] + [80, 80], 36.0, crop, (300, 260))
    assert mask.max() == pytest.approx(1)
    assert max(np.abs(np.diff(mask, axis=axis)).max() for axis in (0, 1)) < 0.25
    assert mask[0].max() == mask[:, 0].max() == mask[:, -1].max() == 0


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("walk/frame 03.png", "frame_03"),
        ("0002_c1s2_061047_02.jpg", "0002_c1s2_061047_02"),
        ("../..", "unnamed"),
        ("ß→.png", "unnamed"),
        ("a" * 300 + ".png", "a" * 80),
        ("a\nb\x1b.jpg", "a_b"),
    ],
)
def test_labels_are_safe_on_every_disk(name, label):
    assert label_of(name) == label


def test_labels_that_are_alike_are_numbered_whatever_is_taken():
    assert unlike(["a", "A", "a-2", "a", "b"]) == ["a", "A-3", "a-2", "a-4", "b"]


def test_frames_are_sorted_as_people_count():
    names = [
        "f10.png",
        "f2.png",
        "F1.png",
        "f002.png",
        "f.png",
        "10.png",
        "9.png",
        "2²3.png",
        "9" * 5000,
    ]
    found = sorted(names, key=natural)
    assert found.index("f2.png") < found.index("f10.png")
    assert found.index("9.png") < found.index("10.png")
    names.reverse()
    assert sorted(names, key=natural) == found
