"""Places of the varied worlds: what stands behind people.

Convention:
    A place is RGB, uint8 (height, width, 3), on the fine grid, larger than what one picture shows
    of it. Lengths are shares of its height, so places of any size look alike.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from preprocess.demo.drawing.scenes import Reals
from preprocess.demo.drawing.varied.chance import between, low, one_of
from preprocess.demo.drawing.varied.noise import fractal
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


def place(rng: np.random.Generator, ranges: Ranges, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Draw a place of (height, width)."""
    kind = one_of(rng, ranges.places)
    picture = Image.new("RGB", (size[1], size[0]))
    sketch = Sketch(rng, picture, ImageDraw.Draw(picture), ranges, between(rng, (-0.05, 0.42)))
    KINDS[kind](sketch)
    blur = low(rng, (0.001, 0.016)) * size[0]
    pixels = np.asarray(sketch.picture.filter(ImageFilter.GaussianBlur(blur)), dtype=np.float32)
    return _textured(pixels, rng, ranges, rough=kind in ("grass", "rubble", "noise", "water"))


def _textured(
    pixels: Reals, rng: np.random.Generator, ranges: Ranges, *, rough: bool
) -> NDArray[np.uint8]:
    """Add the texture of surfaces: brightness, a little colour, and broad light and shade."""
    size = (pixels.shape[0], pixels.shape[1])
    depth = (1.6 if rough else 1.0) * low(rng, ranges.texture, 1.5)
    grain = fractal(rng, size, salt=ranges.salt, falls=(0, 4))
    broad = fractal(rng, size, salt=ranges.salt, falls=(4, 6))
    hue = fractal(rng, size, salt=ranges.salt, falls=(2, 6))[:, :, None]
    tint = rng.normal(0.0, 0.15 * depth, 3).astype(np.float32)
    ends = rng.uniform(0.85, 1.12, 2)
    slope = np.linspace(ends[0], ends[1], size[0], dtype=np.float32)[:, None]
    light = slope * np.clip(1.0 + rng.uniform(0.02, 0.16) * broad, 0.4, 1.6)
    textured = (pixels + depth * grain[:, :, None] + tint * hue) * light[:, :, None]
    made: NDArray[np.uint8] = np.clip(textured, 0, 255).astype(np.uint8)
    return made


def _ground(sketch: Sketch, paint: Paint) -> None:
    wall = sketch.tone(40, 220)
    sketch.box((0, 0, sketch.wide, 1), paint)
    if sketch.horizon > 0:
        sketch.box((0, 0, sketch.wide, sketch.horizon), wall)


def _paved(sketch: Sketch, base: Paint) -> None:
    """Draw the joints of a paved ground in perspective."""
    rng = sketch.rng
    joint = tuple(int(v * rng.uniform(0.75, 0.95)) for v in base)
    rows, vanishing = int(rng.integers(4, 26)), rng.uniform(-0.3, 1.3) * sketch.wide
    start = max(sketch.horizon, -0.3)
    tilt = float(rng.normal(0.0, 0.05))
    for row in range(1, rows):
        y = start + (1.0 - start) * (row / rows) ** 1.6
        sketch.line((0, y - tilt, sketch.wide, y + tilt), joint, 0.005)  # type: ignore[arg-type]
    if rng.random() < 0.6:
        for end in np.arange(-3.0, 4.0, rng.uniform(0.12, 0.5)):
            sketch.line((vanishing, start - 1.0, float(end), 1.0), joint, 0.005)  # type: ignore[arg-type]


def _lanes(sketch: Sketch) -> None:
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


def _things(sketch: Sketch, count: tuple[int, int]) -> None:
    """Let things stand about: poles, bushes, bicycles, boxes, cars, people far away."""
    rng = sketch.rng
    for _ in range(int(rng.integers(*count))):
        x = float(rng.uniform(-0.1, 1.1) * sketch.wide)
        foot = float(max(sketch.horizon, 0.0) + rng.uniform(-0.02, 0.5) * (1.0 - sketch.horizon))
        kind, paint = int(rng.integers(7)), sketch.tone(20, 200, 0.35)
        if kind == 0:
            _bush(sketch, x, foot)
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


