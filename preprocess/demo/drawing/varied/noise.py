"""Textures with the statistics of natural images: noise whose amplitude falls with frequency.

Convention:
    Fields are float32 with mean 0 and standard deviation 1 over their whole tile; a piece of one
    has a mean of its own, as a piece of a photo has. Tiles repeat without a seam.

Source: ours; the fall of the amplitude, 1/f, follows D. Field, "Relations between the statistics
of natural images and the response properties of cortical cells", 1987.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np

from preprocess.demo.drawing.scenes import Reals

FALLS: Final = (0.6, 0.8, 1.0, 1.2, 1.5, 1.9)
"""Exponents of the fall of the amplitude: rough to smooth."""
LEAST_SIDE: Final = 256


def fractal(
    rng: np.random.Generator,
    shape: tuple[int, int],
    *,
    salt: int = 0,
    falls: tuple[int, int] = (0, len(FALLS)),
) -> Reals:
    """Cut a piece out of a tile of noise.

    Args:
        rng: Chooses tile and place.
        shape: (height, width).
        salt: Which set of tiles; worlds that must not share a texture have sets of their own.
        falls: From and to which of :data:`FALLS`.

    Returns:
        float32 of this shape.
    """
    side = max(LEAST_SIDE, 1 << (max(shape) - 1).bit_length())
    tile = _tiles(side, salt)[int(rng.integers(*falls))]
    top, left = rng.integers(0, side, 2)
    rows, columns = (
        (start + np.arange(n)) % side for start, n in zip((top, left), shape, strict=True)
    )
    kind = int(rng.integers(4))
    if kind & 1:
        tile = tile.T
    if kind & 2:
        tile = tile[::-1]
    piece: Reals = tile[rows[:, None], columns[None, :]]
    return piece


@lru_cache(maxsize=6)
def _tiles(side: int, salt: int) -> Reals:
    """Draw the tiles of one set, float32 (number of falls, side, side)."""
    rng = np.random.default_rng((side, salt))
    rows, columns = np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None, :]
    frequency = np.hypot(rows, columns)
    frequency[0, 0] = np.inf
    tiles = []
    for fall in FALLS:
        white = np.fft.rfft2(rng.standard_normal((side, side)))
        tile = np.fft.irfft2(white / frequency**fall, s=(side, side))
        tiles.append((tile / tile.std()).astype(np.float32))
    return np.stack(tiles)
