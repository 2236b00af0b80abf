"""A discriminator of a small field: does this patch look real, for a person in this pose?"""

from __future__ import annotations

from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from train.nets.guidance import Guidance
from train.settings.networks import DiscriminatorSettings

RGB = 3
SHRINK = 2
LEAK = 0.2
FIELD_PX = 52
"""Side of the patch that one judgement sees, in pixels of the image."""


class PatchDiscriminator(nn.Module):
    """Judges overlapping patches of 52 x 52 pixels, each in the light of the target's pose.

    The image enters at half its size, four pixels a place. Two halving convolutions follow, and
    two that keep the size; all under spectral norm if asked. No norm of features.

    Args:
        settings: What it is made of: the channels of its first level, the others have twice as
            many, and whether it is under spectral norm. It has no norm of features, whatever they
            say of one.
    """

    def __init__(self, settings: DiscriminatorSettings) -> None:
        super().__init__()
        self.settings = settings
        base_channels = settings.base_channels
        inner = 2 * base_channels
        convolutions = [
            nn.Conv2d(
                RGB * SHRINK**2 + settings.target_channels, base_channels, 4, stride=2, padding=1
            ),
            nn.Conv2d(base_channels, inner, 4, stride=2, padding=1),
            nn.Conv2d(inner, inner, 3, padding=1),
            nn.Conv2d(inner, 1, 3, padding=1),
        ]
        self.layers = nn.ModuleList(
            spectral_norm(each) if settings.spectral else each for each in convolutions
        )

    def forward(self, image: Tensor, source_image: Tensor, guidance: Guidance) -> Tensor:
        """Judge images.

        Args:
            image: The real or generated target image ``(b, 3, H, W)`` in [-1, 1].
            source_image: Not looked at: a patch is to look real, whoever it shows.
            guidance: The poses, of which the target's is seen.

        Returns:
            Logits ``(b, 1, H / 8, W / 8)``, positive for real.
        """
        return self.judgement(self.levels(image, guidance)[-1])

    def judgement(self, last_level: Tensor) -> Tensor:
        """Judge by the last level's features."""
        return cast(Tensor, self.layers[-1](last_level))

    def levels(self, image: Tensor, guidance: Guidance) -> list[Tensor]:
        """Return the features before the last convolution, level by level, for feature matching."""
        pose = F.avg_pool2d(guidance.target_seen, SHRINK)
        features = torch.cat([F.pixel_unshuffle(image, SHRINK), pose], dim=1)
        features = features.contiguous(memory_format=torch.channels_last)
        levels = []
        for layer in list(self.layers)[:-1]:
            features = F.leaky_relu(layer(features), LEAK)
            levels.append(features)
        return levels
