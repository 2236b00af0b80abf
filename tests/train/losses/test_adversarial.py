"""The adversarial games against their formulas."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from shared.errors import UsageError
from train.losses.adversarial import adversarial_losses


def test_vanilla_is_the_log_loss(rng):
    real, fake = rng.normal(size=(2, 4, 1, 3, 1))
    losses = adversarial_losses("vanilla")

    def sigmoid(x):
        return 1 / (1 + np.exp(-x))

    expected = -np.log(sigmoid(real)).mean() - np.log(1 - sigmoid(fake)).mean()
    assert losses.d_loss(torch.tensor(real), torch.tensor(fake)).item() == pytest.approx(expected)
    assert losses.g_loss(torch.tensor(fake)).item() == pytest.approx(-np.log(sigmoid(fake)).mean())


def test_vanilla_stays_finite_for_a_sure_discriminator():
    losses = adversarial_losses("vanilla")
    sure = torch.tensor([1e4, -1e4])
    assert torch.isfinite(losses.d_loss(sure, sure)) and torch.isfinite(losses.g_loss(sure))


def test_hinge_and_least_squares():
    real, fake = torch.tensor([2.0, 0.5]), torch.tensor([-3.0, 0.0])
    hinge, squares = adversarial_losses("hinge"), adversarial_losses("least-squares")
    assert hinge.d_loss(real, fake) == (0 + 0.5) / 2 + (0 + 1) / 2
    assert hinge.g_loss(fake) == 1.5
    assert squares.d_loss(real, fake) == (1 + 0.25) / 2 + 9 / 2
    assert squares.g_loss(fake) == (16 + 1) / 2


def test_relativistic_looks_at_the_difference_within_each_pair():
    real, fake = torch.tensor([2.0, 0.5]), torch.tensor([-3.0, 1.0])
    game = adversarial_losses("relativistic")
    lead = [5.0, -0.5]
    d_loss = sum(np.log1p(np.exp(-x)) for x in lead) / 2
    g_loss = sum(np.log1p(np.exp(x)) for x in lead) / 2
    assert game.d_loss(real, fake).item() == pytest.approx(d_loss)
    assert game.g_loss(fake, real).item() == pytest.approx(g_loss)


@pytest.mark.parametrize("kind", ["vanilla", "hinge", "least-squares", "relativistic"])
def test_gradients_push_the_two_networks_apart(kind):
    losses = adversarial_losses(kind)
    real, fake = torch.zeros(3, requires_grad=True), torch.zeros(3, requires_grad=True)
    losses.d_loss(real, fake).backward()
    assert (real.grad < 0).all()
    d_gradient = fake.grad.clone()
    fake.grad = None
    losses.g_loss(fake, real.detach()).backward()
    assert (fake.grad < 0).all() and (d_gradient >= 0).all()


def test_an_unknown_kind_is_refused():
    with pytest.raises(UsageError, match="vanilla or hinge or least-squares or relativistic"):
        adversarial_losses("wasserstein")
