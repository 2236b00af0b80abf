"""What steers a batch: where the person stands, where it shall stand, and how the parts move."""

from __future__ import annotations

from dataclasses import dataclass, fields

import torch
from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class Guidance:
    """Everything about a batch's two poses; generator and discriminator take this one record.

    Convention:
        Joints and quads are (x, y) in image pixels, NaN where absent. Transforms lead from target
        pixels to source pixels; the quads belong to the target.

    Attributes:
        source_joints: float32 ``(b, 18, 2)``.
        target_joints: float32 ``(b, 18, 2)``.
        source_pose: The source's pose as the networks see it (:mod:`train.nets.poses`), float32
            ``(b, c, H, W)``: 18 heat maps, or the 3 channels of a stick figure.
        target_pose: The target's.
        transforms: float32 ``(b, 10, 2, 3)``.
        status: uint8 ``(b, 10)``, 0 where a part has no transform.
        quads: float32 ``(b, 10, 4, 2)``, the parts' masks in the target pose.
        background: float32 ``(b, 3, H, W)`` in [-1, 1], what shall be behind the person
            (:mod:`train.nets.background`); ``(b, 0, H, W)`` without background conditioning.
    """

    source_joints: Tensor
    target_joints: Tensor
    source_pose: Tensor
    target_pose: Tensor
    transforms: Tensor
    status: Tensor
    quads: Tensor
    background: Tensor

    def __len__(self) -> int:
        """Number of samples."""
        return len(self.status)

    @property
    def image_size(self) -> tuple[int, int]:
        """Height and width of the images in pixels."""
        return self.target_pose.shape[2], self.target_pose.shape[3]

    @property
    def device(self) -> torch.device:
        """Where the tensors lie."""
        return self.target_pose.device

    @property
    def target_seen(self) -> Tensor:
        """The target as the networks see it: its pose, and what is behind it if that is given."""
        if not self.background.shape[1]:
            return self.target_pose
        return torch.cat([self.target_pose, self.background], dim=1)

    def repeated(self, times: int) -> Guidance:
        """Return the batch that holds these samples so many times, one set after the other."""
        if times == 1:
            return self
        tensors = {field.name: getattr(self, field.name) for field in fields(self)}
        return Guidance(
            **{
                name: value.repeat(times, *[1] * (value.dim() - 1))
                for name, value in tensors.items()
            }
        )
