"""The network of the judge: four convolutions, eight stripes, an embedding of 256 numbers.

Convention:
    Pictures are uint8 (n, height, width, 3) of any size; they are brought to :data:`SIZE`. An
    embedding has length 1, so that the product of two is the cosine between them. It is the mean
    of the picture's and the mirrored picture's: nobody becomes another person in a mirror.

The first convolution goes in steps of four pixels: on pictures of this size the later, small ones
tell people apart, and steps of training that cost half are worth more than finer ones.

Source: ours; stripes as in PCB (Sun et al. 2018), the norm before the classes as in BNNeck (Luo et
al. 2019).
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

SIZE: Final = (128, 64)
"""(height, width) in pixels at which the network looks at every picture."""

DIMENSIONS: Final = 256
STRIPES: Final = 8
CHANNELS: Final = (64, 64, 128, 160)
"""Channels after each convolution."""

BATCH_IMAGES: Final = 50


class ReidNetwork(nn.Module):
    """Embeds pictures of people; the classes serve training alone.

    Args:
        num_identities: Number of people that it is trained to tell apart.
    """

    def __init__(self, num_identities: int) -> None:
        super().__init__()
        first, second, third, last = CHANNELS
        self.body = nn.Sequential(
            _block(3, first, size=6, stride=4),
            _block(first, second),
            _block(second, third, stride=2),
            _block(third, last),
        )
        self.embed = nn.Linear(last * STRIPES, DIMENSIONS, bias=False)
        self.norm = nn.BatchNorm1d(DIMENSIONS)
        self.classes = nn.Linear(DIMENSIONS, num_identities, bias=False)

    def forward(self, pixels: Tensor) -> Tensor:
        """Embed float (n, 3, height, width) in [-1, 1] as float (n, 256), of any length."""
        found = F.adaptive_avg_pool2d(self.body(pixels), (STRIPES, 1)).flatten(1)
        embedded: Tensor = self.norm(self.embed(found))
        return embedded


def as_pixels(images: Tensor) -> Tensor:
    """Bring uint8 (n, height, width, 3) to float (n, 3, 128, 64) in [-1, 1]."""
    pixels = images.permute(0, 3, 1, 2).float() / 127.5 - 1
    if tuple(pixels.shape[2:]) == SIZE:
        return pixels
    return F.interpolate(pixels, SIZE, mode="bilinear", align_corners=False, antialias=True)


@torch.inference_mode()
def embeddings(network: ReidNetwork, images: Tensor) -> Tensor:
    """Embed pictures, batch by batch of a fixed size.

    Args:
        network: The network, in evaluation mode.
        images: uint8 (n, height, width, 3) on the network's device.

    Returns:
        float32 (n, 256) of length 1.
    """
    parts = []
    for batch in images.split(BATCH_IMAGES):  # type: ignore[no-untyped-call]
        pixels = as_pixels(batch)
        both = F.normalize(network(pixels)) + F.normalize(network(pixels.flip(3)))
        parts.append(F.normalize(both))
    return torch.cat(parts) if parts else torch.zeros(0, DIMENSIONS, device=images.device)


def _block(inputs: int, outputs: int, size: int = 3, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, size, stride, 1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )
