"""Where samples are read: taps at places inside and outside of the source, against loops."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from guides import random_guidance

from train.nets.warp import build_warp_plan, warp_parts
from train.nets.warp_plan import taps_at

FAR = (-1e300, -7.0, -2.0, 9.0, 1e300, math.inf, -math.inf, math.nan)
NEAR = (-1.0, -0.75, -0.5, -0.4999, 0.0, 0.5, 1.25, 2.4999, 2.5, 2.75, 3.0)


def bilinear_by_loops(values: np.ndarray, x: float, y: float) -> float:
    height, width = values.shape
    total = 0.0
    if math.isfinite(x) and math.isfinite(y):
        for row in range(height):
            for column in range(width):
                share = max(0.0, 1 - abs(x - column)) * max(0.0, 1 - abs(y - row))
                total += share * values[row, column]
    return total


def nearest_by_loops(values: np.ndarray, x: float, y: float) -> float | None:
    height, width = values.shape
    if not (-0.5 < x < width - 0.5 and -0.5 < y < height - 0.5):
        return None
    return values[math.floor(y + 0.5), math.floor(x + 0.5)]


@pytest.mark.parametrize("size", [(2, 3), (3, 2), (1, 3), (3, 1), (1, 1)])
@pytest.mark.parametrize("sampling", ["nearest", "bilinear"])
def test_taps_read_what_loops_read_at_any_place(size: tuple[int, int], sampling: str) -> None:
    places = [(x, y) for x in FAR + NEAR for y in FAR + NEAR]
    x, y = torch.tensor(places, dtype=torch.float64).unbind(1)
    second_sample = torch.full((len(places),), size[0] * size[1])
    taps, touching = taps_at(x, y, second_sample, size, sampling)
    values = np.random.default_rng(0).uniform(1, 2, size)
    maps = torch.tensor(np.stack([np.full(size, np.nan), values])).flatten()
    # Rows of places that touch nothing are read too, before they are left out.
    assert taps.rows.min() >= size[0] * size[1] and taps.rows.max() < 2 * size[0] * size[1]
    read = maps[taps.rows]
    if taps.weights is not None:
        assert taps.weights.isfinite().all()
        read = (read * taps.weights).sum(1)
    for (across, down), value, touched in zip(places, read, touching, strict=True):
        if sampling == "nearest":
            expected = nearest_by_loops(values, across, down)
            assert bool(touched) == (expected is not None)
            assert expected is None or float(value) == expected
        else:
            expected = bilinear_by_loops(values, across, down)
            assert bool(touched) == (expected > 0)
            assert float(value) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("aggregation", ["max", "mean"])
@pytest.mark.parametrize("sampling", ["nearest", "bilinear"])
def test_a_warp_stays_on_the_device_of_its_inputs_whatever_the_default(
    rng: np.random.Generator, sampling: str, aggregation: str
) -> None:
    """A tensor made on the default device here, which has no values, would stop the warp."""
    _, guidance = random_guidance(rng, (32, 16))
    parts = guidance.transforms, guidance.status, guidance.quads
    features = torch.tensor(rng.normal(size=(2, 3, 32, 16)), requires_grad=True)
    results = []
    for default in ("cpu", "meta"):
        with torch.device(default):
            plan = build_warp_plan(*parts, (32, 16), (32, 16), sampling=sampling, fidelity=True)
            warped = warp_parts(features, plan, aggregation)
        results.append([warped, *torch.autograd.grad(warped.sum(), features)])
    assert all(torch.equal(one, other) for one, other in zip(*results, strict=True))
