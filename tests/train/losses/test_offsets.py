"""The roughness of offsets against a loop over all neighbours."""

from __future__ import annotations

import itertools

import pytest
import torch

from shared.errors import UsageError
from train.losses.offsets import offset_roughness
from train.losses.terms import TERMS
from train.settings.presets import resolve


def by_loops(offsets: torch.Tensor) -> float:
    batch, channels, height, width = offsets.shape
    differences = []
    for b, c, y, x in itertools.product(*map(range, (batch, channels, height, width))):
        for down, right in ((1, 0), (0, 1)):
            if y + down < height and x + right < width:
                gap = offsets[b, c, y + down, x + right] - offsets[b, c, y, x]
                differences.append(abs(float(gap)))
    return sum(differences) / len(differences)


def test_it_is_the_mean_difference_of_neighbours_summed_over_levels():
    levels = [torch.randn(2, 2, 6, 4), torch.randn(2, 2, 3, 2)]
    found = offset_roughness(levels)
    assert float(found) == pytest.approx(sum(map(by_loops, levels)), rel=1e-5)


def test_even_offsets_are_smooth_and_a_level_of_one_pixel_counts_nothing():
    assert offset_roughness([torch.full((2, 2, 6, 4), 7.0), torch.randn(2, 2, 1, 1)]) == 0


def test_a_level_of_one_row_has_neighbours_beside_it_alone():
    level = torch.tensor([0.0, 1.0, 4.0]).expand(1, 2, 1, 3)
    assert offset_roughness([level]) == 2


def test_every_level_gets_a_gradient():
    levels = [torch.randn(1, 2, 8 >> k, 6 >> k, requires_grad=True) for k in range(2)]
    offset_roughness(levels).backward()
    assert all(level.grad is not None and level.grad.any() for level in levels)


@pytest.mark.parametrize("skips", ["parts", "none", "stn"])
def test_a_weight_without_offsets_is_refused(skips):
    with pytest.raises(UsageError, match=r"loss\.offsets_weight: expected 0 without learned"):
        resolve("dsc", {"generator": {"skips": skips}, "loss": {"offsets_weight": 0.1}})


@pytest.mark.parametrize("skips", ["flow", "parts+flow"])
def test_a_weight_with_offsets_is_taken(skips):
    settings = resolve("dsc", {"generator": {"skips": skips}, "loss": {"offsets_weight": 0.1}})
    assert TERMS["offsets"].weight(settings.loss) == 0.1
