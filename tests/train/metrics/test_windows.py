"""Moments in sliding windows against loops, for chunks that fill their memory and smaller ones."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from train.metrics.protocols import SSIM_PROTOCOLS, Window
from train.metrics.windows import MomentFilter, PixelMaps, library, memory, window_weights

CPU = torch.device("cpu")


@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("window", [SSIM_PROTOCOLS[name].window for name in ("pose-gan", "pg2")])
def test_moments_are_weighted_means_in_every_window(
    rng: np.random.Generator, window: Window, number: int
) -> None:
    size = (23, 20)
    x, y = rng.integers(0, 256, (2, number, *size, 3)).astype(np.uint8)
    moments = MomentFilter(window, 3, size, CPU)(PixelMaps(3, size, CPU)(x, y))
    weights = np.multiply.outer(*[window_weights(window)] * 2)
    a, b = x.astype(np.float64), y.astype(np.float64)
    for found, values in zip(moments, (a, b, a * a + b * b, 2 * a * b), strict=True):
        assert found.shape == (number, 3, size[0] - window.size + 1, size[1] - window.size + 1)
        for index in np.ndindex(found.shape):
            image, channel, row, column = index
            seen = values[image, row : row + window.size, column : column + window.size, channel]
            assert found[index] == pytest.approx((weights * seen).sum(), rel=1e-10)


def test_arrays_are_numpys_on_a_cpu_and_torchs_elsewhere() -> None:
    assert library(CPU) is np and library(torch.device("cuda")) is torch
    with torch.device("meta"):
        on_cpu = memory((2, 3), CPU)
    assert isinstance(on_cpu, np.ndarray)
    assert on_cpu.dtype == np.float64 and on_cpu.shape == (2, 3)
    elsewhere = memory((2, 3), torch.device("meta"))
    assert elsewhere.device.type == "meta" and elsewhere.dtype == torch.float64
