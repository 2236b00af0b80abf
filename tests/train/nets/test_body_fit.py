"""One affine for the body against skimage's fit."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from poses import random_poses, standing_pose
from skimage.transform import estimate_transform

from shared.affine import NO_TRANSFORM
from shared.geometry import valid_poses
from train.nets.body_fit import BODY_JOINTS, body_transforms


def test_equals_skimages_fit_of_hips_shoulders_and_common_knees(rng):
    poses = random_poses(rng, 80)
    poses = poses[valid_poses(poses)]
    source, target = poses[: len(poses) // 2], poses[len(poses) // 2 : len(poses) // 2 * 2]
    found, good = body_transforms(torch.tensor(source), torch.tensor(target))
    assert good.all() and len(good) > 8
    numbers = set()
    for one, other, transform in zip(source, target, found.numpy(), strict=True):
        points = [j for j in BODY_JOINTS if np.isfinite([one[j], other[j]]).all()]
        numbers.add(len(points))
        expected = estimate_transform("affine", other[points], one[points]).params[:2]
        np.testing.assert_allclose(transform, expected, atol=1e-9 * np.abs(expected).max())
    assert numbers == {4, 5, 6}


def test_a_knee_is_used_only_where_both_have_it():
    source, target = standing_pose(), standing_pose() * [1.1, 0.9] + [3, 5]
    exact, _ = body_transforms(torch.tensor(source)[None], torch.tensor(target)[None])
    source[9] += [30, 0]
    target[9] = np.nan
    found, good = body_transforms(torch.tensor(source)[None], torch.tensor(target)[None])
    assert good.all()
    torch.testing.assert_close(found, exact)


def test_the_same_pose_gives_the_identity():
    pose = torch.tensor(standing_pose())[None]
    found, _ = body_transforms(pose, pose)
    torch.testing.assert_close(found[0], torch.eye(3, dtype=torch.float64)[:2])


@pytest.mark.parametrize("flat", ["source", "target"])
def test_points_on_a_line_have_no_transform(flat):
    poses = {"source": standing_pose(), "target": standing_pose()}
    poses[flat][:, 0] = 20
    found, good = body_transforms(*(torch.tensor(pose)[None] for pose in poses.values()))
    assert not good.any()
    assert np.array_equal(found[0].numpy(), NO_TRANSFORM)


def test_an_absent_torso_has_no_transform_and_no_nan():
    nobody = torch.full((1, 18, 2), torch.nan)
    found, good = body_transforms(nobody, torch.tensor(standing_pose())[None])
    assert not good.any() and torch.isfinite(found).all()
