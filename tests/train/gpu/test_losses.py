"""Losses on the device, forward and backward, against the CPU in float64."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from train.device import full_precision
from train.losses.nearest import nearest_neighbour_loss
from train.losses.ssim import ssim_loss
from train.losses.vgg import VggFeatures

pytestmark = pytest.mark.gpu

Loss = Callable[[Tensor, Tensor], Tensor]


def loss_and_slope(loss: Loss, generated: Tensor, real: Tensor) -> tuple[Tensor, Tensor]:
    generated = generated.clone().requires_grad_()
    value = loss(generated, real)
    value.backward()
    assert generated.grad is not None
    return value.detach().cpu().double(), generated.grad.cpu().double()


def flat_pair(rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Images with wide areas of nearly one colour, where variances are tiny beside the means."""
    real = torch.tensor(rng.uniform(-1, 1, (3, 3, 4, 3)), dtype=torch.float64)
    real = real.repeat_interleave(16, 2).repeat_interleave(16, 3)
    noise = torch.tensor(rng.normal(size=real.shape), dtype=torch.float64)
    return real + 0.01 * noise, real


def test_ssim_is_exact_where_pictures_are_flat(
    device: torch.device, rng: np.random.Generator
) -> None:
    generated, real = flat_pair(rng)
    value, slope = loss_and_slope(ssim_loss, generated, real)
    there = (each.float().to(device) for each in (generated, real))
    found, found_slope = loss_and_slope(ssim_loss, *there)
    assert abs(found - value) < 1e-4
    assert (found_slope - slope).norm() < 0.01 * slope.norm()


@pytest.mark.parametrize("window", [1, 3, 5])
def test_the_nearest_neighbour_is_found_and_pulled_to(
    window: int, device: torch.device, rng: np.random.Generator
) -> None:
    shape = (2, 6, 20, 13)
    generated, real = (torch.tensor(rng.normal(size=shape), dtype=torch.float32) for _ in range(2))

    def loss(a: Tensor, b: Tensor) -> Tensor:
        return nearest_neighbour_loss(a, b, window)

    value, slope = loss_and_slope(loss, generated, real)
    found, found_slope = loss_and_slope(loss, generated.to(device), real.to(device))
    assert abs(found - value) < 1e-5 * value
    torch.testing.assert_close(found_slope, slope, atol=1e-7, rtol=1e-5)


def test_features_of_vgg_are_the_cpus_and_their_gradient_too(
    device: torch.device, rng: np.random.Generator
) -> None:
    images = torch.tensor(rng.uniform(-1, 1, (2, 3, 32, 20)), dtype=torch.float32)
    torch.manual_seed(5)
    network = VggFeatures(None, ("block1_conv2", "block2_conv1"))
    results = []
    for place in (torch.device("cpu"), device):
        network.to(place)
        given = images.to(place).requires_grad_()
        with full_precision():
            features = network(given)
            sum(each.square().mean() for each in features).backward()
        assert given.grad is not None
        results.append([*(each.detach().cpu() for each in features), given.grad.cpu()])
    for expected, found in zip(*results, strict=True):
        torch.testing.assert_close(found, expected, atol=1e-4 * float(expected.abs().max()), rtol=0)
