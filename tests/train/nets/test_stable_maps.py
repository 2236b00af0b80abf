"""The fit on the device against its twin in NumPy."""

from __future__ import annotations

import numpy as np
import torch
from poses import random_poses, standing_pose

from shared.affine import NO_TRANSFORM, STATUS_NONE
from shared.stable_fit import stable_transforms
from train.nets.stable_maps import stable_maps


def test_transforms_and_status_are_those_of_the_fit_in_numpy() -> None:
    rng = np.random.default_rng(0)
    source, target = random_poses(rng, 2000), random_poses(rng, 2000)
    expected, expected_status = stable_transforms(source, target)
    found, status = stable_maps(torch.from_numpy(source), torch.from_numpy(target))
    np.testing.assert_array_equal(status.numpy(), expected_status)
    assert {0, 1, 2} == set(np.unique(expected_status))
    np.testing.assert_allclose(found.numpy(), expected, atol=1e-7, rtol=1e-7)


def test_float32_is_enough() -> None:
    rng = np.random.default_rng(1)
    source, target = random_poses(rng, 500), random_poses(rng, 500)
    expected, _ = stable_transforms(source, target)
    found, status = stable_maps(torch.from_numpy(source).float(), torch.from_numpy(target).float())
    assert found.dtype == torch.float32
    known = status.numpy() != STATUS_NONE
    middle = np.array([32.0, 64.0, 1.0])
    np.testing.assert_allclose(found.numpy()[known] @ middle, expected[known] @ middle, atol=0.02)


def test_a_pose_without_any_joint_has_no_transform() -> None:
    nobody = torch.full((1, 18, 2), torch.nan)
    pose = torch.from_numpy(standing_pose())[None].float()
    for source, target in ((nobody, pose), (pose, nobody)):
        transforms, status = stable_maps(source, target)
        assert not status.any()
        np.testing.assert_array_equal(transforms[0], np.broadcast_to(NO_TRANSFORM, (10, 2, 3)))
