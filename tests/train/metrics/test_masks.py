"""Masks against scikit-image's polygon, disk, dilation and erosion: every pixel."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from scored_pictures import smooth_image, whole_joints
from skimage.draw import disk, polygon
from skimage.metrics import structural_similarity
from skimage.morphology import dilation, erosion

from data_manifest.published_files import read_keypoints
from shared.errors import UsageError
from train.metrics.compared import Compared
from train.metrics.masks import mask_ssim, mask_ssim_of_pairs, pose_masks

# 1-based, as the specification lists them.
LIMBS = (
    "2-3 2-6 3-4 4-5 6-7 7-8 2-9 9-10 10-11 2-12 12-13 13-14 2-1 1-15 15-17 1-16 16-18 2-17 "
    "2-18 9-12 12-6 9-3 17-18"
)
SQUARE = np.ones((5, 5), bool)


def reference(joints: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The mask of one pose, limb by limb."""
    mask = np.zeros(size, bool)
    points = joints[:, ::-1]
    for limb in LIMBS.split():
        start, end = (points[int(number) - 1] for number in limb.split("-"))
        along = start - end
        if np.isnan(along).any() or not along.any():
            continue
        normal = 4 * np.array([-along[1], along[0]]) / np.linalg.norm(along)
        corners = np.array([start + normal, start - normal, end - normal, end + normal])
        mask[polygon(corners[:, 0], corners[:, 1], shape=size)] = True
    for point in points[~np.isnan(points).any(1)]:
        mask[disk(point, 4, shape=size)] = True
    return erosion(dilation(mask, SQUARE), SQUARE)


def check(joints: np.ndarray, size: tuple[int, int]) -> None:
    found = pose_masks(torch.from_numpy(joints), size).numpy()
    expected = np.stack([reference(pose, size) for pose in joints])
    assert found.shape == expected.shape
    assert (found == expected).all()


@pytest.mark.long
@pytest.mark.parametrize("size", [(128, 64), (50, 90)])
def test_300_skeletons_with_missing_joints_are_exact(
    size: tuple[int, int], rng: np.random.Generator
) -> None:
    check(whole_joints(rng, 300, size), size)


def test_joints_between_pixels_are_exact(rng: np.random.Generator) -> None:
    joints = rng.uniform(-5, (69, 133), (100, 18, 2))
    joints[:50] = np.round(joints[:50] * 2) / 2
    joints[rng.random((100, 18)) < 0.3] = np.nan
    check(joints, (128, 64))


def test_a_limb_of_every_direction_is_exact() -> None:
    offsets = np.arange(-12, 13)
    grid = np.stack(np.meshgrid(offsets, offsets), -1).reshape(-1, 2)
    joints = np.full((len(grid), 18, 2), np.nan)
    joints[:, 2] = (20, 23)
    joints[:, 3] = grid + (20, 23)  # noqa: RUF005 - a sum, not a list
    check(joints, (46, 41))


def test_published_poses_are_exact(published_data: Path) -> None:
    joints = read_keypoints(published_data / "market-annotation-train.csv").joints[::43]
    assert len(joints) > 300
    check(joints, (128, 64))


def test_a_skeleton_without_joints_masks_everything() -> None:
    assert not pose_masks(torch.full((2, 18, 2), torch.nan), (20, 30)).any()


def test_a_limb_of_length_0_is_only_its_discs() -> None:
    joints = torch.full((2, 18, 2), torch.nan)
    joints[0, 2] = joints[0, 3] = joints[1, 2] = torch.tensor([12.0, 15.0])
    masks = pose_masks(joints, (30, 25))
    assert masks.any() and torch.equal(masks[0], masks[1])


def test_a_joint_of_which_one_number_is_absent_is_not_drawn() -> None:
    joints = torch.full((3, 18, 2), torch.nan)
    joints[0, 2, 0] = joints[1, 2, 1] = 9.0
    joints[2, 2], joints[2, 3, 0] = torch.tensor([9.0, 9.0]), 20.0
    masks = pose_masks(joints, (30, 25))
    assert not masks[:2].any() and int(masks[2].sum()) == int(masks[2][5:14, 5:14].sum()) > 0