def _bush(sketch: Sketch, x: float, foot: float) -> None:
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


def _street(sketch: Sketch) -> None:
    base = sketch.tone(80, 205, 0.12)
    _ground(sketch, base)
    if sketch.rng.random() < 0.65:
        _paved(sketch, base)
    _lanes(sketch)
    if sketch.horizon > 0.05:
        _windows(sketch, sketch.horizon)
    _things(sketch, (0, 9))


def _windows(sketch: Sketch, foot: float) -> None:
    rng, x = sketch.rng, 0.0
    while x < sketch.wide:
        width = float(rng.uniform(0.05, 0.3))
        sketch.box((x, -0.1, x + width, foot * float(rng.uniform(0.6, 1.0))), sketch.tone(20, 210))
        x += width + float(rng.uniform(0.01, 0.2))


def _grass(sketch: Sketch) -> None:
    rng = sketch.rng
    green = np.array((98, 122, 70)) * rng.uniform(0.6, 1.35) * rng.normal(1.0, 0.1, 3)
    red, green_, blue = (int(v) for v in np.clip(green, 0, 255))
    _ground(sketch, (red, green_, blue))
    if rng.random() < 0.5:
        _lanes(sketch)
    for _ in range(int(rng.integers(0, 6))):
        _bush(sketch, float(rng.uniform(0, sketch.wide)), float(rng.uniform(0, 0.6)))
    _things(sketch, (0, 5))


def _clutter(sketch: Sketch) -> None:
    """Heap shapes of all sizes on each other, as things cover things in a photo."""
    rng = sketch.rng
    sketch.box((0, 0, sketch.wide, 1), sketch.tone())
    count = int(rng.integers(40, 160))
    sizes = 0.5 / (1.0 + rng.exponential(6.0, count))
    columns, rows = rng.uniform(-0.1, 1.1, count) * sketch.wide, rng.random(count)
    for x, y, size in zip(columns, rows, sizes, strict=True):
        flat = size * rng.uniform(0.3, 1.6)
        box = (float(x - size), float(y - flat), float(x + size), float(y + flat))
        if rng.random() < 0.6:
            sketch.box(box, sketch.tone(15, 235, 0.3))
        else:
            sketch.round(box, sketch.tone(15, 235, 0.3))


def _noise(sketch: Sketch) -> None:
    """Fill with noise of two colours, without any shape."""
    width, height = sketch.picture.size
    field = fractal(sketch.rng, (height, width), salt=sketch.ranges.salt, falls=(3, 6))
    share = np.clip(0.5 + 0.35 * field, 0, 1)[:, :, None]
    one, two = (np.array(sketch.tone(40, 215, 0.3)) for _ in range(2))
    sketch.picture = Image.fromarray((one * share + two * (1 - share)).astype(np.uint8))


def _plain(sketch: Sketch) -> None:
    _ground(sketch, sketch.tone(50, 230, 0.15))


def _facade(sketch: Sketch) -> None:
    """A wall close behind: bricks, panels, shutters, a door or a poster."""
    rng, wall = sketch.rng, sketch.tone(60, 215, 0.25)
    foot = float(rng.uniform(0.72, 1.05))
    sketch.box((0, 0, sketch.wide, 1), sketch.tone(70, 190, 0.1))
    sketch.box((0, 0, sketch.wide, foot), wall)
    high = float(rng.uniform(0.03, 0.22))
    joint = tuple(int(v * rng.uniform(0.7, 1.2)) % 256 for v in wall)
    for row in range(int(foot / high) + 1):
        sketch.line((0, row * high, sketch.wide, row * high), joint, 0.006)  # type: ignore[arg-type]
        for x in np.arange((row % 2) * high, sketch.wide, rng.choice((2.0, 2.2)) * high):
            sketch.line((float(x), row * high, float(x), (row + 1) * high), joint, 0.006)  # type: ignore[arg-type]
    for _ in range(int(rng.integers(0, 5))):
        x, y, w, h = rng.random(4) * (sketch.wide, 0.6, 0.5, 0.7)
        sketch.box(
            (float(x), float(y), float(x + w), min(float(y + h), foot)), sketch.tone(15, 235, 0.4)
        )


