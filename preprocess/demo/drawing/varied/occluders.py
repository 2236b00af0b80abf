"""What stands before people in the varied worlds, and shadows that fall on them.

Convention: canvases are float32 (height, width, 3) on the fine grid, changed in place.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from preprocess.demo.drawing.scenes import Reals
from preprocess.demo.drawing.varied.noise import fractal
from preprocess.demo.drawing.varied.ranges import Ranges
from preprocess.demo.drawing.varied.swatches import tone

Marks = NDArray[np.bool_]


def cover(canvas: Reals, rng: np.random.Generator, ranges: Ranges) -> Marks:
    """Put something before the person; return what it covers, bool (height, width)."""
    height, width = canvas.shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float32) / height
    wide, kind = width / height, int(rng.integers(5))
    if kind == 0:  # a pole
        at, slant = rng.uniform(0.0, wide), rng.normal(0.0, 0.04)
        covered = np.abs(x - at - slant * y) < rng.uniform(0.008, 0.035)
    elif kind == 1:  # a wall, a car or a bench before the legs
        covered = y > rng.uniform(0.62, 0.92) + rng.normal(0.0, 0.08) * (x - 0.5 * wide)
    elif kind == 2:  # something at one edge
        edge, left = rng.uniform(0.03, 0.14), rng.random() < 0.5
        covered = (x < edge) if left else (x > wide - edge)
        covered &= y > rng.uniform(-0.5, 0.6)
    elif kind == 3:  # leaves
        field = fractal(rng, (height, width), salt=ranges.salt, falls=(2, 5))
        away = np.hypot(x - rng.uniform(0, wide), y - rng.choice((0.05, 0.95)))
        covered = field - 9.0 * (away - rng.uniform(0.08, 0.25)) > 0.6
    else:  # a bin, a bollard, a box on the ground
        at, half, top = rng.uniform(0, wide), rng.uniform(0.03, 0.14), rng.uniform(0.6, 0.9)
        covered = (np.abs(x - at) < half) & (y > top) & (y < top + rng.uniform(0.15, 0.5))
    paint = 0.8 * tone(rng, ranges)
    grain = 1.0 + 0.14 * fractal(rng, (height, width), salt=ranges.salt, falls=(1, 5))
    canvas[covered] = np.clip(paint * grain[covered][:, None], 0, 255)
    return np.asarray(covered, dtype=np.bool_)


def shadow(canvas: Reals, rng: np.random.Generator, ranges: Ranges) -> None:
    """Let the shadow of something fall over the picture: a soft edge, or dapples."""
    height, width = canvas.shape[:2]
    depth = np.float32(rng.uniform(0.2, 0.6))
    if rng.random() < 0.5:
        y, x = np.mgrid[:height, :width].astype(np.float32) / height
        turn = rng.uniform(0.0, 2.0 * np.pi)
        away = (x - 0.25) * np.cos(turn) + (y - 0.5) * np.sin(turn) + rng.uniform(-0.3, 0.3)
        dark = 1.0 / (1.0 + np.exp(-np.clip(away * rng.uniform(12.0, 90.0), -30, 30)))
    else:
        field = fractal(rng, (height, width), salt=ranges.salt, falls=(3, 6))
        dark = 1.0 / (1.0 + np.exp(-rng.uniform(2.0, 8.0) * (field - rng.uniform(-0.4, 0.8))))
    canvas *= (1.0 - depth * dark)[:, :, None].astype(np.float32)
