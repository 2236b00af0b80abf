"""The norms against their formulas."""

from __future__ import annotations

import numpy as np
import torch

from train.nets.norm import LayerScalarNorm, norm_layer


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
    gain, bias = torch.tensor([1.5, -0.5], dtype=torch.float64).unbind()
    given = (x, gain.requires_grad_(), bias.requires_grad_())

    def normed(x, gain, bias):
        return torch.func.functional_call(LayerScalarNorm(), {"gain": gain, "bias": bias}, (x,))

    assert torch.autograd.gradcheck(normed, given)


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


def test_layer_scalar_norm_keeps_the_order_in_memory_and_the_values():
    x, weight = torch.randn(2, 2, 6, 8, 4, dtype=torch.float64)
    results = []
    for order in (torch.contiguous_format, torch.channels_last):
        for weight_order in (torch.contiguous_format, torch.channels_last):
            features = x.clone(memory_format=order).requires_grad_()
            norm = LayerScalarNorm()
            normed = norm(features)
            assert normed.is_contiguous(memory_format=order)
            normed.backward(weight.contiguous(memory_format=weight_order))
            results.append((normed.detach(), features.grad, norm.gain.grad, norm.bias.grad))
    for result in results[1:]:
        torch.testing.assert_close(result, results[0])


def test_layer_scalar_norm_of_a_cut_out_equals_that_of_its_copy():
    x = torch.randn(2, 9, 8, 4)[:, 2:6]
    torch.testing.assert_close(LayerScalarNorm()(x), LayerScalarNorm()(x.clone()))


def test_layer_scalar_norm_under_autocast_is_as_exact_as_its_input():
    x = torch.randn(2, 64, 32, 16) + 30
    plain = LayerScalarNorm()(x)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        torch.testing.assert_close(LayerScalarNorm()(x), plain)


def test_instance_norm_is_one_mean_a_channel(rng):
    x = torch.tensor(rng.normal(2, 3, (2, 5, 6, 3)), dtype=torch.float32)
    got = norm_layer("instance", 5)(x)
    torch.testing.assert_close(got.mean(dim=(2, 3)), torch.zeros(2, 5), atol=1e-5, rtol=0)