def _hall(sketch: Sketch) -> None:
    """A hall: a glossy floor of large square tiles, pillars, lamps and arches."""
    rng, base = sketch.rng, sketch.tone(120, 235, 0.2)
    _ground(sketch, base)
    for x in np.arange(0.0, sketch.wide, rng.uniform(0.3, 0.6)):
        wide = float(rng.uniform(0.04, 0.16))
        sketch.box(
            (float(x), 0.0, float(x) + wide, max(sketch.horizon, 0.1) + 0.1),
            sketch.tone(60, 235, 0.3),
        )
        shine = tuple(int(min(v * 1.12, 255)) for v in base)
        sketch.box((float(x), max(sketch.horizon, 0.1) + 0.1, float(x) + wide, 1.0), shine)  # type: ignore[arg-type]
    for _ in range(int(rng.integers(2, 8))):
        x, y, r = rng.random(3) * (sketch.wide, 0.6, 0.3)
        sketch.round(
            (float(x - r), float(y - r), float(x + r), float(y + r)),
            sketch.tone(30, 240, 0.4),
            0.03,
        )


def _rubble(sketch: Sketch) -> None:
    """Ground of many-sided stones, without a horizon."""
    rng = sketch.rng
    sketch.box((0, 0, sketch.wide, 1), sketch.tone(30, 90, 0.2))
    tint = np.array(sketch.tone(90, 220, 0.4))
    for _ in range(int(rng.integers(120, 300))):
        x, y, r = rng.uniform(0, sketch.wide), rng.random(), rng.uniform(0.02, 0.09)
        turns = np.sort(rng.uniform(0, 2 * np.pi, 6))
        corners = [(x + r * np.cos(turn), y + 0.7 * r * np.sin(turn)) for turn in turns]
        flat = sketch.scaled(tuple(float(v) for corner in corners for v in corner))
        red, green, blue = np.clip(tint * rng.uniform(0.5, 1.2), 0, 255).astype(int)
        sketch.draw.polygon(list(zip(flat[::2], flat[1::2], strict=True)), fill=(red, green, blue))


def _bars(sketch: Sketch) -> None:
    """Upright bars of all colours, as of shelves, curtains and containers."""
    x = 0.0
    while x < sketch.wide:
        width = float(0.01 + sketch.rng.exponential(0.07))
        sketch.box((x, 0, x + width, 1), sketch.tone(20, 235, 0.55))
        x += width
    foot = float(sketch.rng.uniform(0.55, 1.0))
    sketch.box((0, foot, sketch.wide, 1), sketch.tone(60, 220, 0.2))


def _water(sketch: Sketch) -> None:
    """Level waves of noise, as of water, sand and snow."""
    width, height = sketch.picture.size
    field = fractal(sketch.rng, (height, max(width // 6, 8)), salt=sketch.ranges.salt, falls=(2, 5))
    wide = np.asarray(Image.fromarray(field).resize((width, height), Image.Resampling.BILINEAR))
    share = np.clip(0.5 + 0.4 * wide, 0, 1)[:, :, None]
    one, two = (np.array(sketch.tone(60, 245, 0.3)) for _ in range(2))
    sketch.picture = Image.fromarray((one * share + two * (1 - share)).astype(np.uint8))


KINDS: Final[dict[str, Callable[[Sketch], None]]] = {
    "street": _street,
    "grass": _grass,
    "clutter": _clutter,
    "noise": _noise,
    "plain": _plain,
    "facade": _facade,
    "hall": _hall,
    "rubble": _rubble,
    "bars": _bars,
    "water": _water,
}
