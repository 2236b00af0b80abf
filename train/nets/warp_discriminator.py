"""The discriminator ``"warp"``: the source's features are warped before they meet the target's."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from train.nets.blocks import Down, initialise
from train.nets.discriminator import IMAGE_CHANNELS, require_size
from train.nets.fixed_plan import FixedPlan, build_fixed_plan
from train.nets.guidance import Guidance
from train.nets.warp import WarpPlan, build_warp_plan, warp_parts
from train.settings.networks import DiscriminatorSettings


class WarpDiscriminator(nn.Module):
    """Judges an image beside the source's features, brought into the target's pose part by part.

    Source and target have a first convolution each, 4 x 4 of stride 2. The source's features are
    warped by the part transforms at half the image's size (bilinear, maximum over parts), joined
    with the target's, and judged as in ``"concat"``.

    Convention:
        The first convolutions are padded by a pixel, so that their maps are exactly half as large
        as the image; the authors' are not, and one pixel of their 63 x 31 stands for no whole
        number of the image's.

    Args:
        settings: What it is made of.

    Source: a variant of Siarohin et al., CVPR 2018.
    """

    def __init__(self, settings: DiscriminatorSettings) -> None:
        super().__init__()
        self.settings = settings
        base = settings.base_channels
        source_channels = IMAGE_CHANNELS + settings.pose_channels
        target_channels = IMAGE_CHANNELS + settings.target_channels
        self.source = nn.Conv2d(source_channels, base, 4, stride=2, padding=1)
        self.target = nn.Conv2d(target_channels, base, 4, stride=2, padding=1)
        self.layers = nn.Sequential(
            Down(2 * base, 2 * base, settings.norm),
            Down(2 * base, 4 * base, settings.norm),
            Down(4 * base, 8 * base, settings.norm),
            Down(8 * base, 1, None),
        )
        initialise(self)

    def forward(self, image: Tensor, source_image: Tensor, guidance: Guidance) -> Tensor:
        """Judge images; arguments, result and errors are those of ``"concat"``."""
        require_size(image)
        source = self.source(torch.cat([source_image, guidance.source_pose], dim=1))
        target = self.target(torch.cat([image, guidance.target_seen], dim=1))
        warped = warp_parts(source, self._plan(guidance))
        logits: Tensor = self.layers(torch.cat([warped, target], dim=1))
        return logits

    def _plan(self, guidance: Guidance) -> WarpPlan | FixedPlan:
        height, width = guidance.image_size
        build = build_warp_plan if guidance.device.type == "cpu" else build_fixed_plan
        parts = guidance.transforms, guidance.status, guidance.quads
        return build(*parts, (height, width), (height // 2, width // 2), sampling="bilinear")
