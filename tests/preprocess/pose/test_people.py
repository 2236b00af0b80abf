"""From COCO-17 with confidences to the 18 joints."""

from __future__ import annotations

import numpy as np

from preprocess.pose.people import empty_people, joints_of_people
from shared.skeleton import COCO_JOINTS, JOINT, JOINTS

SIZES = np.array([[128, 64]] * 3)


def people_at_random(rng: np.random.Generator):
    people = empty_people(3)
    people.points[:] = rng.uniform(5, 60, (3, 17, 2))
    people.confidences[:] = rng.uniform(0.6, 1, (3, 17))
    people.count[:] = 1
    return people


def test_every_joint_comes_from_its_coco_point(rng: np.random.Generator) -> None:
    people = people_at_random(rng)
    joints, scores = joints_of_people(people, SIZES, 0.5)
    for name in JOINTS:
        if name != "neck":
            source = COCO_JOINTS.index(name)
            assert np.array_equal(joints[:, JOINT[name]], people.points[:, source].astype(float))
            assert np.array_equal(scores[:, JOINT[name]], people.confidences[:, source])


def test_the_neck_is_the_middle_of_the_shoulders_with_the_lower_confidence(
    rng: np.random.Generator,
) -> None:
    people = people_at_random(rng)
    joints, scores = joints_of_people(people, SIZES, 0.5)
    middle = (joints[:, JOINT["LSho"]] + joints[:, JOINT["RSho"]]) / 2
    assert np.allclose(joints[:, JOINT["neck"]], middle)
    shoulders = scores[:, [JOINT["LSho"], JOINT["RSho"]]]
    assert np.array_equal(scores[:, JOINT["neck"]], shoulders.min(axis=1))


def test_a_joint_below_the_threshold_is_absent_and_takes_the_neck_along(
    rng: np.random.Generator,
) -> None:
    people = people_at_random(rng)
    people.confidences[1, COCO_JOINTS.index("LSho")] = 0.4999
    joints, scores = joints_of_people(people, SIZES, 0.5)
    absent = np.isnan(joints).all(axis=-1)
    assert np.flatnonzero(absent[1]).tolist() == [JOINT["neck"], JOINT["LSho"]]
    assert not absent[[0, 2]].any()
    assert scores[1, JOINT["LSho"]] == np.float32(0.4999)


def test_a_point_outside_of_the_image_is_absent(rng: np.random.Generator) -> None:
    people = people_at_random(rng)
    knee = COCO_JOINTS.index("RKne")
    people.points[:, knee] = [(63.4, 127.4), (63.6, 100), (30, -0.6)]
    joints, _ = joints_of_people(people, SIZES, 0.5)
    assert np.isnan(joints[:, JOINT["RKne"], 0]).tolist() == [False, True, True]


def test_where_nobody_is_seen_all_joints_are_absent() -> None:
    joints, scores = joints_of_people(empty_people(3), SIZES, 0.0)
    assert np.isnan(joints).all() and (scores == 0).all()
