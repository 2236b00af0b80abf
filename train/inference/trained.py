"""A trained generator, whatever it was kept in."""

from __future__ import annotations

from dataclasses import dataclass

from train.nets.drawing_network import DrawingNetwork
from train.settings.networks import DrawnPoses


@dataclass(frozen=True, kw_only=True)
class Trained:
    """A generator with its weights, and what must be known to draw with it.

    Args:
        generator: On the CPU, weights loaded.
        image_size: (height, width) of its images in pixels.
        sigma: Deviation of the heat maps in pixels at a height of 128, as in training.
        poses: How poses are drawn, as in training.
        origin: Where the weights come from, plain values for the record beside a result:
            ``checkpoint`` (file name), ``sha256`` (of that file) and ``weights`` (which of its
            networks).
    """

    generator: DrawingNetwork
    image_size: tuple[int, int]
    sigma: float
    origin: dict[str, str]
    poses: DrawnPoses = "heat-maps"
