"""SSIM by the field's protocols, equal to scikit-image's, for whole batches at once.

Convention:
    Images are uint8 tensors of shape (n, height, width, 3), RGB, on any device. Results are
    float64 of shape (n,): mean over the pixels whose window lies inside the image, then over the
    channels. Only those pixels are computed, so the border rule of a filter never matters.

Source: Wang et al. 2004, with the settings of :mod:`train.metrics.protocols`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import torch
from torch import Tensor

from shared.errors import UsageError, problem
from train.metrics.compared import Compared
from train.metrics.protocols import SSIM_PROTOCOLS, SsimProtocol, Window
from train.metrics.windows import Array, MomentFilter, Moments, PixelMaps, library, memory

K1, K2 = 0.01, 0.03
FULL_RANGE = 255.0
CPU_IMAGES_AT_ONCE = 1  # the maps of one Market image stay in the second-level cache
GPU_IMAGES_AT_ONCE = 256


def ssim(generated: Tensor, real: Tensor, protocol: str = "pose-gan") -> Tensor:
    """Compute the SSIM of each generated image and its real one.

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
    """Compute SSIM by several protocols; those of one window share the filtering.

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
    similarity = _Similarity(protocols, generated)
    parts: dict[str, list[Array]] = {name: [] for name in protocols}
    for first in range(0, len(generated), similarity.at_once):
        chunk = slice(first, first + similarity.at_once)
        for name, values in similarity(generated[chunk], real[chunk]).items():
            parts[name].append(values)
    return {
        name: torch.cat([torch.as_tensor(part) for part in values])
        if values
        else generated.new_zeros(0, dtype=torch.float64)
        for name, values in parts.items()
    }


def ssim_by_place(
    generated: Tensor, real: Tensor, masks: Tensor, protocol: str = "pose-gan"
) -> tuple[Tensor, Tensor]:
    """Return SSIM inside and outside of masks: the same map, averaged over either side.

    The map is that of the whole images, so that a window at the mask's edge sees both sides; a
    pixel belongs to the side on which it lies itself.

    Args:
        generated: uint8 (n, height, width, 3).
        real: The same shape.
        masks: bool (n, height, width).
        protocol: Name of the SSIM protocol.

    Returns:
        Two float64 (n,), inside and outside; NaN where no pixel of the map lies on that side.

    Raises:
        UsageError: Shapes differ, or the protocol is unknown or does not fit.
    """
    check_images(generated, real)
    chosen = _protocol(protocol)
    _check_window(generated, chosen.window, protocol)
    if generated.shape[:3] != masks.shape:
        expected = f"shape {tuple(generated.shape[:3])}"
        raise UsageError(problem("masks", expected, tuple(masks.shape), "draw them anew"))
    reach = chosen.window.size // 2
    height, width = masks.shape[1:]
    sides = masks[:, reach : height - reach, reach : width - reach]
    similarity = _Similarity({protocol: chosen}, generated)
    parts = []
    for first in range(0, len(generated), similarity.at_once):
        chunk = slice(first, first + similarity.at_once)
        (found,) = similarity.maps(generated[chunk], real[chunk]).values()
        of_pixels = torch.as_tensor(found).mean(1)
        seen = torch.stack((sides[chunk], ~sides[chunk]))
        parts.append((of_pixels * seen).sum((2, 3)) / seen.sum((2, 3)))
    inside, outside = torch.cat(parts, 1) if parts else generated.new_zeros(2, 0).double()
    return inside, outside


def ssim_of_pairs(compared: Compared, protocol: str) -> Tensor:
    """Return SSIM as the table of scores asks for it; its protocols share the filtering."""
    names = compared.protocols.get("ssim", (protocol,))
    images, real = compared.images, compared.real
    return compared.once("ssim", lambda: ssim_by_protocol(images, real, names))[protocol]


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
        raise UsageError(problem("SSIM protocol", f"one of {known}", name, "choose one of them"))
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


class _Similarity:
    """SSIM of chunks of images, with all memory held from chunk to chunk.

    Args:
        protocols: By name.
        images: A batch of the size and on the device of all that will come.
    """

    def __init__(self, protocols: dict[str, SsimProtocol], images: Tensor) -> None:
        height, width = images.shape[1:3]
        device = images.device
        self._lib = library(device)
        self.at_once = CPU_IMAGES_AT_ONCE if device.type == "cpu" else GPU_IMAGES_AT_ONCE
        self._protocols = protocols
        self._maps = PixelMaps(self.at_once, (height, width), device)
        self._filters: dict[Window, MomentFilter] = {}
        self._work: dict[Window, Array] = {}
        for window in dict.fromkeys(protocol.window for protocol in protocols.values()):
            inner = (height - window.size + 1, width - window.size + 1)
            self._filters[window] = MomentFilter(window, self.at_once, (height, width), device)
            self._work[window] = memory((3, self.at_once, 3, *inner), device)

    def __call__(self, generated: Tensor, real: Tensor) -> dict[str, Array]:
        """Return float64 (n,) by name for uint8 (n, height, width, 3)."""
        return self._each(generated, real, lambda similarity: similarity.mean((1, 2, 3)))

    def maps(self, generated: Tensor, real: Tensor) -> dict[str, Array]:
        """Return the maps themselves by name, float64 (n, 3, h, w)."""
        return self._each(generated, real, lambda similarity: similarity + 0.0)

    def _each(
        self, generated: Tensor, real: Tensor, keep: Callable[[Array], Array]
    ) -> dict[str, Array]:
        """Compute each protocol's map and keep what is wanted of it before the next one."""
        x, y = (i.numpy() if self._lib is np else i for i in (generated, real))
        own_range = self._own_range(x)
        maps = self._maps(x, y)
        values = {}
        for window, moment_filter in self._filters.items():
            moments = moment_filter(maps)
            for name, protocol in self._protocols.items():
                if protocol.window == window:
                    data_range = own_range if protocol.own_range else None
                    values[name] = keep(self._map(moments, protocol, data_range))
        return values

    def _map(self, moments: Moments, protocol: SsimProtocol, data_range: Array | None) -> Array:
        """Return the similarity of every pixel, in memory that is used again.

        N of the sample covariance cancels but for its share of C₂.
        """
        lib, count = self._lib, protocol.window.size**2
        span = FULL_RANGE if data_range is None else data_range
        c1 = (K1 * span) ** 2
        c2 = (K2 * span) ** 2 * ((count - 1) / count if protocol.sample_covariance else 1.0)
        work = self._work[protocol.window]
        means, squares, rest = work[:, : len(moments.first)]
        lib.multiply(moments.first, moments.first, out=squares)
        lib.multiply(moments.second, moments.second, out=rest)
        squares += rest
        squares += c1
        lib.multiply(moments.first, moments.second, out=means)
        means *= 2
        means += c1
        lib.subtract(moments.product, means, out=rest)
        rest += c1 + c2
        means *= rest
        lib.subtract(moments.energy, squares, out=rest)
        rest += c1 + c2
        squares *= rest
        means /= squares
        return means

    def _own_range(self, images: Array) -> Array:
        """Return max − min of each image, 255 where that is 0, as float64 (n, 1, 1, 1)."""
        flat = images.reshape(len(images), -1)
        own = self._lib.amax(flat, 1) - self._lib.amin(flat, 1)
        own = self._lib.asarray(own, dtype=self._lib.float64)
        own[own == 0] = FULL_RANGE
        # A plain number is quicker to add than an array of one.
        return float(own[0]) if len(own) == 1 else own[:, None, None, None]
