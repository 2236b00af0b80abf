"""Places of the varied worlds: what stands behind people.

Convention:
    A place is RGB, uint8 (height, width, 3), on the fine grid, larger than what one picture shows
    of it. Lengths are shares of its height, so places of any size look alike.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from preprocess.demo.drawing.scenes import Reals
from preprocess.demo.drawing.varied.chance import between, low, one_of
from preprocess.demo.drawing.varied.noise import fractal
from preprocess.demo.drawing.varied.ranges import Ranges
from preprocess.demo.drawing.varied.things import (
    Sketch,
    bush,
    ground,
    lanes,
    paved,
    shaded,
    things,
    windows,
)


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


def _street(sketch: Sketch) -> None:
    base = sketch.tone(80, 205, 0.12)
    ground(sketch, base)
    if sketch.rng.random() < 0.65:
        paved(sketch, base)
    lanes(sketch)
    if sketch.horizon > 0.05:
        windows(sketch, sketch.horizon)
    things(sketch, (0, 9))


def _grass(sketch: Sketch) -> None:
    rng = sketch.rng
    green = np.array((98, 122, 70)) * rng.uniform(0.6, 1.35) * rng.normal(1.0, 0.1, 3)
    red, green_, blue = (int(v) for v in np.clip(green, 0, 255))
    ground(sketch, (red, green_, blue))
    if rng.random() < 0.5:
        lanes(sketch)
    for _ in range(int(rng.integers(0, 6))):
        bush(sketch, float(rng.uniform(0, sketch.wide)), float(rng.uniform(0, 0.6)))
    things(sketch, (0, 5))


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
    ground(sketch, sketch.tone(50, 230, 0.15))


def _facade(sketch: Sketch) -> None:
    """A wall close behind: bricks, panels, shutters, a door or a poster."""
    rng, wall = sketch.rng, sketch.tone(60, 215, 0.25)
    foot = float(rng.uniform(0.72, 1.05))
    sketch.box((0, 0, sketch.wide, 1), sketch.tone(70, 190, 0.1))
    sketch.box((0, 0, sketch.wide, foot), wall)
    high = float(rng.uniform(0.03, 0.22))
    joint = shaded(wall, float(rng.uniform(0.7, 1.2)))
    for row in range(int(foot / high) + 1):
        sketch.line((0, row * high, sketch.wide, row * high), joint, 0.006)
        for x in np.arange((row % 2) * high, sketch.wide, rng.choice((2.0, 2.2)) * high):
            sketch.line((float(x), row * high, float(x), (row + 1) * high), joint, 0.006)
    for _ in range(int(rng.integers(0, 5))):
        x, y, w, h = rng.random(4) * (sketch.wide, 0.6, 0.5, 0.7)
        sketch.box(
            (float(x), float(y), float(x + w), min(float(y + h), foot)), sketch.tone(15, 235, 0.4)
        )


def _hall(sketch: Sketch) -> None:
    """A hall: a glossy floor of large square tiles, pillars, lamps and arches."""
    rng, base = sketch.rng, sketch.tone(120, 235, 0.2)
    ground(sketch, base)
    for x in np.arange(0.0, sketch.wide, rng.uniform(0.3, 0.6)):
        wide = float(rng.uniform(0.04, 0.16))
        sketch.box(
            (float(x), 0.0, float(x) + wide, max(sketch.horizon, 0.1) + 0.1),
            sketch.tone(60, 235, 0.3),
        )
        shine = shaded(base, 1.12)
        sketch.box((float(x), max(sketch.horizon, 0.1) + 0.1, float(x) + wide, 1.0), shine)
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
