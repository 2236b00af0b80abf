"""Transforms of the ten parts against skimage, and what happens where a part is missing."""

from __future__ import annotations

import csv
import json
import warnings
from pathlib import Path

import numpy as np
import pytest
from poses import random_poses, standing_pose
from skimage.transform import AffineTransform
from twin_geometry import (
    fit_affine,
    mirror_joints,
    mirror_status,
    mirror_transforms,
    scale_transforms,
)

from shared import affine, geometry
from shared.skeleton import (
    FIRST_LIMB,
    HEAD_JOINTS,
    JOINT,
    LIMBS,
    NUM_PARTS,
    PARTS,
    TORSO_JOINTS,
    TRANSFORM_LIMB_END,
)

WIDTH = 64


def correspondences(
    source: np.ndarray, target: np.ndarray, part: int, mirrored: bool
) -> tuple[np.ndarray, np.ndarray]:
    """The points of one part, target first, written down naively."""
    if PARTS[part] == "torso":
        return target[list(TORSO_JOINTS)], source[list(TORSO_JOINTS)]
    if PARTS[part] == "head":
        common = [j for j in HEAD_JOINTS if np.isfinite(source[j]).all()]
        common = [j for j in common if np.isfinite(target[j]).all()]
        joints = [*common, JOINT["LSho"], JOINT["RSho"]]
        return target[joints], source[joints]
    limb = part - FIRST_LIMB
    there = geometry.limb_quads(target, TRANSFORM_LIMB_END)[limb]
    here = geometry.limb_quads(source, TRANSFORM_LIMB_END)[limb ^ 1 if mirrored else limb]
    return there, here


def skimage_transform(target: np.ndarray, source: np.ndarray) -> np.ndarray:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return AffineTransform.from_estimate(target, source).params[:2]


def largest_error(
    source: np.ndarray, target: np.ndarray, transforms: np.ndarray, status: np.ndarray
) -> float:
    worst = 0.0
    for i in range(len(source)):
        for part in np.flatnonzero(status[i]):
            points = correspondences(source[i], target[i], part, status[i, part] == 2)
            expected = skimage_transform(*points)
            error = np.abs(transforms[i, part] - expected).max() / np.abs(expected).max()
            worst = max(worst, error)
    return worst


def test_transforms_equal_skimage_on_random_poses(rng: np.random.Generator) -> None:
    source, target = random_poses(rng, 150), random_poses(rng, 150)
    transforms, status = affine.pair_transforms(source, target)
    assert set(np.unique(status)) == {0, 1, 2}
    assert largest_error(source, target, transforms, status) <= 1e-9


def test_transforms_equal_skimage_on_published_poses(
    published_data: Path, rng: np.random.Generator
) -> None:
    with (published_data / "market-annotation-train.csv").open() as stream:
        rows = list(csv.reader(stream, delimiter=":"))[1:]
    joints = np.array([[json.loads(r[2]), json.loads(r[1])] for r in rows], float).swapaxes(1, 2)
    joints[joints < 0] = np.nan
    joints = joints[geometry.valid_poses(joints)]
    chosen = rng.integers(0, len(joints), (2, 2000))
    source, target = joints[chosen[0]], joints[chosen[1]]
    transforms, status = affine.pair_transforms(source, target)
    assert largest_error(source, target, transforms, status) <= 1e-9


def test_fit_equals_skimage_on_thin_and_noisy_points(rng: np.random.Generator) -> None:
    target = rng.normal(30, 10, (300, 6, 2)) * (1, 1e-2)
    source = target @ rng.normal(0, 1, (300, 2, 2)) + rng.normal(0, 3, (300, 6, 2))
    matrices, good = fit_affine(target, source)
    assert good.all()
    for i in range(300):
        expected = skimage_transform(target[i], source[i])
        assert np.abs(matrices[i] - expected).max() <= 1e-9 * np.abs(expected).max()


def test_convention_transform_leads_from_target_to_source() -> None:
    source = standing_pose()
    target = source * (0.8, 0.9) + (5, -3)
    transforms, status = affine.pair_transforms(source[None], target[None])
    assert (status == affine.STATUS_DIRECT).all()
    hip = transforms[0, 0] @ [*target[JOINT["RHip"]], 1]
    assert hip == pytest.approx(source[JOINT["RHip"]])


