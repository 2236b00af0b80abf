"""Skips ``"full"``: the first levels' features are warped as a whole, by one affine."""

from __future__ import annotations

import dataclasses
from typing import ClassVar

import torch

from shared.affine import STATUS_DIRECT
from shared.skeleton import TORSO
from train.nets.body_fit import body_transforms
from train.nets.guidance import Guidance
from train.nets.skips.parts import PartSkip, Plans


class FullSkip(PartSkip):
    """Warps the first four levels by one affine, fitted to torso and knees; no masks.

    A pair whose points lie on a line has no transform: its warped features are 0.

    Source: the variant "full" of Siarohin et al., CVPR 2018.
    """

    has_masks: ClassVar[bool] = False

    def prepare(self, guidance: Guidance) -> Plans:
        """Plan the warps of a batch: those of one part that covers the whole image.

        Raises:
            UsageError: The guidance belongs to images of another size than the settings'.
        """
        transforms, found = body_transforms(guidance.source_joints, guidance.target_joints)
        whole = guidance.transforms.clone()
        whole[:, TORSO] = transforms.to(whole.dtype)
        status = torch.zeros_like(guidance.status)
        status[:, TORSO] = found.to(status.dtype) * STATUS_DIRECT
        quads = torch.full_like(guidance.quads, torch.nan)
        # The torso's quad is the whole image.
        quads[:, TORSO] = guidance.quads[:, TORSO]
        return super().prepare(
            dataclasses.replace(guidance, transforms=whole, status=status, quads=quads)
        )
