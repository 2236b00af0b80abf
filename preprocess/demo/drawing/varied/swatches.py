"""Swatches: cloth as small pictures that are wrapped around trunk and limbs.

Convention:
    A swatch is float32 (side, side, 3), RGB from 0 to 255, and covers 1.9 torso lengths along each
    side, once around a trunk of middle girth; the middle of the front is in its middle, the neck
    near its upper edge. It repeats.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from preprocess.demo.drawing.scenes import Reals
from preprocess.demo.drawing.varied.noise import fractal
from preprocess.demo.drawing.varied.ranges import Ranges

SIDE: Final = 160
"""Of a swatch for pictures of 128 pixels' height; larger pictures have finer ones."""
REACH: Final = 1.9
NECK: Final = 0.15
"""Torso lengths, and where on the swatch the neck is."""
MUTED: Final = (
    (30, 30, 34), (44, 44, 50), (228, 227, 223), (206, 204, 200), (128, 128, 130),
    (88, 90, 96), (36, 44, 74), (64, 80, 118), (60, 52, 46), (170, 166, 158),
)  # fmt: skip
LETTERS: Final = "ABCDEFGHKLMNRSTUVXYZ0123456789"


def tone(rng: np.random.Generator, ranges: Ranges) -> Reals:
    """Draw a colour of cloth, float32 (3,)."""
    known = MUTED if rng.random() < ranges.muted else ranges.colours
    colour = np.array(known[int(rng.integers(len(known)))], dtype=np.float32)
    varied = colour * rng.uniform(0.75, 1.2) + rng.normal(0.0, 9.0, 3)
    return np.clip(varied, 10, 246).astype(np.float32)


def swatch(rng: np.random.Generator, ranges: Ranges, kind: str, scale: float = 1.0) -> Reals:
    """Draw a swatch.

    Args:
        rng: Where chance comes from.
        ranges: The world's colours and textures.
        kind: One of :data:`CLOTHS`.
        scale: Height of the pictures over 128.
    """
    side = round(SIDE * max(scale, 1.0))
    base = np.broadcast_to(tone(rng, ranges), (side, side, 3)).copy()
    made = CLOTHS[kind](rng, ranges, base)
    weave = fractal(rng, (side, side), salt=ranges.salt, falls=(0, 4))
    depth = np.float32(rng.uniform(*ranges.grain))
    return np.clip(made * (1.0 + depth * weave[:, :, None]), 4, 252).astype(np.float32)


def _places(base: Reals) -> tuple[Reals, Reals]:
    """Torso lengths to the left of the middle and down from the upper edge, (1, n) and (n, 1)."""
    steps = (np.arange(len(base), dtype=np.float32) + 0.5) / len(base) * REACH
    across: Reals = (steps[None, :] - 0.5 * REACH).astype(np.float32)
    return across, steps[:, None].astype(np.float32)


def _painted(base: Reals, where: NDArray[Any], colour: Reals) -> Reals:
    """Paint over a swatch where, or as far as, something holds; (side, side)."""
    share = where.astype(np.float32)[:, :, None]
    painted: Reals = base * (1.0 - share) + colour * share
    return painted


def _plain(rng: np.random.Generator, ranges: Ranges, base: Reals) -> Reals:
    return base


def _stripes(rng: np.random.Generator, ranges: Ranges, base: Reals) -> Reals:
    across, down = _places(base)
    along = (across if rng.random() < 0.3 else down) + 0.0 * (across + down)
    period = rng.uniform(0.07, 0.34)
    for number in range(int(rng.integers(1, 3))):
        wide, shift = rng.uniform(0.15, 0.55) / (1 + number), rng.random()
        base = _painted(base, np.mod(along / period + shift, 1.0) < wide, tone(rng, ranges))
    return base


