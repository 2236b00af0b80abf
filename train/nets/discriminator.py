"""The discriminator: does this image show the source's person in the target's pose?"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from shared.errors import UsageError, problem
from train.nets.blocks import Down, initialise
from train.nets.guidance import Guidance
from train.settings.networks import DiscriminatorSettings

IMAGE_CHANNELS = 3
SMALLEST_SIDE = 34
"""Pixels; five convolutions halve each side, and one judgement must be left."""


class Discriminator(nn.Module):
    """Judges patches of an image that is given with its source and both poses (kind ``"concat"``).

    A convolution 4 x 4 of stride 2 without padding, three halving blocks, and a last one that
    ends in one channel without a norm. At 128 x 64 it gives 3 x 1 judgements.

    Args:
        settings: What it is made of.

    Source: Siarohin et al., CVPR 2018, and the authors' published code.
    """

    def __init__(self, settings: DiscriminatorSettings) -> None:
        super().__init__()
        self.settings = settings
        base = settings.base_channels
        in_channels = 2 * IMAGE_CHANNELS + settings.pose_channels + settings.target_channels
        self.layers = nn.Sequential(
            nn.Conv2d(in_channels, base, 4, stride=2),
            Down(base, 2 * base, settings.norm),
            Down(2 * base, 4 * base, settings.norm),
            Down(4 * base, 8 * base, settings.norm),
            Down(8 * base, 1, None),
        )
        initialise(self)

    def forward(self, image: Tensor, source_image: Tensor, guidance: Guidance) -> Tensor:
        """Judge images.

        Args:
            image: The real or generated target image ``(b, 3, H, W)`` in [-1, 1].
            source_image: ``(b, 3, H, W)`` in [-1, 1].
            guidance: The poses of source and target.

        Returns:
            Logits ``(b, 1, h, w)``, positive for real.

        Raises:
            UsageError: A side of the images is shorter than 34 pixels.
        """
        require_size(image)
        # The authors' order, on which equality with their network rests.
        seen = (source_image, guidance.source_pose, image, guidance.target_seen)
        inputs = torch.cat(seen, dim=1)
        logits: Tensor = self.layers(inputs)
        return logits


def require_size(image: Tensor) -> None:
    """Refuse images that would leave nothing to judge after five halvings.

    Raises:
        UsageError: A side is shorter than 34 pixels.
    """
    if min(image.shape[-2:]) < SMALLEST_SIDE:
        raise UsageError(
            problem(
                "discriminator",
                f"images of {SMALLEST_SIDE} x {SMALLEST_SIDE} pixels or more",
                f"{image.shape[-2]} x {image.shape[-1]}",
                "make the shards anew with a larger --image-size",
            )
        )
