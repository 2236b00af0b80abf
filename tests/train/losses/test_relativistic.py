"""Relativistic pairing and its penalties against loops and finite differences."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from guides import random_guidance
from torch import Tensor, nn

from train.losses.matching import feature_matching_loss
from train.losses.relativistic import (
    discriminator_loss,
    finite_difference_penalty,
    generator_loss,
    gradient_penalty,
    lazy_weight,
)
from train.losses.smoothness import total_variation
from train.nets.patch_discriminator import PatchDiscriminator
from train.settings.networks import DiscriminatorSettings


def smooth_judge(seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    layers = nn.Sequential(nn.Conv2d(3, 5, 3), nn.Tanh(), nn.Conv2d(5, 1, 3))
    return layers.double()


def test_losses_are_log_losses_of_paired_differences() -> None:
    real, fake = torch.randn(2, 3, 1, 4, 2, dtype=torch.float64)
    pairs = list(zip(real.flatten().tolist(), fake.flatten().tolist(), strict=True))
    d_loss = sum(math.log(1 + math.exp(b - a)) for a, b in pairs) / len(pairs)
    g_loss = sum(math.log(1 + math.exp(a - b)) for a, b in pairs) / len(pairs)
    assert float(discriminator_loss(real, fake)) == pytest.approx(d_loss)
    assert float(generator_loss(real, fake)) == pytest.approx(g_loss)


def test_penalty_is_half_the_squared_slope_by_finite_differences() -> None:
    judge = smooth_judge()
    images = torch.randn(2, 3, 6, 5, dtype=torch.float64)
    step, total = 1e-5, 0.0
    with torch.no_grad():
        for index in range(images.numel()):
            moved = [images.clone(), images.clone()]
            for sign, image in zip((1, -1), moved, strict=True):
                image.view(-1)[index] += sign * step
            slope = (judge(moved[0]).sum() - judge(moved[1]).sum()) / (2 * step)
            total += float(slope) ** 2
    assert gradient_penalty(judge, images).item() == pytest.approx(total / 2 / 2, rel=1e-6)


def test_penalty_teaches_the_discriminator_and_not_the_images() -> None:
    judge = smooth_judge()
    images = torch.randn(2, 3, 6, 5, dtype=torch.float64, requires_grad=True)
    gradient_penalty(judge, images).backward()
    assert images.grad is None
    weight = judge[0].weight
    step = 1e-6
    with torch.no_grad():
        slope = weight.grad[1, 2, 0, 1].item()
        values = []
        for sign in (1, -2):
            weight[1, 2, 0, 1] += sign * step
            with torch.enable_grad():
                values.append(gradient_penalty(judge, images).item())
    assert (values[0] - values[1]) / (2 * step) == pytest.approx(slope, rel=1e-4)


def test_penalty_of_a_linear_judge_is_its_squared_weights() -> None:
    weights = torch.randn(3, 4, 5, dtype=torch.float64)

    def judge(images: Tensor) -> Tensor:
        return (images * weights).flatten(1).sum(dim=1)

    images = torch.randn(6, 3, 4, 5, dtype=torch.float64)
    expected = float(weights.square().sum()) / 2
    assert gradient_penalty(judge, images).item() == pytest.approx(expected)


def test_finite_difference_agrees_with_the_exact_penalty_on_average() -> None:
    torch.manual_seed(1)
    judge = smooth_judge()
    images = torch.randn(2, 3, 6, 5, dtype=torch.float64)
    exact = gradient_penalty(judge, images).item()
    draws = [
        finite_difference_penalty(judge, images, torch.randn_like(images), 0.05).item()
        for _ in range(3000)
    ]
    mean = sum(draws) / len(draws)
    assert mean == pytest.approx(exact, rel=0.1)
    assert min(draws) < 0.5 * exact  # single draws are noisy: the test is of the mean


def test_lazy_weights_keep_the_mean_over_steps() -> None:
    weights = [lazy_weight(step, 8) for step in range(16)]
    assert weights == [8.0, *[0.0] * 7] * 2
    assert [lazy_weight(step, 1) for step in range(3)] == [1.0] * 3


def test_penalties_go_through_the_small_field_discriminator() -> None:
    settings = DiscriminatorSettings(kind="patch", base_channels=4, spectral=False)
    judge = PatchDiscriminator(settings)
    images, guidance = random_guidance(np.random.default_rng(2), (48, 32))
    gradient_penalty(lambda x: judge(x, images, guidance), images).backward()
    assert all(layer.weight.grad is not None for layer in judge.layers)


def test_total_variation_is_that_of_loops() -> None:
    images = torch.randn(2, 3, 5, 4, dtype=torch.float64)
    down = [
        abs(images[b, c, y + 1, x] - images[b, c, y, x])
        for b in range(2)
        for c in range(3)
        for y in range(4)
        for x in range(4)
    ]
    across = [
        abs(images[b, c, y, x + 1] - images[b, c, y, x])
        for b in range(2)
        for c in range(3)
        for y in range(5)
        for x in range(3)
    ]
    expected = float(sum(down)) / len(down) + float(sum(across)) / len(across)
    assert float(total_variation(images)) == pytest.approx(expected)
    assert float(total_variation(torch.ones(1, 3, 4, 6))) == 0


def test_feature_matching_is_the_mean_over_levels_and_spares_the_real_side() -> None:
    fake = [torch.randn(2, 3, 4, 2, requires_grad=True), torch.randn(2, 5, 2, 1)]
    real = [torch.randn(2, 3, 4, 2, requires_grad=True), torch.randn(2, 5, 2, 1)]
    expected = 0.0
    for a, b in zip(fake, real, strict=True):
        values = zip(a.flatten().tolist(), b.flatten().tolist(), strict=True)
        differences = [abs(x - y) for x, y in values]
        expected += sum(differences) / len(differences) / 2
    loss = feature_matching_loss(fake, real)
    assert float(loss.detach()) == pytest.approx(expected, rel=1e-5)
    loss.backward()
    assert fake[0].grad is not None
    assert real[0].grad is None
