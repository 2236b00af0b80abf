"""The geometry of pairs, as stage 1 writes it and the painter computes it."""

from __future__ import annotations

import numpy as np
from poses import random_poses, standing_pose

from shared.affine import pair_transforms
from shared.geometry import mask_quads
from shared.pair_geometry import BLOCK_PAIRS, pair_geometry, transforms_of_pairs


def test_transforms_do_not_depend_on_the_blocks(rng: np.random.Generator) -> None:
    joints = random_poses(rng, 60)
    pairs = rng.integers(0, 60, (BLOCK_PAIRS + 37, 2))
    transforms, status = transforms_of_pairs(joints, pairs)
    for row in (0, BLOCK_PAIRS - 1, BLOCK_PAIRS, BLOCK_PAIRS + 36):
        expected, kinds = pair_transforms(joints[pairs[row, :1]], joints[pairs[row, 1:]])
        assert np.allclose(transforms[row], expected[0], rtol=1e-5, atol=1e-4)
        assert np.array_equal(status[row], kinds[0])


def test_convention_transforms_lead_from_target_to_source(rng: np.random.Generator) -> None:
    pose = standing_pose()
    moved = pose + np.array([5.0, 0.0])
    geometry = pair_geometry(moved[None], pose[None], (128, 64))
    torso = geometry.transforms[0, 0]
    np.testing.assert_allclose(torso, [[1, 0, 5], [0, 1, 0]], atol=1e-4)


def test_geometry_is_that_of_a_shard_in_values_and_types(rng: np.random.Generator) -> None:
    joints = random_poses(rng, 20)
    pairs = rng.integers(0, 20, (33, 2))
    transforms, status = transforms_of_pairs(joints, pairs)
    found = pair_geometry(joints[pairs[:, 0]], joints[pairs[:, 1]], (120, 56))
    for array, expected in (
        (found.transforms, transforms),
        (found.status, status),
        (found.target_quads, mask_quads(joints, (120, 56))[pairs[:, 1]]),
    ):
        assert array.dtype == expected.dtype
        np.testing.assert_array_equal(array, expected)


def test_no_pairs_have_empty_geometry() -> None:
    none = np.empty((0, 18, 2))
    found = pair_geometry(none, none, (128, 64))
    assert found.transforms.shape == (0, 10, 2, 3) and found.target_quads.shape == (0, 10, 4, 2)
