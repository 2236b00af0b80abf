"""What the network of layers is built of: its blocks, and what it learns of the source.

Source: ours.
"""

from __future__ import annotations

from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from shared.skeleton import NUM_PARTS
from train.nets.layer_stack import LayerStack
from train.nets.sampling import sample_parts

RGB = 3
SHRINK = 2
"""The network works at half the size of its image."""

WARP_SHRINK = 4
"""Features of the source are warped at a quarter of its size."""

LEAK = 0.2


class Residual(nn.Module):
    """x + convolution 3 x 3 of LeakyReLU of norm of x.

    Args:
        channels: Channels of in- and output.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(1, channels)
        self.convolution = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, features: Tensor) -> Tensor:
        """Map ``(b, c, h, w)`` to the same shape."""
        inner = F.leaky_relu(self.norm(features), LEAK)
        return features + cast(Tensor, self.convolution(inner))


class SourceEncoder(nn.Module):
    """What the source shows, at an eighth of its size.

    Args:
        channels: Channels of the result.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        half = channels // 2
        self.door = nn.Conv2d(RGB * 16, half, 1)
        self.first = Residual(half)
        self.down = nn.Conv2d(half, channels, 4, stride=2, padding=1)
        self.second = Residual(channels)

    def forward(self, source_image: Tensor) -> Tensor:
        """Map ``(b, 3, H, W)`` to ``(b, channels, H / 8, W / 8)``."""
        features = self.first(self.door(F.pixel_unshuffle(source_image, 4)))
        return cast(Tensor, self.second(self.down(features)))


class WarpedFeatures(nn.Module):
    """What the source shows, learned at a quarter of its size and warped part by part.

    Where parts overlap, each counts as the stack's own order says.

    Args:
        channels: Features that are warped.
        out_channels: Channels of the result.
    """

    def __init__(self, channels: int, out_channels: int) -> None:
        super().__init__()
        self.door = nn.Conv2d(RGB * WARP_SHRINK**2, channels, 1)
        self.first = Residual(channels)
        self.second = Residual(channels)
        self.out = nn.Conv2d(channels, out_channels, 1)

    def forward(self, source_image: Tensor, stack: LayerStack) -> Tensor:
        """Map ``(b, 3, H, W)`` to ``(b, out_channels, H / 4, W / 4)``."""
        features = self.door(F.pixel_unshuffle(source_image, WARP_SHRINK))
        features = self.second(self.first(features))
        with torch.no_grad():
            shares = torch.softmax(stack.prior[:, :NUM_PARTS], dim=1) * stack.masks
            shares = F.avg_pool2d(shares, WARP_SHRINK)
            grid = F.avg_pool2d(stack.grid.flatten(0, 1).movedim(-1, 1), WARP_SHRINK)
        places = grid.view(-1, NUM_PARTS, *grid.shape[1:]).movedim(2, -1)
        parts = sample_parts(features.float(), places.float())
        return cast(Tensor, self.out((parts * shares[:, None]).sum(dim=2)))


class OwnColour(nn.Module):
    """A branch at the image's own size that paints what cannot be copied.

    Args:
        in_channels: Of the network's last level, at half the image's size.
        channels: Its own.
    """

    def __init__(self, in_channels: int, channels: int) -> None:
        super().__init__()
        self.door = nn.Conv2d(in_channels, channels * SHRINK**2, 1)
        self.body = Residual(channels)
        self.head = nn.Conv2d(channels, RGB, 3, padding=1)
        nn.init.normal_(self.head.weight, std=0.02)
        nn.init.zeros_(cast(Tensor, self.head.bias))

    def forward(self, features: Tensor) -> Tensor:
        """Map ``(b, c, H / 2, W / 2)`` to colours ``(b, 3, H, W)``, not yet bounded."""
        fine = F.pixel_shuffle(self.door(features), SHRINK)
        return cast(Tensor, self.head(F.leaky_relu(self.body(fine), LEAK)))
