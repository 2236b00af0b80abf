"""Pairs of drawn people at any size, and how near and how sharp pictures of them are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from preprocess.demo.drawing.crops import Crop, Studio
from shared.geometry import scale_joints, valid_poses
from train.metrics.compared import Compared
from train.metrics.masks import mask_ssim, pose_masks
from train.metrics.sharpness import edges_of_pairs
from train.metrics.ssim import ssim

Pictures = NDArray[np.uint8]
SMALL = (128, 64)
PROTOCOL = "pose-gan"


@dataclass(frozen=True, kw_only=True)
class People:
    """Pairs: two pictures of a person each, uint8 (n, h, w, 3), with joints (n, 18, 2)."""

    sources: Pictures
    targets: Pictures
    source_joints: NDArray[np.float64]
    target_joints: NDArray[np.float64]

    @property
    def size(self) -> tuple[int, int]:
        return self.sources.shape[1], self.sources.shape[2]


def draw_people(seed: int, count: int, size: tuple[int, int], first: int = 0) -> People:
    """Draw two pictures of so many people, from identity ``first`` on, at a size."""
    studio = Studio.of(seed)
    pairs: list[tuple[Crop, Crop]] = []
    identity = first
    while len(pairs) < count:
        crops = (studio.crop(identity, index, size=size) for index in range(6))
        good = [crop for crop in crops if valid_poses(_joints(crop)[None])[0]][:2]
        if len(good) == 2:
            pairs.append((good[0], good[1]))
        identity += 1
    one, other = zip(*pairs, strict=True)
    return People(
        sources=np.stack([crop.image for crop in one]),
        targets=np.stack([crop.image for crop in other]),
        source_joints=np.stack([_joints(crop) for crop in one]),
        target_joints=np.stack([_joints(crop) for crop in other]),
    )


def scores_of(pictures: Pictures, people: People) -> dict[str, float]:
    """Score pictures of pairs against their targets: SSIM, mask-SSIM, sharpness of real."""
    images, real = torch.from_numpy(pictures), torch.from_numpy(people.targets)
    joints = scale_joints(people.target_joints, people.size, SMALL)
    masks = pose_masks(torch.from_numpy(joints), SMALL)
    for axis, (large, small) in enumerate(zip(people.size, SMALL, strict=True), start=1):
        masks = masks.repeat_interleave(large // small, axis)
    over, under = edges_of_pairs(Compared(images=images, real=real, masks=masks), PROTOCOL)
    return {
        "ssim": float(ssim(images, real, PROTOCOL).mean()),
        "mask_ssim": float(mask_ssim(images, real, masks, PROTOCOL).mean()),
        "sharpness": float(over.sum() / under.sum()),
    }


def _joints(crop: Crop) -> NDArray[np.float64]:
    return np.where(crop.visible[:, None], crop.joints, np.nan)
