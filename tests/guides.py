"""Guidance of random people for the networks' tests."""

from __future__ import annotations

import numpy as np
import torch
from poses import random_poses
from torch import Tensor

from shared.affine import pair_transforms
from shared.geometry import mask_quads, scale_joints, valid_poses
from train.nets.guidance import Guidance
from train.nets.posemaps import pose_maps


def random_guidance(
    rng: np.random.Generator, size: tuple[int, int], batch: int = 2
) -> tuple[Tensor, Guidance]:
    """Images (b, 3, H, W) in [-1, 1] and what leads from their people to others."""
    poses = random_poses(rng, 20 * batch)
    poses = scale_joints(poses[valid_poses(poses)][: 2 * batch], (128, 64), size)
    transforms, status = pair_transforms(poses[:batch], poses[batch:])
    joints = torch.tensor(poses, dtype=torch.float32)
    maps = pose_maps(joints, size)
    images = torch.tensor(rng.uniform(-1, 1, (batch, 3, *size)), dtype=torch.float32)
    guidance = Guidance(
        source_joints=joints[:batch],
        target_joints=joints[batch:],
        source_pose=maps[:batch],
        target_pose=maps[batch:],
        transforms=torch.tensor(transforms).float(),
        status=torch.tensor(status),
        quads=torch.tensor(mask_quads(poses[batch:], size)),
        background=images[:, :0],
    )
    return images, guidance


def moved(guidance: Guidance, *to: object) -> Guidance:
    """The same on another device, or in another order of memory."""
    return Guidance(**{name: value.to(*to) for name, value in vars(guidance).items()})
