"""The nearest-neighbour loss against loops over pixels and against a stack of shifts."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from shared.errors import UsageError
from train.losses.nearest import nearest_neighbour_loss
from train.losses.reconstruction import l1_loss


def loop_loss(generated: np.ndarray, real: np.ndarray, window: int) -> float:
    batch, _, height, width = generated.shape
    reach = window // 2
    total = 0.0
    for b, y, x in np.ndindex(batch, height, width):
        total += min(
            np.abs(generated[b, :, y, x] - real[b, :, v, u]).sum()
            for v in range(max(0, y - reach), min(height, y + reach + 1))
            for u in range(max(0, x - reach), min(width, x + reach + 1))
        )
    return total / (batch * height * width)


def stacked_loss(generated: Tensor, real: Tensor, window: int) -> Tensor:
    """The field's way: all shifts at once, outside infinitely far away."""
    height, width = generated.shape[2:]
    padded = F.pad(real, (window // 2,) * 4, value=1e6)
    shifts = [
        padded[:, :, y : y + height, x : x + width] for y in range(window) for x in range(window)
    ]
    return (generated[None] - torch.stack(shifts)).abs().sum(dim=2).min(dim=0).values.mean()


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    batch=st.integers(1, 3),
    channels=st.integers(1, 4),
    height=st.integers(1, 9),
    width=st.integers(1, 9),
    window=st.sampled_from([1, 3, 5, 7]),
)
def test_equals_a_loop_over_pixels(seed, batch, channels, height, width, window):
    rng = np.random.default_rng(seed)
    generated, real = rng.normal(size=(2, batch, channels, height, width))
    got = nearest_neighbour_loss(torch.tensor(generated), torch.tensor(real), window)
    assert got.item() == pytest.approx(loop_loss(generated, real, window), rel=1e-12)


@pytest.mark.parametrize("window", [1, 3, 5])
@pytest.mark.parametrize("channels_last", [False, True])
def test_value_and_gradient_equal_the_stack_of_shifts(rng, window, channels_last):
    order = torch.channels_last if channels_last else torch.contiguous_format
    generated, real = (
        torch.tensor(rng.normal(size=(2, 4, 14, 9))).contiguous(memory_format=order)
        for _ in range(2)
    )
    results = []
    for loss in (nearest_neighbour_loss, stacked_loss):
        given_features = generated.clone().requires_grad_()
        value = loss(given_features, real, window)
        (3 * value).backward()
        results.append((value.detach(), given_features.grad))
    torch.testing.assert_close(results[0][0], results[1][0])
    torch.testing.assert_close(results[0][1], results[1][1])


def test_gradient_equals_finite_differences(rng):
    generated, real = torch.tensor(rng.normal(size=(2, 2, 3, 5, 4))).unbind(0)
    generated.requires_grad_()
    assert torch.autograd.gradcheck(lambda x: nearest_neighbour_loss(x, real, 3), (generated,))


def test_with_a_window_of_one_it_is_l1_summed_over_channels(rng):
    generated, real = torch.tensor(rng.normal(size=(2, 2, 5, 6, 4)))
    got = nearest_neighbour_loss(generated, real, 1)
    torch.testing.assert_close(got, 5 * l1_loss(generated, real))


def test_a_shift_of_one_pixel_costs_nothing_inside():
    real = torch.rand(1, 3, 12, 8)
    shifted = real.roll((1, -1), dims=(2, 3))
    inside = nearest_neighbour_loss(shifted[:, :, 1:, :-1], real[:, :, 1:, :-1], 3)
    assert inside < nearest_neighbour_loss(shifted[:, :, 1:, :-1], real[:, :, 1:, :-1], 1) / 3


def test_outside_of_the_image_never_wins():
    # Zeros outside would be nearer to the generated zeros than the real ones are.
    assert nearest_neighbour_loss(torch.zeros(1, 2, 4, 3), torch.ones(1, 2, 4, 3), 5) == 2


def test_on_a_tie_the_first_in_reading_order_wins():
    real = torch.zeros(1, 1, 3, 3)
    real[0, 0, 0, 0], real[0, 0, 2, 2] = 1.0, -1.0
    generated = torch.full((1, 1, 3, 3), 0.25)
    generated[0, 0, 1, 1] = 0.0
    real[0, 0, 1, 1] = real[0, 0, 0, 1] = real[0, 0, 0, 2] = 0.5
    real[0, 0, 1, 0] = real[0, 0, 1, 2] = -0.5
    real[0, 0, 2, :2] = -0.5
    generated.requires_grad_()
    nearest_neighbour_loss(generated, real, 3).backward()
    # The +0.5 of the first row comes before the -0.5 of the second: the gradient points down.
    assert generated.grad[0, 0, 1, 1] == pytest.approx(-1 / 9)


def test_no_gradient_reaches_the_real_features():
    generated = torch.rand(1, 2, 6, 4, requires_grad=True)
    real = torch.rand(1, 2, 6, 4, requires_grad=True)
    nearest_neighbour_loss(generated, real).backward()
    assert real.grad is None and generated.grad.any()


@pytest.mark.parametrize("bad", [torch.nan, torch.inf])
def test_values_that_are_not_finite_show_in_the_loss_and_break_nothing(bad):
    generated, real = torch.rand(1, 2, 6, 4), torch.rand(1, 2, 6, 4)
    generated[0, 0] = bad
    generated.requires_grad_()
    loss = nearest_neighbour_loss(generated, real, 5)
    loss.backward()
    assert not torch.isfinite(loss)


def test_bfloat16_is_summed_in_float32(rng):
    generated, real = torch.tensor(rng.normal(size=(2, 2, 64, 12, 8)), dtype=torch.bfloat16)
    generated.requires_grad_()
    loss = nearest_neighbour_loss(generated, real)
    loss.backward()
    assert loss.dtype == torch.float32 and generated.grad.dtype == torch.bfloat16
    exact = nearest_neighbour_loss(generated.detach().double(), real.double())
    assert loss.item() == pytest.approx(exact.item(), rel=5e-3)


def test_repeated_calls_give_the_same_bits():
    generated, real = torch.rand(2, 8, 16, 12, requires_grad=True), torch.rand(2, 8, 16, 12)
    gradients = []
    for _ in range(3):
        generated.grad = None
        nearest_neighbour_loss(generated, real, 5).backward()
        gradients.append(generated.grad.clone())
    assert torch.equal(gradients[0], gradients[1]) and torch.equal(gradients[0], gradients[2])


@pytest.mark.parametrize("window", [0, 2, -3, 17])
def test_a_window_that_is_not_odd_and_small_is_refused(window):
    with pytest.raises(UsageError, match="window"):
        nearest_neighbour_loss(torch.zeros(1, 1, 4, 4), torch.zeros(1, 1, 4, 4), window)


def test_features_of_two_shapes_are_refused():
    with pytest.raises(UsageError, match="features of one layer"):
        nearest_neighbour_loss(torch.zeros(1, 1, 4, 6), torch.zeros(1, 1, 6, 4))
