"""Total variation: known pictures, both directions, every sample alike."""

from __future__ import annotations

import pytest
import torch

from train.losses.smoothness import total_variation


def test_a_slope_has_its_steepness_in_either_direction() -> None:
    down = torch.arange(6.0).view(1, 1, 6, 1).expand(2, 3, 6, 5)
    across = 2 * torch.arange(5.0).view(1, 1, 1, 5).expand(2, 3, 6, 5)
    assert float(total_variation(down)) == pytest.approx(1)
    assert float(total_variation(across)) == pytest.approx(2)
    assert float(total_variation(down + across)) == pytest.approx(3)
    assert float(total_variation(-3 * down)) == pytest.approx(3)


def test_each_direction_is_a_mean_over_its_own_neighbours() -> None:
    picture = torch.zeros(1, 1, 2, 4)
    picture[..., 1, 0] = 8.0
    assert float(total_variation(picture)) == pytest.approx(8 / 4 + 8 / 6)


def test_a_flat_picture_has_none() -> None:
    assert float(total_variation(torch.full((2, 3, 5, 4), 0.7))) == 0