def test_equal_poses_give_identities() -> None:
    pose = standing_pose()[None]
    transforms, _ = affine.pair_transforms(pose, pose)
    identity = np.broadcast_to([[1, 0, 0], [0, 1, 0]], (1, NUM_PARTS, 2, 3))
    np.testing.assert_allclose(transforms, identity, atol=1e-10)


def test_missing_limb_uses_the_mirrored_one() -> None:
    source, target = standing_pose(), standing_pose()
    source[JOINT["RWri"]] = np.nan
    transforms, status = affine.pair_transforms(source[None], target[None])
    right, left = PARTS.index("R forearm"), PARTS.index("L forearm")
    assert status[0, right] == affine.STATUS_MIRRORED
    assert status[0, left] == affine.STATUS_DIRECT
    elbow = transforms[0, right] @ [*target[JOINT["RElb"]], 1]
    assert elbow == pytest.approx(source[JOINT["LElb"]])


def test_limb_missing_in_the_target_has_no_transform() -> None:
    source, target = standing_pose(), standing_pose()
    target[JOINT["LAnk"]] = np.nan
    _, status = affine.pair_transforms(source[None], target[None])
    assert status[0].tolist() == [1, 1, 1, 1, 1, 0, 1, 1, 1, 1]


def test_limb_missing_on_both_sides_of_the_source_has_no_transform() -> None:
    source, target = standing_pose(), standing_pose()
    source[[JOINT["LKne"], JOINT["RAnk"]]] = np.nan
    _, status = affine.pair_transforms(source[None], target[None])
    assert [PARTS[p] for p in np.flatnonzero(status[0] == 0)] == ["R calf", "L calf"]
    assert [PARTS[p] for p in np.flatnonzero(status[0] == 2)] == ["L thigh"]


def test_head_without_common_points_has_no_transform() -> None:
    source, target = standing_pose(), standing_pose()
    source[[JOINT["nose"], JOINT["LEye"], JOINT["LEar"]]] = np.nan
    target[[JOINT["REye"], JOINT["REar"]]] = np.nan
    _, status = affine.pair_transforms(source[None], target[None])
    assert [PARTS[p] for p in np.flatnonzero(status[0] == 0)] == ["head"]


DEGENERATE = {
    "all joints in one point": np.zeros((18, 2)),
    "all joints on a line": np.stack([np.arange(18.0), 2 * np.arange(18.0)], axis=-1),
    "no joint": np.full((18, 2), np.nan),
    "no torso": np.where((np.arange(18) < 8)[:, None], standing_pose(), np.nan),
    "torso without length": np.where(
        np.isin(np.arange(18), TORSO_JOINTS)[:, None], 30.0, standing_pose()
    ),
    "huge": standing_pose() * 1e12,
}


@pytest.mark.parametrize("name", DEGENERATE)
@pytest.mark.parametrize("side", ["source", "target"])
def test_degenerate_skeleton_gives_no_nan(name: str, side: str) -> None:
    poses = {"source": standing_pose()[None], "target": standing_pose()[None]}
    poses[side] = DEGENERATE[name][None]
    transforms, status = affine.pair_transforms(poses["source"], poses["target"])
    assert np.isfinite(transforms).all()
    assert (transforms[status == 0] == affine.NO_TRANSFORM).all()
    if name != "huge":
        assert status[0, 0] == affine.STATUS_NONE


def test_points_on_a_line_cannot_be_fitted() -> None:
    line = np.stack([np.arange(5.0), np.arange(5.0)], axis=-1)[None]
    cloud = np.array([[[0, 0], [7, 1], [3, 9], [4, 4], [8, 2.0]]])
    for points in ((line, cloud), (cloud, line)):
        matrices, good = fit_affine(*points)
        assert not good.any()
        assert (matrices[0] == affine.NO_TRANSFORM).all()


def test_mirrored_pair_has_the_conjugated_transforms(rng: np.random.Generator) -> None:
    source, target = random_poses(rng, 300), random_poses(rng, 300)
    transforms, status = affine.pair_transforms(source, target)
    anew, anew_status = affine.pair_transforms(
        mirror_joints(source, WIDTH), mirror_joints(target, WIDTH)
    )
    np.testing.assert_array_equal(mirror_status(status), anew_status)
    np.testing.assert_allclose(mirror_transforms(transforms, WIDTH), anew, rtol=1e-7, atol=1e-7)


