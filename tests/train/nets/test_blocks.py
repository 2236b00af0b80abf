"""The norms and the halving and doubling blocks."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from train.nets.blocks import Down, LayerScalarNorm, Up, norm_layer


def test_layer_scalar_norm_equals_its_formula(rng):
    x = rng.normal(2, 3, (4, 5, 6, 3))
    norm = LayerScalarNorm()
    with torch.no_grad():
        norm.gain.fill_(1.5)
        norm.bias.fill_(-0.25)
    expected = [1.5 * (one - one.mean()) / (one.std() + 1e-3) - 0.25 for one in x]
    np.testing.assert_allclose(norm(torch.tensor(x)).detach().numpy(), expected, rtol=1e-6)


def test_layer_scalar_norm_gradient_equals_finite_differences():
    x = torch.randn(2, 3, 2, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(LayerScalarNorm().double(), (x,))


def test_layer_scalar_norm_of_a_constant_has_a_finite_gradient():
    x = torch.full((2, 3, 4, 2), 7.0, requires_grad=True)
    norm = LayerScalarNorm()
    norm(x).square().sum().backward()
    assert torch.isfinite(x.grad).all()
    assert torch.isfinite(norm.gain.grad)


def test_layer_scalar_norm_keeps_its_statistics_in_float32():
    x = torch.randn(2, 64, 32, 16) * 0.01 + 3
    got = LayerScalarNorm()(x.bfloat16())
    assert got.dtype == torch.bfloat16
    torch.testing.assert_close(
        got.float(), LayerScalarNorm()(x.bfloat16().float()), rtol=0.01, atol=0.01
    )


def test_layer_scalar_norm_keeps_the_order_in_memory():
    x = torch.randn(2, 6, 8, 4).contiguous(memory_format=torch.channels_last)
    assert LayerScalarNorm()(x).is_contiguous(memory_format=torch.channels_last)


def test_instance_norm_is_one_mean_a_channel(rng):
    x = torch.tensor(rng.normal(2, 3, (2, 5, 6, 3)), dtype=torch.float32)
    got = norm_layer("instance", 5)(x)
    torch.testing.assert_close(got.mean(dim=(2, 3)), torch.zeros(2, 5), atol=1e-5, rtol=0)


@pytest.mark.parametrize("norm", ["layer-scalar", "instance"])
def test_down_halves_and_up_doubles(norm):
    x = torch.randn(2, 3, 12, 8)
    down, up = Down(3, 5, norm), Up(3, 5, norm, 0.5)
    assert down(x).shape == (2, 5, 6, 4)
    assert up(x).shape == (2, 5, 24, 16)
    assert down.convolution.bias is None and up.convolution.bias is None


def test_down_leaves_its_input_alone():
    x = torch.randn(1, 3, 8, 4)
    before = x.clone()
    Down(3, 4, None)(x)
    assert torch.equal(x, before)


def test_dropout_acts_in_training_only():
    up = Up(3, 8, "layer-scalar", 0.5)
    x = torch.randn(2, 3, 8, 4)
    assert (up(x) == 0).float().mean() > 0.4
    up.eval()
    assert torch.equal(up(x), up(x))
    assert (up(x) == 0).float().mean() < 0.1
