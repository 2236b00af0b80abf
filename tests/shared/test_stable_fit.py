"""Transforms that do not degenerate: bounds, mirrors, and the papers' maps where sound."""

from __future__ import annotations

import numpy as np
import pytest
from poses import random_poses, standing_pose
from twin_geometry import mirror_joints, mirror_status, mirror_transforms

from shared.affine import (
    NO_TRANSFORM,
    STATUS_DIRECT,
    STATUS_NONE,
    pair_transforms,
)
from shared.geometry import limb_quads, torso_lengths
from shared.singular_values import clamped, singular_values
from shared.skeleton import (
    FIRST_LIMB,
    HEAD,
    HEAD_JOINTS,
    JOINT,
    TORSO,
    TRANSFORM_LIMB_END,
)
from shared.stable_fit import (
    CALF_LENGTH,
    LIMB_STRETCH,
    SCALE,
    THIGH_LENGTH,
    TORSO_STRETCH,
    completed,
    degenerate,
    stable_transforms,
)

WIDTH = 64


def flat_pose() -> np.ndarray:
    """A standing pose whose shoulders and hips lie in one upright line: seen from the side."""
    pose = standing_pose()
    middle = pose[[JOINT["RSho"], JOINT["LSho"], JOINT["RHip"], JOINT["LHip"]], 0].mean()
    for name in ("RSho", "LSho", "RHip", "LHip"):
        pose[JOINT[name], 0] = middle
    return pose


