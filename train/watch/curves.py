"""The picture of a run's curves: one panel a quantity, drawn with pillow alone."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from PIL import Image, ImageDraw, ImageFont

Points = Sequence[tuple[float, float]]

PANEL_WIDTH, PANEL_HEIGHT = 420, 240
LEFT, RIGHT, TOP, BOTTOM = 62, 14, 46, 30
COLOURS = ("#1f6fb2", "#d1495b", "#3c8d53", "#8a5fb0", "#b8860b", "#555555")
PAPER, INK, GRID = "#ffffff", "#222222", "#dddddd"
NUM_TICKS = 4


def draw_curves(panels: Mapping[str, Mapping[str, Points]], columns: int = 2) -> Image.Image:
    """Draw curves over the number of images seen.

    Args:
        panels: Title of each panel to its curves: name to (images, value) points in order.
            Values that are not finite are left out; so are panels without any point.
        columns: Panels beside each other.

    Returns:
        An RGB picture.
    """
    filled = {title: _finite(curves) for title, curves in panels.items()}
    filled = {title: curves for title, curves in filled.items() if curves}
    rows = max(1, math.ceil(len(filled) / columns))
    picture = Image.new("RGB", (columns * PANEL_WIDTH, rows * PANEL_HEIGHT), PAPER)
    for number, (title, curves) in enumerate(filled.items()):
        row, column = divmod(number, columns)
        panel = _draw_panel(title, curves)
        picture.paste(panel, (column * PANEL_WIDTH, row * PANEL_HEIGHT))
    return picture


def panels_of(records: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Points]]:
    """Sort a run's log into panels: losses by network, scores with their controls, speed.

    Args:
        records: The log's records: ``images`` and groups of figures by name.
    """
    titles = {
        "losses": "losses of the generator, weighted",
        "discriminator": "loss of the discriminator",
        "gradients": "norms of the gradients",
        "ssim": "SSIM on fixed test pairs",
        "mask_ssim": "mask-SSIM on fixed test pairs",
        "speed": "samples a second",
    }
    panels: dict[str, dict[str, Points]] = {}
    for group, title in titles.items():
        curves: dict[str, list[tuple[float, float]]] = {}
        for record in records:
            for name, value in record.get(group, {}).items():
                curves.setdefault(name, []).append((float(record["images"]), float(value)))
        panels[title] = dict(curves)
    return panels


def _finite(curves: Mapping[str, Points]) -> dict[str, Points]:
    kept = {name: [p for p in points if math.isfinite(p[1])] for name, points in curves.items()}
    return {name: points for name, points in kept.items() if points}


def _draw_panel(title: str, curves: Mapping[str, Points]) -> Image.Image:
    panel = Image.new("RGB", (PANEL_WIDTH, PANEL_HEIGHT), PAPER)
    draw = ImageDraw.Draw(panel)
    font = ImageFont.load_default(12)
    points = [point for curve in curves.values() for point in curve]
    x_range = _padded(min(p[0] for p in points), max(p[0] for p in points), 0.0)
    y_range = _padded(min(p[1] for p in points), max(p[1] for p in points), 0.05)

    def place(x: float, y: float) -> tuple[float, float]:
        across = (x - x_range[0]) / (x_range[1] - x_range[0])
        up = (y - y_range[0]) / (y_range[1] - y_range[0])
        return (
            LEFT + across * (PANEL_WIDTH - LEFT - RIGHT),
            PANEL_HEIGHT - BOTTOM - up * (PANEL_HEIGHT - TOP - BOTTOM),
        )

    draw.text((LEFT, 8), title, fill=INK, font=font)
    for number in range(NUM_TICKS + 1):
        share = number / NUM_TICKS
        y_value = y_range[0] + share * (y_range[1] - y_range[0])
        x_value = x_range[0] + share * (x_range[1] - x_range[0])
        level = place(x_range[0], y_value)[1]
        draw.line((LEFT, level, PANEL_WIDTH - RIGHT, level), fill=GRID)
        draw.text((LEFT - 6, level), _short(y_value), fill=INK, font=font, anchor="rm")
        below = (place(x_value, y_range[0])[0], PANEL_HEIGHT - BOTTOM + 6)
        draw.text(below, _short(x_value), fill=INK, font=font, anchor="mt")
    left = float(LEFT)
    for number, (name, curve) in enumerate(curves.items()):
        colour = COLOURS[number % len(COLOURS)]
        line = [place(*point) for point in curve]
        draw.line(line if len(line) > 1 else line * 2, fill=colour, width=2)
        draw.text((left, 26), name, fill=colour, font=font)
        left += draw.textlength(name, font=font) + 12
    return panel


def _padded(low: float, high: float, share: float) -> tuple[float, float]:
    if high <= low:
        return low - 0.5, high + 0.5
    pad = share * (high - low)
    return low - pad, high + pad


def _short(value: float) -> str:
    for size, unit in ((1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.3g}{unit}"
    return f"{value:.3g}"