def test_the_border_is_neutral() -> None:
    joints = torch.full((1, 18, 2), torch.nan)
    joints[0, 0] = torch.tensor([0.0, 0.0])
    assert pose_masks(joints, (20, 30))[0, 0, 0]


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (9, 1), (2, 3), (3, 2), (2, 12)])
def test_pictures_smaller_than_the_closing_s_square_are_exact(
    size: tuple[int, int], rng: np.random.Generator
) -> None:
    joints = rng.uniform(-9, 15, (40, 18, 2))
    joints[rng.random((40, 18)) < 0.8] = np.nan
    check(joints, size)


def test_masks_lie_on_the_device_of_the_joints_whatever_the_default(
    rng: np.random.Generator,
) -> None:
    """A tensor made on the default device here, which has no values, would stop the drawing."""
    joints = torch.from_numpy(whole_joints(rng, 3, (21, 33)))
    with torch.device("meta"):
        found = pose_masks(joints, (21, 33))
    assert torch.equal(found, pose_masks(joints, (21, 33)))


def test_many_poses_give_what_each_gives_alone(rng: np.random.Generator) -> None:
    joints = torch.from_numpy(whole_joints(rng, 600, (21, 33)))
    together = pose_masks(joints, (21, 33))
    for row in (0, 511, 512, 599):
        assert torch.equal(together[row], pose_masks(joints[row : row + 1], (21, 33))[0])


def test_mask_ssim_equals_skimage_on_masked_images(rng: np.random.Generator) -> None:
    size = (64, 48)
    generated, real = (np.stack([smooth_image(rng, size) for _ in range(6)]) for _ in range(2))
    joints = whole_joints(rng, 6, size)
    joints[5] = np.nan  # nothing is left: two black images
    masks = pose_masks(torch.from_numpy(joints), size)
    found = mask_ssim(torch.from_numpy(generated), torch.from_numpy(real), masks)
    for row in range(6):
        mask = reference(joints[row], size)[..., None]
        ours, theirs = generated[row] * mask, real[row] * mask
        expected = structural_similarity(
            theirs,
            ours,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
            channel_axis=-1,
            data_range=int(ours.max()) - int(ours.min()) or 255,
        )
        assert found[row] == pytest.approx(expected, abs=1e-9)


def test_wrong_shapes_are_refused() -> None:
    images = torch.zeros((2, 20, 30, 3), dtype=torch.uint8)
    with pytest.raises(UsageError) as refused:
        mask_ssim(images, images, torch.ones(2, 30, 20, dtype=torch.bool))
    line = "masks: expected shape (2, 20, 30), found (2, 30, 20); draw them anew"
    assert refused.value.message == line
    for shape in ((2, 17, 2), (2, 18, 3), (18, 2)):
        with pytest.raises(UsageError) as refused:
            pose_masks(torch.zeros(shape), (20, 30))
        line = f"joints: expected shape (n, 18, 2), found {shape}; reshape them"
        assert refused.value.message == line


@pytest.mark.gpu
def test_the_gpu_draws_what_the_cpu_draws(rng: np.random.Generator) -> None:
    joints = torch.from_numpy(whole_joints(rng, 300, (128, 64)))
    assert torch.equal(pose_masks(joints.cuda(), (128, 64)).cpu(), pose_masks(joints, (128, 64)))


def test_mask_ssim_goes_by_the_protocol_that_is_named(rng: np.random.Generator) -> None:
    pictures = [np.stack([smooth_image(rng, (64, 48)) for _ in range(2)]) for _ in range(2)]
    generated, real = (torch.from_numpy(each // 2) for each in pictures)  # not all of 0 to 255
    masks = pose_masks(torch.from_numpy(whole_joints(rng, 2, (64, 48))), (64, 48))
    found = {name: mask_ssim(generated, real, masks, name) for name in ("pose-gan", "range255")}
    assert (found["pose-gan"] - found["range255"]).abs().min() > 1e-4
    asked = Compared(images=generated, real=real, masks=masks, networks={})
    for name, expected in found.items():
        torch.testing.assert_close(mask_ssim_of_pairs(asked, name), expected)