def fit(source: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    transforms, status = stable_transforms(source[None], target[None])
    return transforms[0], status[0]


def random_pairs(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return random_poses(rng, count), random_poses(rng, count)


def test_singular_values_are_numpys() -> None:
    matrices = np.random.default_rng(0).normal(size=(200, 2, 2))
    expected = np.linalg.svd(matrices, compute_uv=False)
    np.testing.assert_allclose(np.stack(singular_values(matrices), axis=-1), expected, atol=1e-12)


def test_clamped_matrices_lie_in_bounds_and_others_stay() -> None:
    matrices = np.random.default_rng(1).normal(size=(200, 2, 2))
    low, high = np.full(200, 0.5), np.full(200, 2.0)
    large, small = singular_values(clamped(matrices, low, high))
    assert small.min() > 0.5 - 1e-9 and large.max() < 2 + 1e-9
    before_large, before_small = singular_values(matrices)
    sound = (before_small >= 0.5) & (before_large <= 2)
    assert 0 < sound.sum() < 200
    np.testing.assert_array_equal(clamped(matrices, low, high)[sound], matrices[sound])


def test_no_pair_of_poses_has_a_degenerate_part() -> None:
    source, target = random_pairs(3000, 2)
    alike = np.abs(np.log(torso_lengths(source) / torso_lengths(target))) < np.log(1.6)
    source, target = source[alike], target[alike]
    assert degenerate(*pair_transforms(source, target))[:, [TORSO, HEAD]].any(axis=0).all()
    transforms, status = stable_transforms(source, target)
    assert not degenerate(transforms, status)[:, [TORSO, HEAD]].any()
    large, small = singular_values(transforms[..., :2])
    assert (large <= 4 * small * (1 + 1e-9)).all()
    assert np.isfinite(transforms).all()
    np.testing.assert_array_equal(
        (transforms == NO_TRANSFORM).all(axis=(2, 3)), status == STATUS_NONE
    )


def test_stretch_stays_in_the_declared_bounds() -> None:
    source, target = random_pairs(1000, 3)
    transforms, status = stable_transforms(source, target)
    large, small = singular_values(transforms[..., :2])
    scale = np.clip(torso_lengths(source) / torso_lengths(target), *SCALE)[:, None]
    limbs = status[:, FIRST_LIMB:] != STATUS_NONE
    for values in (large, small):
        relative = (values[:, FIRST_LIMB:] / scale)[limbs]
        assert relative.min() > LIMB_STRETCH[0] - 1e-9
        assert relative.max() < LIMB_STRETCH[1] + 1e-9
    torsos = status[:, TORSO] != STATUS_NONE
    condition = (large / small)[torsos, TORSO]
    assert condition.max() < max(TORSO_STRETCH[1], 1 / TORSO_STRETCH[0]) + 1e-9


def test_mirrored_pairs_have_mirrored_transforms() -> None:
    source, target = random_pairs(500, 4)
    transforms, status = stable_transforms(source, target)
    mirrored, mirrored_status = stable_transforms(
        mirror_joints(source, WIDTH), mirror_joints(target, WIDTH)
    )
    np.testing.assert_array_equal(mirrored_status, mirror_status(status))
    np.testing.assert_allclose(mirrored, mirror_transforms(transforms, WIDTH), rtol=1e-7, atol=1e-6)


def test_a_pose_onto_itself_is_the_identity() -> None:
    pose = standing_pose()
    transforms, status = fit(pose, pose)
    known = status != STATUS_NONE
    assert known.any()
    expected = np.broadcast_to([[1.0, 0, 0], [0, 1.0, 0]], transforms[known].shape)
    np.testing.assert_allclose(transforms[known], expected, atol=1e-9)


def test_moved_turned_and_scaled_person_gives_that_very_map_for_every_part() -> None:
    pose = standing_pose()
    angle, scale, shift = 0.3, 1.2, np.array([3.0, -5.0])
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    transforms, status = fit(pose @ turn.T + shift, pose)
    known = status != STATUS_NONE
    expected = np.concatenate([turn, shift[:, None]], axis=1)
    np.testing.assert_allclose(
        transforms[known], np.broadcast_to(expected, transforms[known].shape), atol=1e-9
    )


def test_healthy_limbs_are_the_papers() -> None:
    source, target = random_pairs(1000, 5)
    papers, papers_status = pair_transforms(completed(source), completed(target))
    transforms, status = stable_transforms(source, target)
    np.testing.assert_array_equal(status[:, FIRST_LIMB:], papers_status[:, FIRST_LIMB:])
    large, small = singular_values(papers[..., :2])
    scale = (torso_lengths(source) / torso_lengths(target))[:, None]
    sound = (large < 2 * scale) & (small > 0.5 * scale) & (papers_status != STATUS_NONE)
    sound &= (scale > SCALE[0]) & (scale < SCALE[1])
    sound[:, :FIRST_LIMB] = False
    assert sound.sum() > 100
    np.testing.assert_array_equal(transforms[sound], papers[sound])


def test_stretched_limb_still_leads_centre_to_centre() -> None:
    target = standing_pose()
    target[JOINT["RAnk"]] = target[JOINT["RKne"]] + [0.0, 1.5]
    source = standing_pose()
    part = FIRST_LIMB + 2
    transforms, _ = fit(source, target)
    centres = [limb_quads(pose, TRANSFORM_LIMB_END)[2].mean(axis=0) for pose in (target, source)]
    moved = transforms[part] @ [*centres[0], 1]
    np.testing.assert_allclose(moved, centres[1], atol=1e-9)
    assert singular_values(transforms[part, :, :2])[0] <= 2 + 1e-9


@pytest.mark.parametrize("flat_side", ["source", "target"])
def test_torso_from_the_side_leads_shoulders_and_hips_to_their_middles(flat_side: str) -> None:
    poses = {"source": standing_pose(), "target": standing_pose(), flat_side: flat_pose()}
    transforms, status = fit(poses["source"], poses["target"])
    assert status[TORSO] == STATUS_DIRECT
    for right, left in (("RSho", "LSho"), ("RHip", "LHip")):
        middles = {
            side: (pose[JOINT[right]] + pose[JOINT[left]]) / 2 for side, pose in poses.items()
        }
        moved = transforms[TORSO] @ [*middles["target"], 1]
        np.testing.assert_allclose(moved, middles["source"], atol=1.0)


def test_person_from_behind_has_a_mirrored_torso() -> None:
    front = standing_pose()
    behind = mirror_joints(front, WIDTH)[list(_swapped())]
    transforms, _ = fit(front, behind)
    assert np.linalg.det(transforms[TORSO, :, :2]) < 0
    transforms, _ = fit(front, front)
    assert np.linalg.det(transforms[TORSO, :, :2]) > 0


def test_heads_without_a_common_point_are_led_middle_to_middle() -> None:
    source, target = standing_pose(), standing_pose() + np.array([2.0, 1.0])
    source[list(HEAD_JOINTS)] = np.nan
    source[JOINT["nose"]] = [30.0, 20.0]
    target[JOINT["nose"]] = np.nan
    assert pair_transforms(source[None], target[None])[1][0, HEAD] == STATUS_NONE
    transforms, status = fit(source, target)
    assert status[HEAD] == STATUS_DIRECT
    middle = np.nanmean(target[list(HEAD_JOINTS)], axis=0)
    np.testing.assert_allclose(transforms[HEAD] @ [*middle, 1], [30.0, 20.0], atol=1e-9)


def test_only_absent_legs_are_completed_and_hang_from_what_is_known() -> None:
    poses = random_poses(np.random.default_rng(6), 400, missing=0.25)
    found = completed(poses)
    torsos = torso_lengths(poses)
    axis = poses[:, [JOINT["RHip"], JOINT["LHip"]]].sum(axis=1)
    axis -= poses[:, [JOINT["RSho"], JOINT["LSho"]]].sum(axis=1)
    for side in "RL":
        hip, knee, ankle = (JOINT[side + name] for name in ("Hip", "Kne", "Ank"))
        for upper, lower, share in ((hip, knee, THIGH_LENGTH), (knee, ankle, CALF_LENGTH)):
            absent = np.isnan(poses[:, lower, 0])
            rows = absent & np.isfinite(torsos)
            assert 0 < rows.sum() < absent.sum()
            np.testing.assert_array_equal(np.isfinite(found[:, lower, 0]), ~absent | rows)
            limb = found[rows, lower] - found[rows, upper]
            length = np.hypot(*limb.T)
            np.testing.assert_allclose(length, share * torsos[rows])
            before = axis[rows] if upper == hip else found[rows, knee] - found[rows, hip]
            ways = (before, axis[rows])
            cosines = [(v * limb).sum(1) / np.hypot(*v.T) / length for v in ways]
            np.testing.assert_allclose(cosines[0], cosines[1], atol=1e-9)
    legs = [JOINT[side + name] for side in "RL" for name in ("Kne", "Ank")]
    found[:, legs] = poses[:, legs]
    np.testing.assert_array_equal(found, poses)


def test_a_thigh_without_ankle_has_a_calf() -> None:
    source, target = standing_pose(), standing_pose()
    target[JOINT["RAnk"]] = np.nan
    assert pair_transforms(source[None], target[None])[1][0, FIRST_LIMB + 2] == STATUS_NONE
    assert fit(source, target)[1][FIRST_LIMB + 2] == STATUS_DIRECT


def test_absent_head_and_shoulders_in_one_point_give_no_transform() -> None:
    source, target = standing_pose(), standing_pose()
    source[list(HEAD_JOINTS)] = np.nan
    transforms, status = fit(source, target)
    assert status[HEAD] == STATUS_NONE
    np.testing.assert_array_equal(transforms[HEAD], NO_TRANSFORM)
    for name in ("RSho", "LSho", "RHip", "LHip"):
        target[JOINT[name]] = [30.0, 40.0]
    transforms, status = fit(source, target)
    assert not status.any()
    np.testing.assert_array_equal(transforms, np.broadcast_to(NO_TRANSFORM, transforms.shape))


def _swapped() -> tuple[int, ...]:
    """Left and right exchanged: a person from behind keeps the names of their own sides."""
    from shared.skeleton import MIRROR_JOINTS

    return MIRROR_JOINTS
