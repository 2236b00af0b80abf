"""The poses without data: bodies that could be people's."""

from __future__ import annotations

import numpy as np
import pytest

from shared.geometry import presence, torso_lengths, valid_poses
from shared.skeleton import JOINT
from train.repose.stances import (
    NUM_STEPS,
    STANCES,
    WALKS,
    Stance,
    frames_of,
    pose_of,
    slug_of,
    walk,
)


@pytest.mark.parametrize("name", STANCES)
def test_every_stance_can_be_drawn(name: str) -> None:
    pose = pose_of(STANCES[name])
    assert valid_poses(pose[None])[0]
    assert 0.99 < torso_lengths(pose) < 1.01
    assert pose[JOINT["neck"], 1] < 0 < pose[JOINT["RAnk"], 1]


def test_right_is_on_the_left_of_a_person_who_faces_us_and_on_the_right_from_behind() -> None:
    for yaw, sign in ((0, -1), (180, 1)):
        pose = pose_of(Stance(yaw=yaw))
        assert np.sign(pose[JOINT["RSho"], 0] - pose[JOINT["LSho"], 0]) == sign


def test_the_head_hides_what_is_behind_it() -> None:
    seen = {yaw: presence(pose_of(Stance(yaw=yaw))) for yaw in (0, 90, 180, 270)}
    assert seen[0].all()
    assert not seen[180][[JOINT["nose"], JOINT["REye"], JOINT["LEye"]]].any()
    assert seen[180][[JOINT["REar"], JOINT["LEar"]]].all()
    assert [seen[90][JOINT[ear]] for ear in ("REar", "LEar")] == [True, False]
    assert [seen[270][JOINT[ear]] for ear in ("REar", "LEar")] == [False, True]


def test_limbs_keep_their_length_while_somebody_walks_sideways() -> None:
    poses = np.stack([pose_of(stance) for stance in walk(90)])
    for start, end in (("RHip", "RKne"), ("LKne", "LAnk")):
        lengths = np.linalg.norm(poses[:, JOINT[start]] - poses[:, JOINT[end]], axis=-1)
        assert np.ptp(lengths) < 0.01 and lengths.mean() > 0.6


def test_a_step_of_one_leg_is_half_a_cycle_later_the_others() -> None:
    poses = np.stack([pose_of(stance) for stance in walk(90)])
    late = np.roll(poses, NUM_STEPS // 2, axis=0)
    np.testing.assert_allclose(poses[:, JOINT["RAnk"]], late[:, JOINT["LAnk"]], atol=1e-9)
    assert np.ptp(poses[:, JOINT["RAnk"], 0]) > 0.5


def test_names_are_typed_without_quotes_and_each_means_one_thing() -> None:
    slugs = [*map(slug_of, STANCES), *WALKS]
    assert len(set(slugs)) == len(slugs)
    for slug in slugs:
        assert set(slug) <= set("abcdefghijklmnopqrstuvwxyz-")
        frames = frames_of(slug)
        assert frames is not None and len(frames) == (NUM_STEPS if slug in WALKS else 1)
    assert frames_of("standing, half left") is None
