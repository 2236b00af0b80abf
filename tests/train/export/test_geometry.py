"""Geometry inside of a graph against what shards and painter compute."""

from __future__ import annotations

import numpy as np
import torch
from poses import random_poses, standing_pose

from shared.geometry import mask_quads, valid_poses
from shared.pair_geometry import pair_geometry
from shared.skeleton import JOINT, TORSO_JOINTS
from train.export.geometry import quads_of, transforms_of

SIZE = (128, 64)


def pairs(count: int = 400) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of valid poses; in the first ones something is degenerate."""
    rng = np.random.default_rng(5)
    whole = standing_pose()[list(TORSO_JOINTS)]
    found = []
    for _ in range(2):
        poses = random_poses(rng, count, missing=0.3)
        torso = whole + rng.normal(0, 3, (count, len(TORSO_JOINTS), 2))
        poses[:, list(TORSO_JOINTS)] = torso
        found.append(poses)
    source, target = found
    source[0, JOINT["RKne"]] = source[0, JOINT["RHip"]]  # a thigh without length
    target[1, JOINT["LElb"]] = target[1, JOINT["LSho"]]
    source[2, list(TORSO_JOINTS)] = [[20, 20], [30, 30], [40, 40], [50, 50]]  # a line
    source[3, [joint for joint in range(18) if joint not in TORSO_JOINTS]] = np.nan
    target[4] = source[4]
    assert valid_poses(source).all() and valid_poses(target).all()
    return source.astype(np.float32), target.astype(np.float32)


def test_transforms_and_status_are_those_of_the_shards() -> None:
    source, target = pairs()
    wanted = pair_geometry(source, target, SIZE)
    transforms, status = transforms_of(torch.from_numpy(source), torch.from_numpy(target))
    np.testing.assert_array_equal(status.numpy(), wanted.status)
    np.testing.assert_allclose(transforms.numpy(), wanted.transforms, rtol=2e-6, atol=2e-5)
    assert (wanted.status == 0).any() and (wanted.status == 2).any()


def test_quads_are_those_of_the_shards() -> None:
    _, target = pairs()
    found = quads_of(torch.from_numpy(target), SIZE).numpy()
    np.testing.assert_allclose(found, mask_quads(target, SIZE), rtol=1e-6, atol=1e-5)
