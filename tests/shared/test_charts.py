from __future__ import annotations

import re

import pytest

from shared.charts import HEIGHT, MAX_POINTS, WIDTH, Curve, bar_chart, histogram, line_chart


def coordinates(svg: str) -> list[tuple[float, float]]:
    (way,) = re.findall(r'd="M([^"]+)"', svg)
    return [tuple(map(float, point.split())) for point in way.split("L")]  # type: ignore[misc]


@pytest.mark.parametrize(
    "points",
    [
        [(0, 1.0)],
        [(0, 0.0), (1, 0.0)],
        [(5, 1e-320), (6, 2e-320)],
        [(0, -1.7e308), (1, 1.7e308)],
        [(2**53, 1e17), (2**53, 1e17 + 32)],
        [(0, 1e300), (1, 1e300)],
    ],
)
def test_curves_of_any_finite_figures_are_drawn(points: list[tuple[float, float]]):
    svg = line_chart("a", [Curve(label="b", points=points)], "images")
    assert "nan" not in svg and "inf" not in svg


def test_a_curve_stays_in_the_field_and_rises_upwards():
    places = coordinates(line_chart("a", [Curve(label="b", points=[(0, 1), (9, 4)])], "images"))
    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in places)
    assert places[0][0] < places[1][0] and places[0][1] > places[1][1]


def test_many_points_become_means_of_neighbours():
    points = [(x, 0.0 if x % 2 else 2.0) for x in range(20 * MAX_POINTS)]
    places = coordinates(line_chart("a", [Curve(label="b", points=points)], "images"))
    assert len(places) == MAX_POINTS
    assert len({y for _, y in places}) == 1


def test_several_curves_have_a_legend_with_escaped_names():
    curves = [Curve(label=label, points=[(0, 1)], colour=9) for label in ("<b>", "c")]
    svg = line_chart("a", curves, "images")
    assert svg.count("<li>") == 2 and "<bdi>&lt;b&gt;</bdi>" in svg and "<b>" not in svg


def test_counts_beyond_the_last_edge_are_in_the_last_bar():
    assert histogram([0, 1, 2, 3, 99], [0, 2, 4]) == [("0", 2), ("2", 3)]
    assert "2: 3" in bar_chart("a", histogram([0, 1, 2, 3, 99], [0, 2, 4]), "pairs")
