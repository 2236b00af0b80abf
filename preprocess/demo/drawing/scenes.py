"""Scenes: the place that each camera looks at, drawn once and cut out again and again.

Convention:
    A scene is an RGB picture, uint8 (height, width, 3), on the fine grid in which
    a crop is drawn before it is reduced.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

Reals = NDArray[np.float32]
Places = Any
Paint = tuple[int, ...]
SCENE_HEIGHT, SCENE_WIDTH = 420, 1200
GROUNDS = {
    "paving": (158, 154, 148),
    "asphalt": (112, 113, 117),
    "concrete": (180, 177, 170),
    "bricks": (150, 124, 110),
    "grass": (104, 128, 78),
}
GROUND_SHARES = (0.34, 0.20, 0.20, 0.12, 0.14)
WALLS = ((188, 178, 160), (150, 110, 92), (120, 128, 136), (206, 204, 198), (92, 104, 92))


class Pen:
    """Draws into a picture of ``scale`` times the usual size, in the usual coordinates."""

    def __init__(self, picture: Image.Image, scale: float) -> None:
        self._draw, self._scale = ImageDraw.Draw(picture), scale

    def line(self, ends: Places, fill: Paint, width: float) -> None:
        """Draw a line through places."""
        self._draw.line(self._scaled(ends), fill=fill, width=round(width * self._scale))

    def rectangle(self, box: Places, fill: Paint) -> None:
        """Fill a rectangle."""
        self._draw.rectangle(self._scaled(box), fill=fill)

    def polygon(self, corners: Places, fill: Paint) -> None:
        """Fill a polygon."""
        self._draw.polygon(self._scaled(corners), fill=fill)

    def ellipse(
        self, box: Places, fill: Paint | None = None, outline: Paint | None = None, width: float = 1
    ) -> None:
        """Fill an ellipse, or draw its line."""
        line = round(width * self._scale)
        self._draw.ellipse(self._scaled(box), fill=fill, outline=outline, width=line)

    def _scaled(self, places: Places) -> Any:
        if self._scale == 1.0:
            return places
        return [float(value) * self._scale for value in np.asarray(places).ravel()]


def scene(rng: np.random.Generator, scale: float = 1.0) -> NDArray[np.uint8]:
    """Draw a place: ground with its lines, and things that stand at its far edge.

    Args:
        rng: Where chance comes from.
        scale: Factor on its size; shapes and textures are drawn in that size, not enlarged.
    """
    names = list(GROUNDS)
    ground = names[int(rng.choice(len(names), p=GROUND_SHARES))]
    horizon = int(rng.uniform(0.02, 0.30) * SCENE_HEIGHT)
    size = (round(SCENE_HEIGHT * scale), round(SCENE_WIDTH * scale))
    picture = Image.new("RGB", (size[1], size[0]), GROUNDS[ground])
    draw = Pen(picture, scale)
    _draw_ground(draw, rng, ground, horizon)
    _draw_wall(draw, rng, horizon)
    _draw_things(draw, rng, horizon)
    picture = picture.filter(ImageFilter.GaussianBlur(1.6))
    texture = _texture(rng, 26.0 if ground == "grass" else 9.0, size)
    fade = np.linspace(1.06, 0.96, size[0], dtype=np.float32)[:, None, None]
    pixels: NDArray[np.uint8] = np.clip(
        np.asarray(picture, dtype=np.float32) * fade + texture, 0, 255
    ).astype(np.uint8)
    return pixels


def _draw_ground(draw: Pen, rng: np.random.Generator, ground: str, horizon: int) -> None:
    base = np.array(GROUNDS[ground])
    joint = tuple(int(value) for value in base * 0.84)
    vanishing = rng.uniform(0.2, 0.8) * SCENE_WIDTH
    if ground != "grass":
        rows = 40 if ground == "bricks" else 15
        for row in range(1, rows):
            y = horizon + (SCENE_HEIGHT - horizon) * (row / rows) ** 1.6
            draw.line((0, y, SCENE_WIDTH, y), fill=joint, width=2)
        if ground in ("paving", "bricks"):
            for end in range(-2400, 3600, 90):
                draw.line((vanishing, horizon - 500, end, SCENE_HEIGHT), fill=joint, width=2)
    for _ in range(int(rng.integers(1, 4))):  # a road's edge, a lawn, a lane of another colour
        other = list(GROUNDS.values())[int(rng.integers(len(GROUNDS)))]
        x = rng.uniform(-0.3, 1.0) * SCENE_WIDTH
        width = rng.uniform(150, 420)
        slant = rng.uniform(-260, 260)
        foot = x + slant
        corners = [(x, horizon), (x + 0.6 * width, horizon)]
        corners += [(foot + width, SCENE_HEIGHT), (foot, SCENE_HEIGHT)]
        draw.polygon(corners, fill=other)
        edge = (206, 204, 198) if rng.random() < 0.6 else joint
        draw.line((corners[0], corners[3]), fill=edge, width=int(rng.integers(3, 9)))
    for _ in range(int(rng.integers(3, 9))):  # shadows of trees
        x, y = rng.uniform(0, SCENE_WIDTH), rng.uniform(horizon, SCENE_HEIGHT)
        w, h = rng.uniform(50, 220), rng.uniform(10, 46)
        shade = tuple(int(value) for value in base * rng.uniform(0.70, 0.88))
        draw.ellipse((x - w, y - h, x + w, y + h), fill=shade)


def _draw_wall(draw: Pen, rng: np.random.Generator, horizon: int) -> None:
    wall = np.array(WALLS[int(rng.integers(len(WALLS)))])
    draw.rectangle((0, 0, SCENE_WIDTH, horizon), fill=tuple(int(value) for value in wall))
    x = 0.0
    while x < SCENE_WIDTH:
        width = rng.uniform(30, 110)
        tone = wall * rng.uniform(0.45, 1.15)
        draw.rectangle((x, 0, x + width, horizon), fill=tuple(int(min(v, 255)) for v in tone))
        x += width + rng.uniform(5, 70)
    draw.line((0, horizon, SCENE_WIDTH, horizon), fill=(70, 68, 64), width=4)


def _draw_things(draw: Pen, rng: np.random.Generator, horizon: int) -> None:
    for _ in range(int(rng.integers(10, 26))):
        x = float(rng.uniform(0, SCENE_WIDTH))
        foot = float(horizon + rng.uniform(0.0, 0.45) * (SCENE_HEIGHT - horizon))
        kind = int(rng.integers(4))
        if kind == 0:  # a bush
            for _ in range(12):
                green = tuple(int(v) for v in np.array((58, 84, 48)) * rng.uniform(0.6, 1.4))
                dx, dy, r = rng.normal(0, 26), rng.normal(0, 14), rng.uniform(8, 24)
                draw.ellipse((x + dx - r, foot + dy - r, x + dx + r, foot + dy + r), fill=green)
        elif kind == 1:  # a pole or a trunk
            tone = int(rng.uniform(50, 150))
            width = rng.uniform(3, 14)
            draw.rectangle((x, 0, x + width, foot), fill=(tone, tone - 6, tone - 14))
        elif kind == 2:  # a parked bicycle
            _draw_bicycle(draw, x, foot, float(rng.uniform(18, 30)), int(rng.uniform(30, 90)))
        else:  # a box, a bench, a bin, a car's corner
            paint = rng.uniform(40, 220, 3)
            width, height = rng.uniform(20, 130), rng.uniform(18, 60)
            fill = tuple(int(v) for v in 0.3 * paint + 0.7 * paint.mean())
            draw.rectangle((x, foot - height, x + width, foot), fill=fill)
            dark = tuple(int(v * 0.6) for v in fill)
            draw.rectangle((x, foot - 0.3 * height, x + width, foot), fill=dark)


def _draw_bicycle(draw: Pen, x: float, foot: float, radius: float, tone: int) -> None:
    colour = (tone, tone, tone + 6)
    for hub in (x, x + 2.4 * radius):
        box = (hub - radius, foot - 2 * radius, hub + radius, foot)
        draw.ellipse(box, outline=colour, width=4)
    y = foot - radius
    frame = ((x, y), (x + 0.8 * radius, y - 1.1 * radius), (x + 1.2 * radius, y))
    draw.line(
        (*frame, (x + 2.0 * radius, y - 1.2 * radius), (x + 2.4 * radius, y)), fill=colour, width=4
    )


def _texture(rng: np.random.Generator, strength: float, shape: tuple[int, int]) -> Reals:
    """Draw grain and blotches of brightness, float32 (height, width, 1)."""
    fine = rng.standard_normal((shape[0] // 2, shape[1] // 2)).astype(np.float32)
    coarse = rng.standard_normal((SCENE_HEIGHT // 40, SCENE_WIDTH // 40)).astype(np.float32)
    size = (shape[1], shape[0])
    grain = np.asarray(Image.fromarray(fine).resize(size, Image.Resampling.BILINEAR))
    blotches = np.asarray(Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC))
    texture: Reals = (0.7 * strength * grain + 0.8 * strength * blotches).astype(np.float32)
    return texture[:, :, None]
