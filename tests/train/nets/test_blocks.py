"""The halving and doubling blocks."""

from __future__ import annotations

import pytest
import torch

from train.nets.blocks import Down, Up


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