def _plaid(rng: np.random.Generator, ranges: Ranges, base: Reals) -> Reals:
    across, down = _places(base)
    period = rng.uniform(0.09, 0.3)
    for number in range(int(rng.integers(2, 5))):
        along = across + 0.0 * down if number % 2 else down + 0.0 * across
        band = np.mod(along / period + rng.random(), 1.0) < rng.uniform(0.12, 0.5)
        base = _painted(base, 0.5 * band, tone(rng, ranges))
    return base


def _camouflage(rng: np.random.Generator, ranges: Ranges, base: Reals) -> Reals:
    for _ in range(int(rng.integers(2, 4))):
        field = fractal(rng, base.shape[:2], salt=ranges.salt, falls=(3, 5))
        base = _painted(base, field > rng.uniform(0.2, 0.9), tone(rng, ranges))
    return base


def _mottled(rng: np.random.Generator, ranges: Ranges, base: Reals) -> Reals:
    field = fractal(rng, base.shape[:2], salt=ranges.salt, falls=(0, 5))
    share = np.clip(0.5 + rng.uniform(0.1, 0.5) * field, 0.0, 1.0)
    return _painted(base, share, tone(rng, ranges))


def _gradient(rng: np.random.Generator, ranges: Ranges, base: Reals) -> Reals:
    across, down = _places(base)
    share = np.clip((down - rng.uniform(0.1, 0.6)) / rng.uniform(0.2, 0.9), 0.0, 1.0)
    return _painted(base, share + 0.0 * across, tone(rng, ranges))


def _scattered(
    rng: np.random.Generator, ranges: Ranges, base: Reals, count: int, size: tuple[float, float]
) -> Reals:
    """Scatter shapes over a swatch."""
    picture = Image.fromarray(base.astype(np.uint8))
    draw, side = ImageDraw.Draw(picture), len(base)
    paints = [tuple(int(v) for v in tone(rng, ranges)) for _ in range(4)]
    places = rng.random((2, count)) * side
    for x, y, r in zip(*places, rng.uniform(*size, count) * side, strict=True):
        box = (x - r, y - r * rng.uniform(0.5, 1.0), x + r, y + r)
        paint = paints[int(rng.integers(4))]
        if rng.random() < 0.7:
            draw.ellipse(box, fill=paint)
        else:
            draw.rectangle(box, fill=paint)
    return np.asarray(picture, dtype=np.float32)


def _flowers(rng: np.random.Generator, ranges: Ranges, base: Reals) -> Reals:
    return _scattered(rng, ranges, base, int(rng.integers(60, 240)), (0.006, 0.026))


def _leaves(rng: np.random.Generator, ranges: Ranges, base: Reals) -> Reals:
    return _scattered(rng, ranges, base, int(rng.integers(30, 90)), (0.02, 0.13))


