"""Batches as the networks see them, made of gathered samples on the training device.

Convention:
    Images are (b, 3, H, W) in [-1, 1]; poses (b, c, H, W). A mirrored sample has both its
    pictures mirrored (x -> W - 1 - x), left and right joints and parts exchanged, and its
    transforms conjugated with the mirror: as if the mirrored pictures had been prepared.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from shared.skeleton import MIRROR_JOINTS, MIRROR_PARTS
from train.data.store import Samples
from train.nets.background import background_of
from train.nets.constants import no_transform, picked
from train.nets.guidance import Guidance
from train.nets.poses import POSES
from train.settings.networks import DrawnPoses

ShownBackground = Literal["none", "target", "source"]
"""Whose background the networks see."""


@dataclass(frozen=True, kw_only=True)
class Batch:
    """What one update of a network sees.

    Args:
        source_image: float32 (b, 3, H, W) in [-1, 1].
        target_image: float32 (b, 3, H, W) in [-1, 1].
        source_pose: float32 (b, c, H, W): 18 heat maps, or a stick figure in 3 channels.
        target_pose: float32 (b, c, H, W).
        source_joints: float32 (b, 18, 2), image pixels, NaN where absent.
        target_joints: float32 (b, 18, 2), image pixels, NaN where absent.
        target_quads: float32 (b, 10, 4, 2), image pixels, NaN where absent.
        transforms: float32 (b, 10, 2, 3), target pixels to source pixels.
        status: uint8 (b, 10), none, direct or mirrored.
        background: float32 (b, 3, H, W) in [-1, 1], what is shown of the picture behind the person,
            or (b, 0, H, W) for nothing.
    """

    source_image: Tensor
    target_image: Tensor
    source_pose: Tensor
    target_pose: Tensor
    source_joints: Tensor
    target_joints: Tensor
    target_quads: Tensor
    transforms: Tensor
    status: Tensor
    background: Tensor

    def __len__(self) -> int:
        """Number of samples."""
        return len(self.source_image)

    @property
    def image_size(self) -> tuple[int, int]:
        """Height and width of the images."""
        return self.source_image.shape[2], self.source_image.shape[3]

    @property
    def guidance(self) -> Guidance:
        """What steers the networks: all but the two images."""
        return Guidance(
            source_joints=self.source_joints,
            target_joints=self.target_joints,
            source_pose=self.source_pose,
            target_pose=self.target_pose,
            transforms=self.transforms,
            status=self.status,
            quads=self.target_quads,
            background=self.background,
        )


def make_batch(
    samples: Samples,
    mirrored: Tensor | None,
    *,
    sigma: float,
    poses: DrawnPoses = "heat-maps",
    background: ShownBackground = "none",
) -> Batch:
    """Scale the images, draw the poses and mirror what is to be mirrored.

    Args:
        samples: Gathered samples on the training device.
        mirrored: bool (b,), which samples to mirror; None for none.
        sigma: Deviation of the heat maps in pixels at a height of 128.
        poses: How poses are drawn.
        background: Whose background the networks see: the target's, as in training with background
            conditioning; the source's, where a new pose is drawn; or none.

    Returns:
        The batch, in memory of its own and on the same device. Images lie in memory as
        channels-last, as they do in the shards.
    """
    if mirrored is not None:
        samples = mirror_samples(samples, mirrored)
    size = (samples.source_images.shape[1], samples.source_images.shape[2])
    source_joints, target_joints = samples.source_joints.clone(), samples.target_joints.clone()
    source_image, target_image = scaled(samples.source_images), scaled(samples.target_images)
    shown = source_image[:, :0]
    if background != "none":
        of_target = (target_image, target_joints)
        of_source = (source_image, source_joints)
        shown = background_of(*(of_target if background == "target" else of_source), size)
    return Batch(
        source_image=source_image,
        target_image=target_image,
        source_pose=POSES[poses](source_joints, size, sigma),
        target_pose=POSES[poses](target_joints, size, sigma),
        source_joints=source_joints,
        target_joints=target_joints,
        target_quads=samples.target_quads.clone(),
        transforms=samples.transforms.clone(),
        status=samples.status.clone(),
        background=shown,
    )


def scaled(images: Tensor) -> Tensor:
    """Return uint8 (b, H, W, 3) images as float32 (b, 3, H, W) in [-1, 1]."""
    return images.to(torch.float32).mul_(2 / 255).sub_(1).permute(0, 3, 1, 2)


def unscaled(images: Tensor) -> Tensor:
    """Return float (b, 3, H, W) images in [-1, 1] as uint8 (b, H, W, 3), rounded."""
    levels = images.detach().float().add(1).mul(127.5).round_().clamp_(0, 255)
    return levels.to(torch.uint8).permute(0, 2, 3, 1).contiguous()


def mirror_samples(samples: Samples, mirrored: Tensor) -> Samples:
    """Mirror some of the samples.

    Args:
        samples: Gathered samples.
        mirrored: bool (b,), which of them.
    """
    width = samples.source_images.shape[2]

    def chosen(new: Tensor, old: Tensor) -> Tensor:
        return torch.where(mirrored.view(-1, *[1] * (old.dim() - 1)), new, old)

    return Samples(
        source_images=chosen(samples.source_images.flip(2), samples.source_images),
        target_images=chosen(samples.target_images.flip(2), samples.target_images),
        source_joints=chosen(_joints(samples.source_joints, width), samples.source_joints),
        target_joints=chosen(_joints(samples.target_joints, width), samples.target_joints),
        target_quads=chosen(_quads(samples.target_quads, width), samples.target_quads),
        transforms=chosen(_transforms(samples.transforms, width), samples.transforms),
        status=chosen(picked(samples.status, MIRROR_PARTS), samples.status),
    )


def _joints(joints: Tensor, width: int) -> Tensor:
    swapped = picked(joints, MIRROR_JOINTS)
    return torch.stack((width - 1 - swapped[..., 0], swapped[..., 1]), dim=-1)


def _quads(quads: Tensor, width: int) -> Tensor:
    swapped = picked(quads, MIRROR_PARTS)
    swapped = swapped.reshape(*swapped.shape[:2], 2, 2, 2).flip(3).flatten(2, 3)
    return torch.stack((width - 1 - swapped[..., 0], swapped[..., 1]), dim=-1)


def _transforms(transforms: Tensor, width: int) -> Tensor:
    """Conjugate with the mirror; a part without a transform keeps its mark."""
    old = picked(transforms, MIRROR_PARTS)
    (a, b, u), (c, d, v) = old[..., 0, :].unbind(-1), old[..., 1, :].unbind(-1)
    last = width - 1
    first_row = torch.stack((a, -b, last - a * last - u), dim=-1)
    second_row = torch.stack((-c, d, v + c * last), dim=-1)
    absent = (old == no_transform(old)).all(dim=-1).all(dim=-1)[..., None, None]
    return torch.where(absent, old, torch.stack((first_row, second_row), dim=-2))
