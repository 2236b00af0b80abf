"""Charts for pages, as SVG: curves over a quantity, bars of counts, stacked shares.

Convention:
    A chart is drawn in a box of 400 x 250 units and grows with its place. Its colours are the
    page's, so that it is legible on light and on dark ground. What a chart shows stands in words or
    in a table beside it, or in its ``title``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from shared.page import Markup, element, joined, name
from shared.page_style import NUM_COLOURS

WIDTH: Final = 400
HEIGHT: Final = 250
LEFT, RIGHT, TOP, BOTTOM = 52, 10, 10, 36
"""Margins of the field in which data are drawn."""

MAX_POINTS: Final = 240
"""A curve of more points is drawn by means of neighbours."""

NUM_TICKS: Final = 5
FEW_POINTS: Final = 24

Points = Sequence[tuple[float, float]]
Stroke = Literal["", "dashed", "dotted"]


@dataclass(frozen=True, kw_only=True)
class Curve:
    """A line of a chart.

    Args:
        label: What the legend calls it.
        points: (x, y), finite, in order.
        colour: Number of its colour.
        stroke: How it is drawn.
    """

    label: str
    points: Points
    colour: int = 0
    stroke: Stroke = ""


def line_chart(
    title: str, curves: Sequence[Curve], x_label: str, *, always_named: bool = False
) -> Markup:
    """Draw curves in one field, with a legend where there are several.

    Args:
        title: Stands above the chart.
        curves: At least one, each with a point.
        x_label: What the horizontal axis counts.
        always_named: Whether a single curve has a legend too, as others beside it might have been.
    """
    thinned = [(curve, _thinned(curve.points)) for curve in curves]
    across = [x for _, points in thinned for x, _ in points]
    along = [y for _, points in thinned for _, y in points]
    field = _Field(min(across), max(across), *_widened(min(along), max(along)))
    drawn = [_curve(curve, points, field) for curve, points in thinned]
    svg = _svg(title, field.axes(x_label), drawn)
    legend = _legend(curves) if always_named or len(curves) > 1 else None
    return element("figure", element("figcaption", title), svg, legend)


def bar_chart(title: str, bars: Sequence[tuple[str, float]], x_label: str) -> Markup:
    """Draw counts as upright bars, such as a histogram.

    Args:
        title: Stands above the chart.
        bars: (label, count) from left to right; every few labels are written.
        x_label: What the labels tell.
    """
    highest = max((count for _, count in bars), default=0) or 1
    field = _Field(0, len(bars), 0, highest * 1.05)
    step = max(1, math.ceil(len(bars) / 8))
    columns = []
    for at, (label, count) in enumerate(bars):
        left, right, top = field.x(at), field.x(at + 1), field.y(count)
        bar = element("title", f"{label}: {count:,.0f}")
        size = {"width": round(right - left - 1, 2), "height": round(field.y(0) - top, 2)}
        box = {"x": round(left + 0.5, 2), "y": round(top, 2), **size}
        columns.append(element("g", bar, element("rect", class_="f0", **box)))
        if at % step == 0:
            columns.append(_text((left + right) / 2, HEIGHT - 20, label, "middle"))
    axes = joined(field.ruler(), _text(WIDTH - RIGHT, HEIGHT - 4, x_label, "end"))
    return element("figure", element("figcaption", title), _svg(title, axes, columns))


def share_chart(
    title: str, heads: Sequence[str], rows: Sequence[tuple[str, Sequence[float]]]
) -> Markup:
    """Draw how wholes are divided, a lying bar for each.

    Args:
        title: Stands above the chart.
        heads: What the shares are, in the order of the colours.
        rows: Label and shares (0 to 1) of each bar.
    """
    line, left, right = 22, 92, 8
    height = line * len(rows) + 22
    drawn = []
    for at, (label, shares) in enumerate(rows):
        top, x = at * line + 4, float(left)
        drawn.append(_text(left - 6, top + 12, label, "end"))
        for colour, (head, share) in enumerate(zip(heads, shares, strict=True)):
            wide = share * (WIDTH - left - right)
            words = element("title", f"{label}, {head}: {share:.1%}")
            box = {"x": round(x, 2), "y": top, "width": round(wide, 2), "height": line - 6}
            drawn.append(element("g", words, element("rect", class_=_fill(colour), **box)))
            x += wide
    for percent in (0, 25, 50, 75, 100):
        place = left + percent / 100 * (WIDTH - left - right)
        anchor = "end" if percent == 100 else "middle"
        drawn.append(_text(place, height - 4, f"{percent} %", anchor))
    svg = element("svg", drawn, viewBox=f"0 0 {WIDTH} {height}", role="img", aria_label=title)
    keys = [Curve(label=head, points=(), colour=at) for at, head in enumerate(heads)]
    legend = _legend(keys) if len(keys) > 1 else None
    return element("figure", element("figcaption", title), svg, legend)


def histogram(values: Sequence[float], edges: Sequence[float]) -> list[tuple[str, float]]:
    """Count values between edges; what lies beyond the last edge counts in the last bar.

    Args:
        values: Finite numbers, none below the first edge.
        edges: Ascending, at equal steps.

    Returns:
        (lower edge, count) for each bar.
    """
    counts = [0] * (len(edges) - 1)
    step = edges[1] - edges[0]
    for value in values:
        counts[min(int((value - edges[0]) / step), len(counts) - 1)] += 1
    return [(f"{edge:g}", count) for edge, count in zip(edges[:-1], counts, strict=True)]


@dataclass(frozen=True)
class _Field:
    """Where data are drawn, and the values at its borders."""

    x_low: float
    x_high: float
    y_low: float
    y_high: float

    def x(self, value: float) -> float:
        span = self.x_high - self.x_low or 1.0
        return LEFT + (value - self.x_low) / span * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        span = self.y_high - self.y_low or 1.0
        return HEIGHT - BOTTOM - (value - self.y_low) / span * (HEIGHT - TOP - BOTTOM)

    def ruler(self) -> Markup:
        """Return the horizontal lines with their values."""
        lines = []
        ticks, places = _ticks(self.y_low, self.y_high)
        for value in ticks:
            y = round(self.y(value), 2)
            lines.append(element("line", class_="grid", x1=LEFT, x2=WIDTH - RIGHT, y1=y, y2=y))
            lines.append(_text(LEFT - 6, y + 4, _number(value, places), "end"))
        return joined(lines)

    def axes(self, x_label: str) -> Markup:
        """Return the lines, and the values of both axes."""
        words = [_text(WIDTH - RIGHT, HEIGHT - 4, x_label, "end")]
        ticks, places = _ticks(self.x_low, self.x_high)
        for value in ticks:
            anchor = "end" if self.x(value) > WIDTH - RIGHT - 14 else "middle"
            words.append(_text(self.x(value), HEIGHT - 20, _number(value, places), anchor))
        return joined(self.ruler(), words)


def _curve(curve: Curve, points: Points, field: _Field) -> Markup:
    places = [(round(field.x(x), 1), round(field.y(y), 1)) for x, y in points]
    way = "M" + "L".join(f"{x:g} {y:g}" for x, y in places)
    classes = f"curve {_stroke(curve.colour)} {curve.stroke}".rstrip()
    dots = places if len(places) < FEW_POINTS and not curve.stroke else ()
    return element(
        "g",
        element("title", curve.label),
        element("path", class_=classes, d=way),
        [element("circle", class_=_fill(curve.colour), cx=x, cy=y, r=2.6) for x, y in dots],
    )


def _legend(curves: Sequence[Curve]) -> Markup:
    entries = []
    for curve in curves:
        classes = f"curve {_stroke(curve.colour)} {curve.stroke}".rstrip()
        stroke = element("path", class_=classes, d="M2 5L28 5")
        if not curve.points:
            stroke = element("rect", class_=_fill(curve.colour), x=8, y=0, width=14, height=10)
        swatch = element("svg", stroke, viewBox="0 0 30 10", aria_hidden="true")
        entries.append(element("li", swatch, name(curve.label)))
    return element("ul", entries, class_="legend")


def _svg(title: str, *content: Markup | Sequence[Markup]) -> Markup:
    view = f"0 0 {WIDTH} {HEIGHT}"
    return element("svg", *content, viewBox=view, role="img", aria_label=title)


def _text(x: float, y: float, words: str, anchor: str) -> Markup:
    return element("text", words, x=round(x, 1), y=round(y, 1), text_anchor=anchor)


def _stroke(colour: int) -> str:
    return f"s{colour % NUM_COLOURS}"


def _fill(colour: int) -> str:
    return f"f{colour % NUM_COLOURS}"


def _thinned(points: Points) -> Points:
    """Put means of as many neighbours as needed in the place of too many points."""
    many = math.ceil(len(points) / MAX_POINTS)
    if many < 2:
        return points
    groups = (points[start : start + many] for start in range(0, len(points), many))
    return [
        (math.fsum(x / len(group) for x, _ in group), math.fsum(y / len(group) for _, y in group))
        for group in groups
    ]


def _widened(low: float, high: float) -> tuple[float, float]:
    """Leave some room above and below."""
    room = (high / 2 - low / 2) * 0.12 or abs(high) * 0.05 or 0.5
    return max(low - room, -1e300), min(high + room, 1e300)


def _ticks(low: float, high: float) -> tuple[list[float], int | None]:
    """Choose round values between two, and the decimals that they need."""
    span = high - low
    if not span > 0 or not math.isfinite(span):
        return [low], None
    step = 10.0 ** math.floor(math.log10(span / NUM_TICKS))
    if not step:
        return [low], None
    step *= next((m for m in (1, 2, 5, 10) if span / (step * m) <= NUM_TICKS), 10)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    places = max(0, -math.floor(math.log10(step) + 1e-9))
    return [at * step for at in range(first, last + 1)], places if places < 7 else None


def _number(value: float, places: int | None) -> str:
    if places is None or abs(value) >= 1e15:
        return f"{value:.3g}"
    if abs(value) >= 1e6 and places == 0:
        return f"{value / 1e6:g} M"
    return f"{value:,.{places}f}"