def _printed(rng: np.random.Generator, ranges: Ranges, base: Reals, box: Reals) -> Reals:
    """Print a word or a picture into a box of (left, top, right, bottom), shares of the side."""
    side = len(base)
    left, top, right, bottom = (round(float(v) * side) for v in box)
    size = (max(right - left, 4), max(bottom - top, 4))
    if rng.random() < 0.5:
        label = Image.new("RGB", (7 * int(rng.integers(2, 7)), 12 * int(rng.integers(1, 4))))
        label.paste(tuple(int(v) for v in base[0, 0]), (0, 0, *label.size))
        draw, paint = ImageDraw.Draw(label), tuple(int(v) for v in tone(rng, ranges))
        for line in range(0, label.size[1], 12):
            word = "".join(rng.choice(list(LETTERS), label.size[0] // 7))
            draw.text((0, line), word, fill=paint)
        print_ = label.resize(size, Image.Resampling.BILINEAR)
    else:
        patch = np.broadcast_to(tone(rng, ranges), (32, 32, 3)).copy()
        patch = _scattered(rng, ranges, patch, int(rng.integers(2, 9)), (0.08, 0.4))
        print_ = Image.fromarray(patch.astype(np.uint8)).resize(size, Image.Resampling.BILINEAR)
    base[top : top + size[1], left : left + size[0]] = np.asarray(print_, dtype=np.float32)[
        : side - top, : side - left
    ]
    return base


def _logo(rng: np.random.Generator, ranges: Ranges, base: Reals) -> Reals:
    wide, high, middle = rng.uniform(0.05, 0.17), rng.uniform(0.05, 0.16), rng.uniform(0.22, 0.34)
    box = np.array((0.5 - wide / 2, middle - high / 2, 0.5 + wide / 2, middle + high / 2))
    if rng.random() < 0.3:  # on the heart side only
        box = box + np.array((0.06, -0.04, 0.02, -0.08))
    return _printed(rng, ranges, base, box)


def _poster(rng: np.random.Generator, ranges: Ranges, base: Reals) -> Reals:
    """Print on the front and on the back, large."""
    for middle in (0.5, 0.08):
        wide, high = rng.uniform(0.10, 0.16), rng.uniform(0.16, 0.30)
        box = np.array((middle - wide / 2, 0.16, middle + wide / 2, 0.16 + high))
        base = _printed(rng, ranges, base, box)
    return base


def _dots(rng: np.random.Generator, ranges: Ranges, base: Reals) -> Reals:
    across, down = _places(base)
    period = rng.uniform(0.08, 0.22)
    row = np.floor(down / period)
    x, y = np.mod(across / period + 0.5 * row, 1.0) - 0.5, np.mod(down / period, 1.0) - 0.5
    return _painted(base, np.hypot(x, y) < rng.uniform(0.2, 0.4), tone(rng, ranges))


def _diagonal(rng: np.random.Generator, ranges: Ranges, base: Reals) -> Reals:
    across, down = _places(base)
    along = (across + rng.choice((-1.0, 1.0)) * down) / rng.uniform(0.1, 0.4)
    return _painted(base, np.mod(along, 1.0) < rng.uniform(0.25, 0.6), tone(rng, ranges))


def _zigzag(rng: np.random.Generator, ranges: Ranges, base: Reals) -> Reals:
    across, down = _places(base)
    period = rng.uniform(0.1, 0.3)
    bent = down + np.abs(np.mod(across / period, 1.0) - 0.5) * rng.uniform(0.1, 0.3)
    return _painted(base, np.mod(bent / period, 1.0) < 0.5, tone(rng, ranges))


def _blocks(rng: np.random.Generator, ranges: Ranges, base: Reals) -> Reals:
    across, down = _places(base)
    edge = rng.uniform(0.3, 0.8)
    base = _painted(base, (down > edge) & (across > -9.0), tone(rng, ranges))
    split = rng.uniform(-0.15, 0.15)
    return _painted(base, (across > split) & (down < edge), tone(rng, ranges))


def _rings(rng: np.random.Generator, ranges: Ranges, base: Reals) -> Reals:
    across, down = _places(base)
    away = np.hypot(across, down - rng.uniform(0.3, 0.7))
    wobble = fractal(rng, base.shape[:2], salt=ranges.salt, falls=(3, 5))
    wave = np.sin(away * rng.uniform(20.0, 60.0) + 0.8 * wobble)
    return _painted(base, 0.5 + 0.5 * wave, tone(rng, ranges))


CLOTHS: Final[dict[str, Callable[[np.random.Generator, Ranges, Reals], Reals]]] = {
    "plain": _plain,
    "stripes": _stripes,
    "plaid": _plaid,
    "camouflage": _camouflage,
    "mottled": _mottled,
    "gradient": _gradient,
    "flowers": _flowers,
    "leaves": _leaves,
    "logo": _logo,
    "poster": _poster,
    "dots": _dots,
    "diagonal": _diagonal,
    "zigzag": _zigzag,
    "blocks": _blocks,
    "rings": _rings,
}
