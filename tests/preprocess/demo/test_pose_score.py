"""Figures of a pose model, on people whose faults are known."""

from __future__ import annotations

import numpy as np
import pytest

from preprocess.demo.pose_crops import TORSO, LabelledCrops, torso_lengths
from preprocess.demo.pose_score import TOLERANCE, score_people
from preprocess.pose.people import People
from shared.skeleton import COCO_JOINTS, COCO_MIRROR

NUM_PEOPLE, NUM_EMPTY = 40, 10
COUNT = NUM_PEOPLE + NUM_EMPTY


@pytest.fixture
def crops(rng: np.random.Generator) -> LabelledCrops:
    points = rng.uniform(0, 60, (COUNT, 17, 2)).astype(np.float32)
    is_person = np.arange(COUNT) < NUM_PEOPLE
    visible = (rng.random((COUNT, 17)) < 0.8) & is_person[:, None]
    return LabelledCrops(np.zeros((COUNT, 96, 72, 3), np.uint8), points, visible, is_person)


def people_at(crops: LabelledCrops, points: np.ndarray) -> People:
    count = crops.is_person.astype(np.int16)
    confidences = crops.visible.astype(np.float32)
    ones = count.astype(np.float32)
    return People(points.astype(np.float32), confidences, count, ones, ones)


def test_the_truth_itself_has_no_faults(crops: LabelledCrops) -> None:
    scores = score_people(people_at(crops, crops.points), crops, 0.5)
    assert (scores.found, scores.right, scores.right_extremities, scores.kept) == (1, 1, 1, 1)
    assert (scores.swapped, scores.invented, scores.false_finds) == (0, 0, 0)
    torso = crops.visible[crops.is_person][:, TORSO]
    assert scores.whole_torsos == pytest.approx(torso.all(axis=1).mean())
    assert scores.present == pytest.approx(crops.visible[crops.is_person].mean())
    assert (scores.num_people, scores.num_empty) == (NUM_PEOPLE, NUM_EMPTY)


def test_mirrored_left_and_right_count_as_swapped(crops: LabelledCrops) -> None:
    scores = score_people(people_at(crops, crops.points[:, list(COCO_MIRROR)]), crops, 0.5)
    assert scores.swapped == 1
    assert scores.right_of_joint[COCO_JOINTS.index("nose")] == 1
    assert scores.right < 0.3


@pytest.mark.parametrize(("share", "right"), [(0.99, 1.0), (1.01, 0.0)])
def test_a_joint_is_right_up_to_the_tolerance(
    crops: LabelledCrops, share: float, right: float
) -> None:
    reach = TOLERANCE * torso_lengths(crops.points)[:, None] * share
    moved = crops.points.copy()
    moved[..., 1] += reach
    assert score_people(people_at(crops, moved), crops, 0.5).right == right


def test_people_who_are_not_found_have_no_right_joint(crops: LabelledCrops) -> None:
    people = people_at(crops, crops.points)
    people.count[: NUM_PEOPLE // 4] = 0
    people.count[NUM_PEOPLE : NUM_PEOPLE + 3] = 2
    scores = score_people(people, crops, 0.5)
    assert scores.found == 0.75
    lost = crops.visible[: NUM_PEOPLE // 4].sum() / crops.visible.sum()
    assert scores.right == pytest.approx(1 - lost)
    assert scores.false_finds == 3 / NUM_EMPTY


def test_a_sure_joint_that_cannot_be_seen_is_invented(crops: LabelledCrops) -> None:
    people = people_at(crops, crops.points)
    people.confidences[:] = 0.9
    scores = score_people(people, crops, 0.5)
    assert (scores.invented, scores.present) == (1, 1)
    assert score_people(people, crops, 0.95).kept == 0


def test_torso_lengths_are_those_of_the_geometry(crops: LabelledCrops) -> None:
    from shared.geometry import torso_lengths as of_joints
    from shared.skeleton import COCO_OF_JOINT

    joints = crops.points.astype(float)[:, [0 if i is None else i for i in COCO_OF_JOINT]]
    np.testing.assert_allclose(torso_lengths(crops.points), of_joints(joints), rtol=1e-5)
