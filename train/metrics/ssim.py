"""SSIM by the field's protocols, equal to scikit-image's, for whole batches at once.

Convention:
    Images are uint8 tensors of shape (n, height, width, 3), RGB, on any device. Results are
    float64 of shape (n,): mean over the pixels whose window lies inside the image, then over the
    channels. Only those pixels are computed, so the border rule of a filter never matters.

Source: Wang et al. 2004, with the settings of :mod:`train.metrics.protocols`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from shared.errors import UsageError, problem
from train.metrics.protocols import SSIM_PROTOCOLS, SsimProtocol, Window

K1, K2 = 0.01, 0.03
FULL_RANGE = 255.0
CPU_IMAGES_AT_ONCE = 1  # the maps of one Market image stay in the second-level cache
GPU_IMAGES_AT_ONCE = 256
BAND_ROWS = 8  # rows of one block of the banded matrix: measured best of 8 to 60 on one core


class _Moments(NamedTuple):
    """Local weighted means (n, 3, h, w) of x, y, x² + y² and x·y."""

    first: Tensor
    second: Tensor
    energy: Tensor
    product: Tensor


def ssim(generated: Tensor, real: Tensor, protocol: str = "pose-gan") -> Tensor:
    """Give the SSIM of each generated image to its real one.

    Args:
        generated: uint8 (n, height, width, 3).
        real: The same shape; the order matters where the range is the generated image's.
        protocol: A name of :data:`train.metrics.protocols.SSIM_PROTOCOLS`.

    Returns:
        float64 (n,).

    Raises:
        UsageError: Unknown protocol, unequal shapes or images smaller than the window.
    """
    return ssim_by_protocol(generated, real, (protocol,))[protocol]


def ssim_by_protocol(generated: Tensor, real: Tensor, names: Iterable[str]) -> dict[str, Tensor]:
    """Give SSIM by several protocols; those of one window share the filtering.

    Args:
        generated: uint8 (n, height, width, 3).
        real: The same shape.
        names: Names of protocols.

    Returns:
        Name to float64 (n,).

    Raises:
        UsageError: Unknown protocol, unequal shapes or images smaller than a window.
    """
    protocols = {name: _protocol(name) for name in names}
    check_images(generated, real)
    for name, protocol in protocols.items():
        _check_window(generated, protocol.window, name)
    at_once = CPU_IMAGES_AT_ONCE if generated.device.type == "cpu" else GPU_IMAGES_AT_ONCE
    windows = dict.fromkeys(protocol.window for protocol in protocols.values())
    filters = {window: _filter(window, generated, at_once) for window in windows}
    parts: dict[str, list[Tensor]] = {name: [] for name in protocols}
    for first in range(0, len(generated), at_once):
        chunk = slice(first, first + at_once)
        scored = _chunk(generated[chunk], real[chunk], protocols, filters)
        for name, values in scored.items():
            parts[name].append(values)
    empty = torch.zeros(0, dtype=torch.float64, device=generated.device)
    return {name: torch.cat(values) if values else empty for name, values in parts.items()}


def fits(size: tuple[int, int], protocol: str) -> bool:
    """Tell whether images of a size (height, width) can hold the window of a protocol."""
    return min(size) >= _protocol(protocol).window.size


def check_images(generated: Tensor, real: Tensor) -> None:
    """Refuse tensors that are no two equally shaped batches of uint8 RGB images.

    Raises:
        UsageError: Wrong type or shape.
    """
    for name, images in (("generated images", generated), ("real images", real)):
        if images.dtype != torch.uint8 or images.ndim != 4 or images.shape[-1] != 3:
            found = f"{images.dtype} {tuple(images.shape)}"
            raise UsageError(
                problem(name, "uint8 of shape (n, height, width, 3)", found, "convert them")
            )
    if generated.shape != real.shape:
        raise UsageError(
            problem(
                "generated and real images",
                f"equal shapes, {tuple(real.shape)}",
                tuple(generated.shape),
                "compare images of one size",
            )
        )


def _protocol(name: str) -> SsimProtocol:
    if name not in SSIM_PROTOCOLS:
        known = ", ".join(SSIM_PROTOCOLS)
        raise UsageError(problem("SSIM protocol", f"one of {known}", name, "mend the name"))
    return SSIM_PROTOCOLS[name]


def _check_window(images: Tensor, window: Window, name: str) -> None:
    height, width = images.shape[1:3]
    if min(height, width) < window.size:
        raise UsageError(
            problem(
                f"SSIM {name}",
                f"images of at least {window.size} x {window.size} pixels, its window",
                f"{height} x {width} (height x width)",
                "leave this protocol out",
            )
        )


def _chunk(
    generated: Tensor,
    real: Tensor,
    protocols: dict[str, SsimProtocol],
    filters: dict[Window, _Filter],
) -> dict[str, Tensor]:
    x, y = (images.permute(0, 3, 1, 2).contiguous() for images in (generated, real))
    values = {}
    for window, window_filter in filters.items():
        moments = window_filter(x, y)  # its memory is used again by the next chunk
        for name, protocol in protocols.items():
            if protocol.window == window:
                values[name] = _mean_similarity(moments, _data_range(x, protocol), protocol)
    return {name: values[name] for name in protocols}


def _data_range(generated: Tensor, protocol: SsimProtocol) -> Tensor:
    flat = generated.flatten(1)
    full = flat.new_full((len(flat),), FULL_RANGE, dtype=torch.float64)
    if not protocol.own_range:
        return full
    own = flat.amax(1).double() - flat.amin(1).double()
    return torch.where(own > 0, own, full)


def _mean_similarity(moments: _Moments, data_range: Tensor, protocol: SsimProtocol) -> Tensor:
    c1 = ((K1 * data_range) ** 2)[:, None, None, None]
    c2 = ((K2 * data_range) ** 2)[:, None, None, None]
    count = protocol.window.size**2
    norm = count / (count - 1) if protocol.sample_covariance else 1.0
    means = moments.first * moments.second
    squares = torch.addcmul(moments.first * moments.first, moments.second, moments.second)
    similarity = (moments.product - means).mul_(2 * norm).add_(c2)
    similarity.mul_(means.mul_(2).add_(c1))
    similarity.div_((moments.energy - squares).mul_(norm).add_(c2))
    return similarity.div_(squares.add_(c1)).mean((1, 2, 3))


class _GaussianFilter:
    """Local moments under a Gaussian window, by products with banded matrices.

    Args:
        window: The window.
        at_once: The largest number of images in a call.
        size: (height, width) of the images.
        device: Where they are.
    """

    def __init__(
        self, window: Window, at_once: int, size: tuple[int, int], device: torch.device
    ) -> None:
        height, width = size
        self._margin = window.size - 1
        band = torch.from_numpy(_band(gaussian_weights(window), BAND_ROWS))
        self._band = band.to(device)
        # Fresh memory for every chunk would cost more in page faults than the arithmetic.
        inner = (height - self._margin, width - self._margin)
        self._maps, self._rows, self._filtered = (
            torch.empty((4, at_once, 3, *shape), dtype=torch.float64, device=device)
            for shape in (size, (inner[0], width), inner)
        )

    def __call__(self, x: Tensor, y: Tensor) -> _Moments:
        """Give the moments of uint8 (n, 3, height, width); valid until the next call."""
        maps, rows, filtered = (
            memory.flatten(0, 1)[: 4 * len(x)].view(4, len(x), *memory.shape[2:])
            for memory in (self._maps, self._rows, self._filtered)
        )
        maps[0], maps[1] = x, y
        torch.mul(maps[0], maps[0], out=maps[2])
        maps[2].addcmul_(maps[1], maps[1])
        torch.mul(maps[0], maps[1], out=maps[3])
        self._filter_rows(maps.flatten(0, 2), rows.flatten(0, 2))
        self._filter_columns(rows.flatten(0, 2), filtered.flatten(0, 2))
        return _Moments(*filtered)

    def _filter_rows(self, maps: Tensor, filtered: Tensor) -> None:
        for first in range(0, filtered.shape[1], BAND_ROWS):
            count = min(BAND_ROWS, filtered.shape[1] - first)
            band = self._band[:count, : count + self._margin]
            rows = maps[:, first : first + count + self._margin]
            _multiply(band, rows, filtered[:, first : first + count])

    def _filter_columns(self, maps: Tensor, filtered: Tensor) -> None:
        for first in range(0, filtered.shape[2], BAND_ROWS):
            count = min(BAND_ROWS, filtered.shape[2] - first)
            band = self._band[:count, : count + self._margin].T
            columns = maps[:, :, first : first + count + self._margin]
            _multiply(columns, band, filtered[:, :, first : first + count])


def gaussian_weights(window: Window) -> NDArray[np.float64]:
    """Give the normalised weights of a Gaussian window along one axis, float64 (size,)."""
    offsets = np.arange(window.size) - window.size // 2
    weights: NDArray[np.float64] = np.exp(-0.5 * (offsets / window.sigma) ** 2)
    weights /= weights.sum()
    return weights


def _band(weights: NDArray[np.float64], rows: int) -> NDArray[np.float64]:
    """Give the banded matrix (rows, rows + size − 1) whose product filters that many outputs."""
    band = np.zeros((rows, rows + len(weights) - 1))
    for row in range(rows):
        band[row, row : row + len(weights)] = weights
    return band


def _multiply(left: Tensor, right: Tensor, result: Tensor) -> None:
    if result.device.type == "cpu":
        # NumPy's OpenBLAS takes such small float64 products 2 to 3 times faster than torch's MKL
        # on AMD processors, and both see the same memory. One product for each map is too small
        # for OpenBLAS to wake its threads, which would wait for each other on a busy machine.
        np.matmul(left.numpy(), right.numpy(), out=result.numpy())
    else:
        result.copy_(left @ right)


class _UniformFilter:
    """Local moments in a square window, from exact integer sums (51² · 2 · 255² < 2³¹)."""

    def __init__(self, window: Window) -> None:
        self._size = window.size

    def __call__(self, x: Tensor, y: Tensor) -> _Moments:
        """Give the moments of uint8 (n, 3, height, width)."""
        first, second = x.int(), y.int()
        energy = torch.addcmul(first * first, second, second)
        return _Moments(*map(self._mean, (first, second, energy, first * second)))

    def _mean(self, values: Tensor) -> Tensor:
        sums = _window_sums(_window_sums(values, self._size, 2), self._size, 3)
        return sums.double().div_(self._size**2)


def _window_sums(values: Tensor, size: int, axis: int) -> Tensor:
    """Sum every run of ``size`` neighbours along an axis: sums of 1, 2, 4, … put together."""
    length = values.shape[axis] - size + 1
    run, covered, total = 1, 0, None
    while True:
        if size & run:
            piece = values.narrow(axis, covered, length)
            total = piece.clone() if total is None else total.add_(piece)
            covered += run
        if covered == size:
            assert total is not None
            return total
        shorter = values.shape[axis] - run
        values = values.narrow(axis, 0, shorter) + values.narrow(axis, run, shorter)
        run *= 2


_Filter = _GaussianFilter | _UniformFilter


def _filter(window: Window, images: Tensor, at_once: int) -> _Filter:
    if window.kind == "uniform":
        return _UniformFilter(window)
    height, width = images.shape[1:3]
    return _GaussianFilter(window, at_once, (height, width), images.device)
