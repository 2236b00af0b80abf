"""Quads, mirroring and scaling, against brute force and hand-made poses."""

from __future__ import annotations

import numpy as np
import pytest
from poses import random_poses, standing_pose
from skimage.draw import polygon2mask
from twin_geometry import mirror_joints, mirror_quads, mirror_status, scale_quads

from shared import geometry
from shared.skeleton import JOINT, NUM_PARTS, PARTS

HEIGHT, WIDTH = 128, 64


def test_torso_length_is_the_rms_of_both_sides() -> None:
    pose = standing_pose()
    pose[JOINT["RHip"]] = pose[JOINT["RSho"]] + (0, 30)
    pose[JOINT["LHip"]] = pose[JOINT["LSho"]] + (40, 0)
    assert geometry.torso_lengths(pose) == pytest.approx(np.sqrt((900 + 1600) / 2))


@pytest.mark.parametrize("name", ["RHip", "LHip", "RSho", "LSho"])
def test_pose_without_hip_or_shoulder_is_not_valid(name: str) -> None:
    pose = standing_pose()
    pose[JOINT[name]] = np.nan
    assert not geometry.valid_poses(pose)
    assert np.isnan(geometry.torso_lengths(pose))
    assert np.isnan(geometry.mask_quads(pose, (HEIGHT, WIDTH))[1:]).all()


def test_convention_torso_is_the_whole_image() -> None:
    quad = geometry.mask_quads(standing_pose(), (HEIGHT, WIDTH))[0]
    assert quad.tolist() == [[-0.5, -0.5], [63.5, -0.5], [63.5, 127.5], [-0.5, 127.5]]


@pytest.mark.parametrize(
    ("part", "first", "second", "beyond"),
    [
        ("R thigh", "RHip", "RKne", 2.2),
        ("L calf", "LKne", "LAnk", 11.0),
        ("L upper arm", "LSho", "LElb", 2.2),
        ("R forearm", "RElb", "RWri", 11.0),
    ],
)
def test_convention_limb_quad_begins_before_its_first_joint_and_ends_behind_its_second(
    part: str, first: str, second: str, beyond: float
) -> None:
    pose = standing_pose()
    pose[JOINT[second]] = pose[JOINT[first]] + (0, 20)
    if first == "LSho":  # the torso's length stays
        pose[JOINT["LHip"]] = pose[JOINT["LSho"]] + (-4, 36)
    quad = geometry.mask_quads(pose, (HEIGHT, WIDTH))[PARTS.index(part)]
    x, y = pose[JOINT[first]]
    side = 0.2 * np.sqrt(4**2 + 36**2)  # both sides of the torso run by (4, 36)
    assert quad[:, 1] == pytest.approx([y - 2, y - 2, y + 20 + beyond, y + 20 + beyond])
    assert quad[:, 0] == pytest.approx([x - side, x + side, x + side, x - side])


def test_head_square_is_centred_on_the_present_head_points() -> None:
    pose = standing_pose()
    pose[[JOINT["nose"], JOINT["REye"], JOINT["REar"]]] = np.nan
    quad = geometry.mask_quads(pose, (HEIGHT, WIDTH))[1]
    side = 0.8 * np.sqrt(4**2 + 36**2)  # both sides of the torso run by (4, 36)
    assert quad.mean(axis=0) == pytest.approx([35.5, 13.5])
    assert np.ptp(quad, axis=0) == pytest.approx([side, side])


def test_limb_without_length_has_no_quad() -> None:
    pose = standing_pose()
    pose[JOINT["LWri"]] = pose[JOINT["LElb"]]
    quads = geometry.mask_quads(pose, (HEIGHT, WIDTH))
    assert np.isnan(quads[PARTS.index("L forearm")]).all()
    assert np.isfinite(np.delete(quads, PARTS.index("L forearm"), axis=0)).all()


def test_points_in_quads_agrees_with_a_raster(rng: np.random.Generator) -> None:
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    points = np.stack([columns.ravel(), rows.ravel()], axis=-1) + 0.123
    for quads in geometry.mask_quads(random_poses(rng, 5), (HEIGHT, WIDTH)):
        inside = geometry.points_in_quads(quads, points)
        for quad, found in zip(quads, inside, strict=True):
            if np.isnan(quad).any():
                assert not found.any()
            else:
                raster = polygon2mask((HEIGHT, WIDTH), quad[:, ::-1] - 0.123)
                assert (raster.ravel() == found).mean() > 0.9995


def test_mirrored_joints_give_mirrored_quads(rng: np.random.Generator) -> None:
    poses = random_poses(rng, 200)
    quads = geometry.mask_quads(poses, (HEIGHT, WIDTH))
    anew = geometry.mask_quads(mirror_joints(poses, WIDTH), (HEIGHT, WIDTH))
    mirrored = mirror_quads(quads, WIDTH)
    np.testing.assert_allclose(mirrored, anew, atol=1e-4)


def test_mirroring_twice_gives_the_same_joints(rng: np.random.Generator) -> None:
    poses = random_poses(rng, 20)
    twice = mirror_joints(mirror_joints(poses, WIDTH), WIDTH)
    np.testing.assert_allclose(twice, poses)
    status = rng.integers(0, 3, (20, NUM_PARTS)).astype(np.uint8)
    again = mirror_status(mirror_status(status))
    np.testing.assert_array_equal(again, status)


def test_convention_resize_keeps_the_borders_of_pixels() -> None:
    corners = np.array([[-0.5, -0.5], [99.5, 59.5]])
    scaled = geometry.scale_joints(corners, (60, 100), (30, 200))
    assert scaled.tolist() == [[-0.5, -0.5], [199.5, 29.5]]


def test_convention_feature_map_pixel_is_the_centre_of_its_image_pixels() -> None:
    quad = np.array([[1.5, 1.5], [5.5, 1.5], [5.5, 9.5], [1.5, 9.5]])
    assert scale_quads(quad, 4).tolist() == [[0, 0], [1, 0], [1, 2], [0, 2]]


def test_joints_of_single_precision_are_scaled_in_double() -> None:
    joints = (np.arange(40).reshape(20, 2) / 7 - 1).astype(np.float32)
    scaled = geometry.scale_joints(joints, (7, 3), (11, 13))
    exact = (joints.astype(np.float64) + 0.5) * np.array([13 / 3, 11 / 7]) - 0.5
    assert scaled.dtype == np.float64
    np.testing.assert_allclose(scaled, exact, rtol=1e-14)


def test_quads_of_joints_of_single_precision_are_computed_in_double(
    rng: np.random.Generator,
) -> None:
    joints = random_poses(rng, 30).astype(np.float32)
    for quads in (geometry.head_quads, lambda j: geometry.limb_quads(j, [0.1] * 8)):
        found = quads(joints)
        assert found.dtype == np.float64
        np.testing.assert_array_equal(found, quads(joints.astype(np.float64)))


def test_poses_are_valid_one_by_one() -> None:
    poses = np.stack([standing_pose()] * 3)
    poses[1, JOINT["LHip"]] = np.nan
    poses[2, JOINT["nose"]] = np.nan
    assert geometry.valid_poses(poses).tolist() == [True, False, True]
