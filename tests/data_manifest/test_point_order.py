"""Key points that lie outside of their images are refused, with both readings counted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from poses import standing_pose

from data_manifest.point_order import refuse_points_outside
from data_manifest.published_files import read_keypoints
from shared.errors import UsageError

WHERE = Path("keypoints.csv")


def poses(rng: np.random.Generator, count: int = 40) -> np.ndarray:
    """Standing people in images of 128 x 64."""
    points = standing_pose() + rng.normal(0, 3, (count, 18, 2))
    points[rng.random((count, 18)) < 0.2] = np.nan
    return np.clip(points, 0, (63, 127))


def sizes(count: int = 40) -> np.ndarray:
    return np.full((count, 2), (128, 64))


def test_points_in_their_images_pass(rng: np.random.Generator) -> None:
    refuse_points_outside(WHERE, poses(rng), sizes())


def test_exchanged_x_and_y_are_refused_with_both_readings(rng: np.random.Generator) -> None:
    joints = poses(rng)
    known = int(np.isfinite(joints[..., 0]).sum())
    low = int((joints[..., 1] <= 64 * 1.02).sum())
    with pytest.raises(UsageError) as caught:
        refuse_points_outside(WHERE, joints[..., ::-1], sizes())
    assert f"as written {low} of {known} points inside" in caught.value.message
    assert f"exchanged {known} of {known}; exchange the two columns" in caught.value.message


def test_points_of_larger_images_are_refused(rng: np.random.Generator) -> None:
    with pytest.raises(UsageError, match="give the key points of these images"):
        refuse_points_outside(WHERE, 4 * poses(rng), sizes())


def test_a_few_points_outside_pass(rng: np.random.Generator) -> None:
    joints = poses(rng)
    joints[:6, 4] = (80, 100)
    refuse_points_outside(WHERE, joints, sizes())


def test_each_image_has_its_own_size(rng: np.random.Generator) -> None:
    joints, lying = poses(rng), sizes()
    joints[::2] = joints[::2, :, ::-1]
    lying[::2] = lying[::2, ::-1]
    refuse_points_outside(WHERE, joints, lying)
    with pytest.raises(UsageError):
        refuse_points_outside(WHERE, joints, lying[:, ::-1])


def test_nothing_known_passes() -> None:
    refuse_points_outside(WHERE, np.full((3, 18, 2), np.nan), sizes(3))
    refuse_points_outside(WHERE, np.empty((0, 18, 2)), sizes(0))


@pytest.mark.parametrize("name", ["market-annotation-train.csv", "market1501-train-keypoints.csv"])
def test_published_files_pass_and_exchanged_ones_do_not(published_data: Path, name: str) -> None:
    joints = read_keypoints(published_data / name).joints
    refuse_points_outside(WHERE, joints, sizes(len(joints)))
    with pytest.raises(UsageError):
        refuse_points_outside(WHERE, joints[..., ::-1], sizes(len(joints)))
