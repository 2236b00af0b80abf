"""Distances of images and features against their formulas."""

from __future__ import annotations

import math

import torch

from train.losses.reconstruction import l1_loss, perceptual_loss


def test_l1_is_a_mean():
    assert l1_loss(torch.tensor([[1.0, -1.0]]), torch.tensor([[0.0, 2.0]])) == 2.0


def test_perceptual_sums_the_layers_and_leaves_the_real_features_alone():
    generated = [torch.full((1, 2, 3, 4), 2.0, requires_grad=True), torch.zeros(1, 5, 1, 2)]
    real = [torch.zeros(1, 2, 3, 4, requires_grad=True), torch.full((1, 5, 1, 2), 0.25)]
    loss = perceptual_loss(generated, real)
    loss.backward()
    assert loss == 2.25
    assert real[0].grad is None
    assert math.isclose(generated[0].grad.sum().item(), 1.0, rel_tol=1e-6)
