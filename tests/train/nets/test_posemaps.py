"""Heat maps against the formula, pixel by pixel."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from poses import random_poses
from scipy.ndimage import gaussian_filter

from train.nets.posemaps import floored_pose_maps, pose_maps


@pytest.mark.long
def test_equals_the_formula_at_every_pixel(rng):
    joints = random_poses(rng, 3)
    size = (40, 24)
    got = pose_maps(torch.tensor(joints), size, sigma=6.0).numpy()
    sigma = 6.0 * 40 / 128
    for b, j, y, x in np.ndindex(3, 18, *size):
        jx, jy = joints[b, j]
        squared = (x - jx) ** 2 + (y - jy) ** 2
        expected = 0.0 if math.isnan(jx) else math.exp(-squared / (2 * sigma**2))
        assert got[b, j, y, x] == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_a_joint_in_the_middle_is_a_filtered_impulse():
    impulse = np.zeros((128, 64))
    impulse[60, 33] = 1
    reference = gaussian_filter(impulse, 6, truncate=12)
    joints = torch.full((1, 18, 2), torch.nan)
    joints[0, 4] = torch.tensor([33.0, 60.0])
    got = pose_maps(joints, (128, 64))[0, 4].numpy()
    np.testing.assert_allclose(
        got[50:70, 25:40], (reference / reference.max())[50:70, 25:40], atol=1e-4
    )


def test_an_absent_joint_gives_zeros_even_if_one_coordinate_is_known():
    joints = torch.tensor([[[5.0, 5.0], [torch.nan, 5.0], [5.0, torch.nan]]])
    maps = pose_maps(joints, (16, 8))
    assert maps[0, 0].max() == 1
    assert not maps[0, 1:].any()


def test_convention_the_deviation_grows_with_the_height():
    joints = torch.tensor([[[20.0, 30.0]]])
    small = pose_maps(joints, (128, 64))
    large = pose_maps(2 * joints, (256, 128))
    torch.testing.assert_close(large[..., ::2, ::2], small)


def test_convention_a_joint_outside_still_throws_its_tail_into_the_image():
    maps = pose_maps(torch.tensor([[[-3.0, 10.0]]]), (128, 64))
    assert maps[0, 0, 10, 0] == pytest.approx(math.exp(-9 / 72))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_dtype_follows_the_joints(dtype):
    assert pose_maps(torch.zeros(2, 18, 2, dtype=dtype), (16, 8)).dtype == dtype


@pytest.mark.long
def test_floored_maps_are_those_of_whole_number_arithmetic(rng):
    joints = np.round(random_poses(rng, 2) / 2)
    got = floored_pose_maps(torch.tensor(joints, dtype=torch.float32), (64, 32)).numpy()
    for b, j, y, x in np.ndindex(2, 18, 64, 32):
        jx, jy = joints[b, j]
        if math.isnan(jx):
            assert got[b, j, y, x] == 0
            continue
        # Python 2 divided whole numbers downwards, as // does.
        steps = -int((x - jx) ** 2 + (y - jy) ** 2) // 72
        assert got[b, j, y, x] == pytest.approx(math.exp(steps), rel=1e-6)


def test_floored_maps_have_one_pixel_of_1_and_steps_at_72_square_pixels():
    joints = torch.full((1, 18, 2), torch.nan)
    joints[0, 3] = torch.tensor([31.0, 60.0])
    one = floored_pose_maps(joints, (128, 64))[0, 3]
    assert (one == 1).sum() == 1 and one[60, 31] == 1
    assert one[60, 39] == pytest.approx(math.exp(-1)) and one[60, 40] == pytest.approx(math.exp(-2))
    assert one.dtype == torch.float32


def test_floored_maps_take_the_nearest_whole_pixel_and_keep_sigma_at_every_size():
    joints = torch.tensor([[[4.6, 7.4], [torch.nan, 3.0]]])
    moved = torch.tensor([[[5.0, 7.0], [torch.nan, torch.nan]]])
    small, large = (floored_pose_maps(joints, size) for size in ((16, 8), (256, 256)))
    assert torch.equal(small, floored_pose_maps(moved, (16, 8)))
    assert torch.equal(small, large[..., :16, :8])
