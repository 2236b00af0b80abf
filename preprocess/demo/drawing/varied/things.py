"""Things of the varied worlds: what places are made of, and the pen that draws them.

Convention: lengths are shares of a place's height.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from preprocess.demo.drawing.varied.ranges import Ranges

Paint = tuple[int, int, int]


@dataclass
class Sketch:
    """A place under construction; its pen takes lengths as shares of the height."""

    rng: np.random.Generator
    picture: Image.Image
    draw: ImageDraw.ImageDraw
    ranges: Ranges
    horizon: float = 0.2

    @property
    def wide(self) -> float:
        """Width over height."""
        return self.picture.size[0] / self.picture.size[1]

    def scaled(self, places: tuple[float, ...]) -> list[float]:
        """Turn shares of the height into pixels."""
        return [place * self.picture.size[1] for place in places]

    def box(self, box: tuple[float, ...], paint: Paint) -> None:
        """Fill a rectangle."""
        self.draw.rectangle(self.scaled(_ordered(box)), fill=paint)

    def round(self, box: tuple[float, ...], paint: Paint | None, line: float = 0.0) -> None:
        """Fill an ellipse, or draw its line."""
        width = max(round(line * self.picture.size[1]), 1)
        where = self.scaled(_ordered(box))
        if paint is None or line:
            self.draw.ellipse(where, outline=paint, width=width)
        else:
            self.draw.ellipse(where, fill=paint)

    def line(self, ends: tuple[float, ...], paint: Paint, wide: float) -> None:
        """Draw a line."""
        width = max(round(wide * self.picture.size[1]), 1)
        self.draw.line(self.scaled(ends), fill=paint, width=width)

    def tone(self, least: float = 30.0, most: float = 225.0, colour: float = 0.25) -> Paint:
        """Draw a mostly grey colour, like stone, wood and paint: rather warm than cold."""
        grey = self.rng.uniform(least, most)
        warm = 0.12 * self.rng.normal(0.4, 1.0)
        vivid = colour * self.rng.random() ** 2
        hue = self.rng.uniform(0.0, 255.0, 3)
        mixed = (1.0 - vivid) * grey * np.array((1.0 + warm, 1.0, 1.0 - warm)) + vivid * hue
        red, green, blue = np.clip(mixed, 0, 255).astype(int)
        return int(red), int(green), int(blue)


def _ordered(box: tuple[float, ...]) -> tuple[float, ...]:
    left, top, right, bottom = box
    return min(left, right), min(top, bottom), max(left, right), max(top, bottom)


def shaded(paint: Paint, factor: float) -> Paint:
    """Make a colour darker or brighter."""
    red, green, blue = (min(int(value * factor), 255) for value in paint)
    return red, green, blue


def ground(sketch: Sketch, paint: Paint) -> None:
    """Fill with the ground and, above the horizon, a wall."""
    wall = sketch.tone(40, 220)
    sketch.box((0, 0, sketch.wide, 1), paint)
    if sketch.horizon > 0:
        sketch.box((0, 0, sketch.wide, sketch.horizon), wall)


def paved(sketch: Sketch, base: Paint) -> None:
    """Draw the joints of a paved ground in perspective."""
    rng = sketch.rng
    joint = shaded(base, float(rng.uniform(0.75, 0.95)))
    rows, vanishing = int(rng.integers(4, 26)), rng.uniform(-0.3, 1.3) * sketch.wide
    start = max(sketch.horizon, -0.3)
    tilt = float(rng.normal(0.0, 0.05))
    for row in range(1, rows):
        y = start + (1.0 - start) * (row / rows) ** 1.6
        sketch.line((0, y - tilt, sketch.wide, y + tilt), joint, 0.005)
    if rng.random() < 0.6:
        for end in np.arange(-3.0, 4.0, rng.uniform(0.12, 0.5)):
            sketch.line((vanishing, start - 1.0, float(end), 1.0), joint, 0.005)


def lanes(sketch: Sketch) -> None:
    """Draw kerbs, lanes and stripes of a crossing on the ground."""
    rng = sketch.rng
    for _ in range(int(rng.integers(0, 4))):
        x, width, slant = (
            rng.uniform(-0.5, 1.2) * sketch.wide,
            rng.uniform(0.04, 1.0),
            rng.normal(0, 0.6),
        )
        top = max(sketch.horizon, 0.0)
        corners = (x, top, x + 0.6 * width, top, x + slant + width, 1.0, x + slant, 1.0)
        flat = sketch.scaled(tuple(float(c) for c in corners))
        sketch.draw.polygon(
            list(zip(flat[::2], flat[1::2], strict=True)), fill=sketch.tone(50, 225)
        )
        if rng.random() < 0.5:
            sketch.line((float(x), top, float(x + slant), 1.0), sketch.tone(150, 245, 0.1), 0.02)


def things(sketch: Sketch, count: tuple[int, int]) -> None:
    """Let things stand about: poles, bushes, bicycles, boxes, cars, people far away."""
    rng = sketch.rng
    for _ in range(int(rng.integers(*count))):
        x = float(rng.uniform(-0.1, 1.1) * sketch.wide)
        foot = float(max(sketch.horizon, 0.0) + rng.uniform(-0.02, 0.5) * (1.0 - sketch.horizon))
        kind, paint = int(rng.integers(7)), sketch.tone(20, 200, 0.35)
        if kind == 0:
            bush(sketch, x, foot)
        elif kind == 1:
            sketch.box((x, -1.0, x + float(rng.uniform(0.006, 0.06)), foot), paint)
        elif kind == 2:
            r = float(rng.uniform(0.05, 0.11))
            for hub in (x, x + 2.3 * r):
                sketch.round((hub - r, foot - 2 * r, hub + r, foot), paint, 0.012)
            sketch.line(
                (x, foot - r, x + 0.9 * r, foot - 2.4 * r, x + 2.3 * r, foot - r), paint, 0.012
            )
        elif kind == 3:
            _car(sketch, x, foot, paint)
        elif kind == 4:
            _far_person(sketch, x, foot)
        else:
            w, h = float(rng.uniform(0.04, 0.5)), float(rng.uniform(0.04, 0.3))
            sketch.box((x, foot - h, x + w, foot), paint)
            sketch.box((x, foot - 0.3 * h, x + w, foot), sketch.tone(15, 120))


def bush(sketch: Sketch, x: float, foot: float) -> None:
    """Draw a bush whose foot is at a place."""
    rng, size = sketch.rng, float(sketch.rng.uniform(0.04, 0.16))
    base = np.array((58, 84, 48)) * rng.uniform(0.6, 1.5) * rng.normal(1.0, 0.12, 3)
    for dx, dy, r in rng.normal((0, 0, 0.35), (0.9, 0.5, 0.12), (26, 3)) * size:
        red, green, blue = np.clip(base * rng.uniform(0.55, 1.5), 0, 255).astype(int)
        sketch.round((x + dx - r, foot + dy - r, x + dx + r, foot + dy + r), (red, green, blue))


def _car(sketch: Sketch, x: float, foot: float, paint: Paint) -> None:
    size = float(sketch.rng.uniform(0.10, 0.3))
    sketch.box((x, foot - 0.6 * size, x + 2.4 * size, foot - 0.1 * size), paint)
    sketch.box(
        (x + 0.4 * size, foot - size, x + 1.8 * size, foot - 0.5 * size), sketch.tone(20, 90, 0.1)
    )
    for hub in (x + 0.45 * size, x + 1.9 * size):
        sketch.round((hub - 0.22 * size, foot - 0.4 * size, hub + 0.22 * size, foot), (24, 24, 26))


def _far_person(sketch: Sketch, x: float, foot: float) -> None:
    size = float(sketch.rng.uniform(0.12, 0.5))
    legs, trunk = sketch.tone(20, 160, 0.3), sketch.tone(20, 230, 0.5)
    for side in (-1, 1):
        step = side * float(sketch.rng.uniform(0.02, 0.09)) * size
        sketch.line((x, foot - 0.5 * size, x + step, foot), legs, 0.10 * size)
    sketch.round((x - 0.13 * size, foot - 0.86 * size, x + 0.13 * size, foot - 0.42 * size), trunk)
    sketch.round(
        (x - 0.06 * size, foot - size, x + 0.06 * size, foot - 0.84 * size),
        sketch.tone(20, 170, 0.2),
    )


def windows(sketch: Sketch, foot: float) -> None:
    """Divide a wall into windows and panels."""
    rng, x = sketch.rng, 0.0
    while x < sketch.wide:
        width = float(rng.uniform(0.05, 0.3))
        sketch.box((x, -0.1, x + width, foot * float(rng.uniform(0.6, 1.0))), sketch.tone(20, 210))
        x += width + float(rng.uniform(0.01, 0.2))
