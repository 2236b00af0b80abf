"""Pictures that are clearly no photos of the people that a generator has learned from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

Pictures = np.ndarray


def inverted(pictures: Pictures, _rng: np.random.Generator) -> Pictures:
    """The negatives."""
    return 255 - pictures


def noise(pictures: Pictures, rng: np.random.Generator) -> Pictures:
    """A colour of its own for every pixel."""
    return rng.integers(0, 256, pictures.shape, dtype=np.uint8)


def coarse_noise(pictures: Pictures, rng: np.random.Generator) -> Pictures:
    """Squares of four pixels in colours of their own."""
    count, height, width, _ = pictures.shape
    squares = 128 + 40 * rng.normal(size=(count, height // 4, width // 4, 3))
    return np.clip(squares, 0, 255).astype(np.uint8).repeat(4, 1).repeat(4, 2)


def gradient(pictures: Pictures, rng: np.random.Generator) -> Pictures:
    """From one colour at the top to another below."""
    count, height, width, _ = pictures.shape
    ends = rng.integers(0, 256, (count, 2, 1, 1, 3))
    share = np.linspace(0, 1, height)[None, :, None, None]
    mixed = ends[:, 0] * (1 - share) + ends[:, 1] * share
    return np.broadcast_to(mixed, (count, height, width, 3)).astype(np.uint8)


def landscape(pictures: Pictures, rng: np.random.Generator) -> Pictures:
    """A sky, a horizon, a meadow."""
    count, height, width, _ = pictures.shape
    rows = np.arange(height)[None, :, None, None]
    sky = rng.uniform([90, 140, 190], [180, 210, 255], (count, 1, 1, 3))
    ground = rng.uniform([40, 80, 20], [120, 160, 80], (count, 1, 1, 3))
    horizon = rng.integers(height // 3, 2 * height // 3, (count, 1, 1, 1))
    drawn = np.where(rows < horizon, sky * (1 - 0.2 * rows / height), ground)
    drawn = drawn + rng.normal(0, 4, (count, height, width, 1))
    return np.clip(drawn, 0, 255).astype(np.uint8)


UNLIKE: Final[dict[str, Callable[[Pictures, np.random.Generator], Pictures]]] = {
    "inverted colours": inverted,
    "noise": noise,
    "coarse noise": coarse_noise,
    "a gradient": gradient,
    "a landscape": landscape,
}
