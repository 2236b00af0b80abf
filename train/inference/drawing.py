"""From a generator and a batch to pictures: the one place that both training and painter use."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from train.data.batch import Batch, unscaled
from train.device import full_precision
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
    with _without_dropout(generator):
        return unscaled(draw_batch(generator, batch, exact=True).image)


@torch.no_grad()
def draw_pasted(
    generator: DrawingNetwork, photo: Tensor, batch: Batch, size: tuple[int, int]
) -> tuple[Tensor, Tensor]:
    """Draw a batch without dropout at a size, as it is and pasted.

    Args:
        generator: In training mode or not; it is left as it was.
        photo: float32 (b, 3, H, W) in [-1, 1], the batch's sources at any resolution.
        batch: Of the generator's size.
        size: (height, width) of the pictures.

    Returns:
        Twice uint8 (b, h, w, 3), on the batch's device: what the generator draws, and the same
        with the source's background, filled in, behind the person.
    """
    with _without_dropout(generator), full_precision():
        plain, pasted = generator.draw_at(photo, batch.guidance, size)
    return unscaled(plain), unscaled(pasted)


@contextmanager
def _without_dropout(generator: DrawingNetwork) -> Iterator[None]:
    was_training = generator.training
    generator.eval()
    try:
        yield
    finally:
        generator.train(was_training)