def test_convention_scaled_transform_agrees_on_pixel_centres(rng: np.random.Generator) -> None:
    matrix = rng.normal(0, 1, (7, 2, 3))
    scaled = scale_transforms(matrix, 8)
    for image, small in zip(matrix, scaled, strict=True):
        centre = np.array([3.0, 5.0])
        on_image = image @ [*(8 * centre + 3.5), 1]
        assert small @ [*centre, 1] == pytest.approx((on_image - 3.5) / 8)


def test_blocks_do_not_show(rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    source, target = random_poses(rng, 50), random_poses(rng, 50)
    whole = affine.pair_transforms(source, target)
    monkeypatch.setattr(affine, "BLOCK_PAIRS", 7)
    pieces = affine.pair_transforms(source, target)
    np.testing.assert_allclose(pieces[0], whole[0], rtol=1e-9)
    np.testing.assert_array_equal(pieces[1], whole[1])


def test_no_pairs_give_empty_arrays() -> None:
    transforms, status = affine.pair_transforms(np.empty((0, 18, 2)), np.empty((0, 18, 2)))
    assert transforms.shape == (0, NUM_PARTS, 2, 3) and status.shape == (0, NUM_PARTS)
    assert len(LIMBS) == 8


def test_joints_of_single_precision_are_fitted_in_double(rng: np.random.Generator) -> None:
    poses = rng.uniform(0, 128, (2, 50, 18, 2)).astype(np.float32)
    for found, exact in zip(
        affine.pair_transforms(*poses),
        affine.pair_transforms(*poses.astype(np.float64)),
        strict=True,
    ):
        np.testing.assert_array_equal(found, exact)


def expected_status(source: np.ndarray, target: np.ndarray, part: int) -> int:
    """The status of a part of two poses whose joints lie anywhere, in plain words."""
    here, there = (np.isfinite(pose).all(axis=-1) for pose in (source, target))
    torsos = list(TORSO_JOINTS)
    if PARTS[part] == "torso":
        return int(here[torsos].all() and there[torsos].all())
    if PARTS[part] == "head":
        shoulders = [JOINT["LSho"], JOINT["RSho"]]
        common = (here & there)[list(HEAD_JOINTS)]
        return int(common.any() and (here & there)[shoulders].all())
    first, second = LIMBS[part - FIRST_LIMB]
    mirrored = LIMBS[(part - FIRST_LIMB) ^ 1]
    if not (here[torsos].all() and there[torsos].all() and there[first] and there[second]):
        return 0
    if here[first] and here[second]:
        return 1
    return 2 if here[list(mirrored)].all() else 0


def test_what_can_be_fitted_is_fitted(rng: np.random.Generator) -> None:
    poses = rng.uniform(0, 128, (2, 400, 18, 2))
    poses[rng.random((2, 400, 18)) < rng.random((1, 400, 1)) * 0.6] = np.nan
    transforms, status = affine.pair_transforms(*poses)
    assert transforms.dtype == np.float64 and status.dtype == np.uint8
    for pair, (source, target) in enumerate(poses.swapaxes(0, 1)):
        expected = [expected_status(source, target, part) for part in range(NUM_PARTS)]
        assert status[pair].tolist() == expected
    assert {0, 1, 2} == set(np.unique(status)) and status[:, 1].any() and not status[:, 1].all()


@pytest.mark.parametrize("power", [140, 150, 160])
def test_a_transform_beyond_all_numbers_is_none(power: int) -> None:
    large, small = (standing_pose()[None] * 10.0**sign for sign in (power, -power))
    for source, target in ((large, small), (small, large)):
        transforms, status = affine.pair_transforms(source, target)
        assert np.isfinite(transforms).all()
        given_up = (transforms == affine.NO_TRANSFORM).all(axis=(-2, -1))
        np.testing.assert_array_equal(given_up, status == affine.STATUS_NONE)


def test_two_shoulders_are_no_head_however_far_away_the_picture_is(
    rng: np.random.Generator,
) -> None:
    # So far away, two points do not lie on a line with their rounded mean.
    source, target = rng.uniform(0, 60, (2, 50, 18, 2)) + 1e14
    target[1:, list(HEAD_JOINTS)] = np.nan
    _, status = affine.pair_transforms(source, target)
    assert status[:, 1].tolist() == [1] + [0] * 49
