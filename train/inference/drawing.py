"""From a generator and a batch to pictures: the one place that both training and painter use."""

from __future__ import annotations

import torch
from torch import Tensor

from train.data.batch import Batch, unscaled
from train.nets.drawing_network import DrawingNetwork
from train.step import draw_batch


@torch.no_grad()
def draw_pictures(generator: DrawingNetwork, batch: Batch) -> Tensor:
    """Draw a batch without dropout, on every device as a CPU draws it: within a grey level.

    Args:
        generator: In training mode or not; it is left as it was.
        batch: Sources, both poses and what steers the skips.

    Returns:
        uint8 (b, H, W, 3), on the batch's device.
    """
    was_training = generator.training
    generator.eval()
    pictures = unscaled(draw_batch(generator, batch, exact=True).image)
    generator.train(was_training)
    return pictures
