"""The network of the judge: six convolutions, eight stripes, an embedding of 128 numbers.

Convention:
    Pictures are uint8 (n, height, width, 3) of any size; they are brought to :data:`SIZE`. An
    embedding has length 1, so that the product of two is the cosine between them. It is the mean
    of the picture's and the mirrored picture's: nobody becomes another person in a mirror.

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

DIMENSIONS: Final = 128
STRIPES: Final = 8
WIDTH: Final = 32
BATCH_IMAGES: Final = 50


class ReidNetwork(nn.Module):
    """Embeds pictures of people; the classes serve training alone.

    Args:
        num_identities: Number of people that it is trained to tell apart.
    """

    def __init__(self, num_identities: int) -> None:
        super().__init__()
        w = WIDTH
        channels = [(3, w, 2), (w, w, 1), (w, 2 * w, 2), (2 * w, 2 * w, 1)]
        channels += [(2 * w, 3 * w, 2), (3 * w, 4 * w, 1)]
        self.body = nn.Sequential(*(_block(*each) for each in channels))
        self.embed = nn.Linear(4 * w * STRIPES, DIMENSIONS, bias=False)
        self.norm = nn.BatchNorm1d(DIMENSIONS)
        self.classes = nn.Linear(DIMENSIONS, num_identities, bias=False)

    def forward(self, pixels: Tensor) -> Tensor:
        """Embed float (n, 3, height, width) in [-1, 1] as float (n, 128), of any length."""
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
        float32 (n, 128) of length 1.
    """
    parts = []
    for batch in images.split(BATCH_IMAGES):  # type: ignore[no-untyped-call]
        pixels = as_pixels(batch)
        both = F.normalize(network(pixels)) + F.normalize(network(pixels.flip(3)))
        parts.append(F.normalize(both))
    return torch.cat(parts) if parts else torch.zeros(0, DIMENSIONS, device=images.device)


def _block(inputs: int, outputs: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )
