"""Sampling at learned places: both ways agree, and gradients reach features and places."""

from __future__ import annotations

import pytest
import torch
from scipy.ndimage import map_coordinates

from train.nets.sampling import (
    pixel_grid,
    sample_at,
    sample_border_in_order,
    sample_in_order,
    sample_parts,
)

SIZE = (10, 7)


@pytest.fixture
def given():
    generator = torch.Generator().manual_seed(4)
    maps = torch.randn(2, 3, *SIZE, generator=generator)
    places = pixel_grid(SIZE, torch.device("cpu")) + 4 * torch.randn(
        2, *SIZE, 2, generator=generator
    )
    return maps.requires_grad_(), places.requires_grad_()


def test_the_grid_gives_the_maps_back(given):
    maps, _ = given
    grid = pixel_grid(SIZE, torch.device("cpu")).expand(2, *SIZE, 2)
    for way in (sample_at, sample_in_order):
        torch.testing.assert_close(way(maps, grid), maps, rtol=0, atol=1e-5)


@pytest.mark.parametrize("way", [sample_at, sample_in_order])
def test_values_are_bilinear_with_zeros_outside(given, way):
    maps, places = given
    found = way(maps, places).detach()
    for sample in range(2):
        where = places[sample].detach().flip(-1).movedim(-1, 0).numpy()
        for channel in range(3):
            expected = map_coordinates(
                maps[sample, channel].detach().numpy(), where, order=1, mode="grid-constant"
            )
            torch.testing.assert_close(
                found[sample, channel], torch.from_numpy(expected), rtol=0, atol=2e-5
            )


def test_both_ways_have_the_same_gradients(given):
    results = []
    for way in (sample_at, sample_in_order):
        results.append(torch.autograd.grad(way(*given).square().sum(), given))
    for one, other in zip(*results, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-3)
        assert one.any()


def test_far_places_give_zeros_and_finite_gradients(given):
    maps, _ = given
    places = torch.full((2, *SIZE, 2), 1e9, requires_grad=True)
    for way in (sample_at, sample_in_order):
        found = way(maps, places)
        assert not found.any()
        assert all(torch.isfinite(g).all() for g in torch.autograd.grad(found.sum(), given[:1]))


def test_half_precision_keeps_its_type(given):
    maps, places = given
    for way in (sample_at, sample_in_order):
        assert way(maps.bfloat16(), places).dtype == torch.bfloat16


def grids() -> torch.Tensor:
    """Places of three parts, a third of them outside of the maps."""
    drawn = torch.rand(2, 3, 6, 5, 2, generator=torch.Generator().manual_seed(5))
    return (3 * drawn - 1.5).requires_grad_()


def test_parts_are_sampled_bilinearly_with_the_border_repeated(given):
    maps, grid = given[0].detach(), grids().detach()
    found = sample_parts(maps, grid)
    assert found.shape == (2, 3, 3, 6, 5)
    height, width = SIZE
    for sample, channel, part in torch.cartesian_prod(*map(torch.arange, (2, 3, 3))).tolist():
        x, y = grid[sample, part].movedim(-1, 0).numpy()
        places = (((y + 1) * height - 1) / 2, ((x + 1) * width - 1) / 2)
        expected = map_coordinates(maps[sample, channel].numpy(), places, order=1, mode="nearest")
        torch.testing.assert_close(
            found[sample, channel, part], torch.from_numpy(expected), rtol=0, atol=2e-5
        )


def test_parts_have_the_same_gradients_in_a_fixed_order(given):
    """The way of a GPU that must give the same bits, tried on the CPU."""
    maps, grid = given[0], grids()
    results = []
    for way in (sample_parts, in_order):
        found = way(maps, grid)
        results.append((found, *torch.autograd.grad(found.square().sum(), (maps, grid))))
    for one, other in zip(*results, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-3)
        assert one.any()


def in_order(maps: torch.Tensor, grid: torch.Tensor) -> torch.Tensor:
    long = sample_border_in_order(maps, grid.flatten(1, 2))
    return long.unflatten(2, (grid.shape[1], grid.shape[2]))
