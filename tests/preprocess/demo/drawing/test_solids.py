"""Which solid a pixel shows, against a loop over solids and pixels."""

from __future__ import annotations

import numpy as np
import pytest

from preprocess.demo.drawing.body import turned
from preprocess.demo.drawing.people import Material
from preprocess.demo.drawing.solids import FLAT, ROUND, SLICE, Solids, oval, surface

SIZE = (37, 23)


def random_solids(rng, count=9):
    solids = Solids()
    for _ in range(count):
        a, b = rng.uniform((-4, -4, -9), (27, 41, 9), (2, 3))
        solids.add(
            a, b, tuple(rng.uniform(1.5, 7.0, 2)), Material(int(rng.integers(5))),
            end=Material.SHOE, split=float(rng.uniform(0, 1.2)), depth=float(rng.uniform(0.5, 1.5)),
            hem=float(rng.choice((ROUND, FLAT, SLICE))),
        )  # fmt: skip
    return solids


def brute_force(solids, size):
    """Nearest solid and its depth at every pixel, one by one; -1 where there is none."""
    shown = np.full(size, -1)
    depth = np.full(size, -np.inf)
    for index, row in enumerate(solids.rows):
        a, b, (ra, rb, k, hem) = np.array(row[:3]), np.array(row[3:6]), row[6:10]
        for y in range(size[0]):
            for x in range(size[1]):
                axis = (b - a)[:2]
                free = (np.array([x, y]) - a[:2]) @ axis / (axis @ axis)
                if (free > 1 and hem != ROUND) or (free < 0 and hem == SLICE):
                    continue
                t = min(max(free, 0.0), 1.0)
                centre, radius = a + t * (b - a), ra + t * (rb - ra)
                rest = 1 - ((x - centre[0]) ** 2 + (y - centre[1]) ** 2) / radius**2
                if rest > 0 and centre[2] + radius * k * np.sqrt(rest) > depth[y, x]:
                    depth[y, x] = centre[2] + radius * k * np.sqrt(rest)
                    shown[y, x] = index
    return shown, depth


@pytest.mark.parametrize("seed", range(4))
def test_nearest_solid_wins_as_in_a_plain_loop(seed):
    solids = random_solids(np.random.default_rng(seed))
    seen = surface(solids, SIZE)
    shown, depth = brute_force(solids, SIZE)
    flat = np.full(SIZE[0] * SIZE[1], -1)
    flat[seen.pixels] = seen.solid
    assert (flat.reshape(SIZE) == shown).mean() > 0.99  # borders may fall either way in float32
    both = (seen.depth_map() > -1e5) & np.isfinite(depth)
    assert np.abs(seen.depth_map() - depth)[both] == pytest.approx(0, abs=0.05)
    assert np.linalg.norm(seen.normal, axis=1) == pytest.approx(1, abs=1e-3)


def test_order_of_adding_does_not_matter():
    solids = random_solids(np.random.default_rng(5))
    turned_round = Solids(solids.rows[::-1])
    one, other = surface(solids, SIZE), surface(turned_round, SIZE)
    assert np.array_equal(one.pixels, other.pixels)
    assert np.array_equal(one.solid, len(solids.rows) - 1 - other.solid)


def test_material_changes_at_the_split():
    solids = Solids()
    ends = np.array([10.0, 4.0, 0.0]), np.array([10.0, 30.0, 0.0])
    solids.add(*ends, (3.0, 3.0), Material.SLEEVE, end=Material.SKIN, split=0.5)
    seen = surface(solids, SIZE)
    rows = seen.position[:, 1]
    assert set(seen.material[rows < 16]) == {Material.SLEEVE}
    assert set(seen.material[rows > 18]) == {Material.SKIN}


def test_nothing_outside_the_canvas():
    solids = Solids()
    far = np.array([-50.0, -50.0, 0.0])
    solids.add(far, far + 1.0, (5.0, 5.0), Material.SKIN)
    assert surface(solids, SIZE).pixels.size == 0


def test_an_oval_trunk_shows_its_width_from_the_front_and_its_depth_from_the_side():
    front = oval(turned(0.0, 0.0).T, 0.3, 0.2)
    side = oval(turned(np.pi / 2, 0.0).T, 0.3, 0.2)
    assert front == pytest.approx((0.3, 0.2 / 0.3))
    assert side == pytest.approx((0.2, 0.3 / 0.2))
