"""PSNR and L1 against scikit-image and NumPy."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from skimage.metrics import peak_signal_noise_ratio

from shared.errors import UsageError
from train.metrics.pixels import l1, psnr


def test_psnr_equals_skimage(rng: np.random.Generator) -> None:
    generated, real = (rng.integers(0, 256, (4, 33, 20, 3), dtype=np.uint8) for _ in range(2))
    expected = [peak_signal_noise_ratio(b, a) for a, b in zip(generated, real, strict=True)]
    found = psnr(torch.from_numpy(generated), torch.from_numpy(real))
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-12)


def test_psnr_of_equal_images_is_infinite() -> None:
    images = torch.full((2, 5, 7, 3), 9, dtype=torch.uint8)
    assert torch.isinf(psnr(images, images)).all()


def test_l1_is_the_mean_absolute_difference_in_0_to_1(rng: np.random.Generator) -> None:
    generated, real = (rng.integers(0, 256, (4, 33, 20, 3), dtype=np.uint8) for _ in range(2))
    expected = np.abs(generated / 255 - real / 255).mean((1, 2, 3))
    found = l1(torch.from_numpy(generated), torch.from_numpy(real))
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-12)


def test_unequal_shapes_are_refused() -> None:
    with pytest.raises(UsageError, match="equal shapes"):
        psnr(torch.zeros(1, 4, 5, 3).byte(), torch.zeros(1, 5, 4, 3).byte())
