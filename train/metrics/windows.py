"""Local moments of pairs of images in sliding windows, the valid part only, exact to rounding.

Convention:
    Images come as uint8 (n, height, width, 3) arrays, moments go out as float64 (n, 3, h, w), one
    value for each place where the window lies inside the image. Arrays are NumPy's on a CPU and
    torch's on a GPU; the code below uses what both libraries spell alike (``lib``).

Why NumPy on a CPU: its calls cost a third of torch's, its OpenBLAS takes small float64 products 2
to 3 times faster than torch's MKL on AMD processors, and none of these calls is large enough to
wake threads, which on a busy machine wait for each other.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any, Final, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from train.metrics.protocols import Window

Array = Any
"""A NumPy array or a torch tensor."""

BAND_ROWS: Final = 8
"""Rows of a block of the banded matrix: measured best of 8 to 60 on one core."""


class Moments(NamedTuple):
    """Means (n, 3, h, w) of x, y, x² + y² and 2xy; their memory is used again by the next call."""

    first: Array
    second: Array
    energy: Array
    product: Array


def library(device: torch.device) -> ModuleType:
    """Choose the library of the arrays: NumPy on a CPU, torch elsewhere."""
    return np if device.type == "cpu" else torch


def memory(shape: tuple[int, ...], device: torch.device) -> Array:
    """Allocate uninitialised float64 memory in the device's library."""
    tensor = torch.empty(shape, dtype=torch.float64, device=device)
    return tensor.numpy() if device.type == "cpu" else tensor


def window_weights(window: Window) -> NDArray[np.float64]:
    """Return the normalised weights of a window along one axis, float64 (size,)."""
    if window.kind == "uniform":
        return np.full(window.size, 1 / window.size)
    offsets = np.arange(window.size) - window.size // 2
    weights: NDArray[np.float64] = np.exp(-0.5 * (offsets / window.sigma) ** 2)
    weights /= weights.sum()
    return weights


class PixelMaps:
    """The maps whose local means are the moments, in memory that is used again by each chunk.

    Args:
        at_once: The largest number of images in a chunk.
        size: (height, width) of the images in pixels.
        device: Where they are.
    """

    def __init__(self, at_once: int, size: tuple[int, int], device: torch.device) -> None:
        self._lib = library(device)
        self._maps = memory((4, at_once, 3, *size), device)

    def __call__(self, x: Array, y: Array) -> Array:
        """Make x, y, x² + y² and 2xy, (4, n, 3, height, width), of uint8 (n, height, width, 3)."""
        lib, maps = self._lib, self._maps[:, : len(x)]
        maps[0], maps[1] = (lib.moveaxis(images, -1, 1) for images in (x, y))
        first, second, energy, product = maps
        lib.multiply(first, first, out=energy)
        lib.multiply(second, second, out=product)
        energy += product
        lib.multiply(first, second, out=product)
        product *= 2
        return maps


class MomentFilter:
    """Means of maps in a window, by products with a banded matrix, block by block.

    Args:
        window: The window, the same along both axes.
        at_once: The largest number of images in a call.
        size: (height, width) of the images in pixels.
        device: Where they are.
    """

    def __init__(
        self, window: Window, at_once: int, size: tuple[int, int], device: torch.device
    ) -> None:
        height, width = size
        self._lib = library(device)
        self._margin = window.size - 1
        self._band = memory((BAND_ROWS, BAND_ROWS + self._margin), device)
        self._band_from_right = memory((BAND_ROWS + self._margin, BAND_ROWS), device)
        band = torch.from_numpy(_band(window_weights(window), BAND_ROWS))
        self._band[:], self._band_from_right[:] = band, band.T
        # Fresh memory for every chunk would cost more in page faults than the arithmetic.
        inner = (height - self._margin, width - self._margin)
        self._rows = memory((4, at_once, 3, inner[0], width), device)
        self._filtered = memory((4, at_once, 3, *inner), device)

    def __call__(self, maps: Array) -> Moments:
        """Compute the moments of maps (4, n, 3, height, width), see :class:`PixelMaps`."""
        count = maps.shape[1]
        rows, filtered = self._rows[:, :count], self._filtered[:, :count]
        self._filter_rows(maps, rows)
        self._filter_columns(rows, filtered)
        return Moments(*filtered)

    def _filter_rows(self, maps: Array, filtered: Array) -> None:
        for start in range(0, filtered.shape[-2], BAND_ROWS):
            count = min(BAND_ROWS, filtered.shape[-2] - start)
            band = self._band[:count, : count + self._margin]
            source = maps[..., start : start + count + self._margin, :]
            self._lib.matmul(band, source, out=filtered[..., start : start + count, :])

    def _filter_columns(self, maps: Array, filtered: Array) -> None:
        for start in range(0, filtered.shape[-1], BAND_ROWS):
            count = min(BAND_ROWS, filtered.shape[-1] - start)
            band = self._band_from_right[: count + self._margin, :count]
            source = maps[..., start : start + count + self._margin]
            self._lib.matmul(source, band, out=filtered[..., start : start + count])


def _band(weights: NDArray[np.float64], rows: int) -> NDArray[np.float64]:
    """Make the banded matrix (rows, rows + size − 1) whose product filters that many outputs."""
    band = np.zeros((rows, rows + len(weights) - 1))
    for row in range(rows):
        band[row, row : row + len(weights)] = weights
    return band
