"""The discriminator ``"siamese"``: one trunk looks at source and target apart."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from train.nets.background import background_of
from train.nets.blocks import Down, initialise
from train.nets.discriminator import IMAGE_CHANNELS, require_size
from train.nets.guidance import Guidance
from train.settings.networks import DiscriminatorSettings


class SiameseDiscriminator(nn.Module):
    """Judges an image by what a shared trunk makes of it and of the source, each with its pose.

    The trunk is that of ``"concat"`` without its last block; that one sees both results, the
    source's first. The judgements are as many: 3 x 1 at 128 x 64. With background conditioning
    each image is seen with a background of its own.

    Args:
        settings: What it is made of.

    Source: a variant of Siarohin et al., CVPR 2018; their last layer is dense, ours judges patches.
    """

    def __init__(self, settings: DiscriminatorSettings) -> None:
        super().__init__()
        self.settings = settings
        base = settings.base_channels
        self.trunk = nn.Sequential(
            nn.Conv2d(IMAGE_CHANNELS + settings.target_channels, base, 4, stride=2),
            Down(base, 2 * base, settings.norm),
            Down(2 * base, 4 * base, settings.norm),
            Down(4 * base, 8 * base, settings.norm),
        )
        self.last = Down(2 * 8 * base, 1, None)
        initialise(self)

    def forward(self, image: Tensor, source_image: Tensor, guidance: Guidance) -> Tensor:
        """Judge images; arguments, result and errors are those of ``"concat"``."""
        require_size(image)
        seen = [source_image, guidance.source_pose]
        if guidance.background.shape[1]:
            size = (source_image.shape[2], source_image.shape[3])
            seen.append(background_of(source_image, guidance.source_joints, size))
        source = self.trunk(torch.cat(seen, dim=1))
        target = self.trunk(torch.cat([image, guidance.target_seen], dim=1))
        logits: Tensor = self.last(torch.cat([source, target], dim=1))
        return logits
