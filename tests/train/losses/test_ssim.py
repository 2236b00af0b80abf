"""The SSIM loss against scikit-image and against loops over windows."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from skimage.metrics import structural_similarity

from train.losses.ssim import GREY, blurred_by_products, part_ssim_loss, ssim_loss, ssim_map


def pictures(seed: int, batch: int = 2, height: int = 19, width: int = 14) -> torch.Tensor:
    rng = np.random.default_rng(seed)
    return torch.from_numpy(rng.uniform(-1, 1, (batch, 3, height, width)))


def grey(image: torch.Tensor) -> np.ndarray:
    return np.tensordot(np.array(GREY), (image.numpy() + 1) / 2, axes=1)


def loop_map(x: np.ndarray, y: np.ndarray, window: int, sigma: float) -> np.ndarray:
    steps = np.arange(window) - window // 2
    line = np.exp(-(steps**2) / (2 * sigma**2))
    weights = np.outer(line, line) / line.sum() ** 2
    height, width = x.shape[0] - window + 1, x.shape[1] - window + 1
    result = np.empty((height, width))
    c1, c2 = 0.01**2, 0.03**2
    for row, column in np.ndindex(height, width):
        a = x[row : row + window, column : column + window]
        b = y[row : row + window, column : column + window]
        mean_a, mean_b = (weights * a).sum(), (weights * b).sum()
        var_a, var_b = (weights * (a - mean_a) ** 2).sum(), (weights * (b - mean_b) ** 2).sum()
        both = (weights * (a - mean_a) * (b - mean_b)).sum()
        result[row, column] = ((2 * mean_a * mean_b + c1) * (2 * both + c2)) / (
            (mean_a**2 + mean_b**2 + c1) * (var_a + var_b + c2)
        )
    return result


@pytest.mark.parametrize("window", [3, 7])
def test_map_is_that_of_loops_over_windows(window: int) -> None:
    x, y = pictures(0), pictures(1)
    found = ssim_map(x, y, window=window)
    for sample in range(2):
        expected = loop_map(grey(x[sample]), grey(y[sample]), window, 1.5)
        np.testing.assert_allclose(found[sample, 0].numpy(), expected, atol=1e-12)


def test_loss_is_that_of_scikit_image_on_every_channel() -> None:
    x, y = pictures(2), pictures(3)
    expected = [
        structural_similarity(
            (a.numpy() + 1) / 2,
            (b.numpy() + 1) / 2,
            channel_axis=0,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
            data_range=1.0,
        )
        for a, b in zip(x, y, strict=True)
    ]
    found = ssim_loss(x, y, window=11, grey=False)
    assert float(found) == pytest.approx(1 - np.mean(expected), abs=1e-9)


def test_equal_pictures_cost_nothing_and_opposite_ones_more_than_one() -> None:
    x = pictures(4)
    assert float(ssim_loss(x, x)) == pytest.approx(0, abs=1e-12)
    assert float(ssim_loss(x, -x)) > 1


def test_part_loss_is_the_mean_over_present_parts_of_weighted_means() -> None:
    x, y = pictures(5), pictures(6)
    masks = torch.from_numpy(np.random.default_rng(7).uniform(0, 1, (2, 3, 19, 14)))
    masks[0, 1] = 0
    masks[1, 2, 3:16, 3:11] = 0  # there, but nowhere where a window fits
    expected = []
    for sample, part in np.ndindex(2, 3):
        inner = masks[sample, part, 3:16, 3:11].numpy()
        if inner.sum() == 0:
            continue
        lost = 1 - loop_map(grey(x[sample]), grey(y[sample]), 7, 1.5)
        expected.append((inner * lost).sum() / inner.sum())
    assert len(expected) == 4
    assert float(part_ssim_loss(x, y, masks)) == pytest.approx(np.mean(expected), abs=1e-9)


def test_part_loss_without_parts_is_zero_with_a_gradient_of_zero() -> None:
    x = pictures(8).requires_grad_(True)
    loss = part_ssim_loss(x, pictures(9), torch.zeros(2, 10, 19, 14, dtype=torch.float64))
    loss.backward()
    assert float(loss.detach()) == 0
    assert float(x.grad.abs().sum()) == 0


def test_gradients_are_those_of_finite_differences_and_spare_the_target() -> None:
    x, y = pictures(10, 1, 9, 8).requires_grad_(True), pictures(11, 1, 9, 8).requires_grad_(True)
    masks = torch.rand(1, 2, 9, 8, dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda image: ssim_loss(image, y), (x,))
    assert torch.autograd.gradcheck(lambda image: part_ssim_loss(image, y, masks), (x,))
    ssim_loss(x, y).backward()
    assert y.grad is None


def test_products_with_bands_blur_as_convolutions_do(rng: np.random.Generator) -> None:
    maps = torch.tensor(rng.normal(size=(2, 3, 17, 11)))
    weights = torch.tensor(rng.uniform(size=5))
    flat = maps.view(-1, 1, 17, 11)
    flat = F.conv2d(F.conv2d(flat, weights.view(1, 1, -1, 1)), weights.view(1, 1, 1, -1))
    found = blurred_by_products(maps, weights)
    torch.testing.assert_close(found, flat.view(2, 3, 13, 7))
