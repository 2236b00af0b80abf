"""Cameras of the varied worlds: light, optics, sensor and compression of real ones.

Convention:
    Pictures are RGB, float32 from 0 to 255. A camera takes a picture at a resolution of its own
    and the picture is then brought to the size of the data set, as boxes of a large frame are.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from preprocess.demo.drawing.cameras import MID_GREY, Camera, Picture, decoded, jpeg
from preprocess.demo.drawing.scenes import Reals
from preprocess.demo.drawing.shading import Light
from preprocess.demo.drawing.varied.chance import between, low
from preprocess.demo.drawing.varied.places import place
from preprocess.demo.drawing.varied.ranges import Ranges

CAMERA_STREAM, PLACE_STREAM = 22, 23
PLACE_HEIGHT: Final = 360
"""Of a place on the fine grid, for pictures of 128 pixels' height."""
SITES: Final = 40
"""How many sets of six cameras there are."""
LEAST_WIDTH: Final = 0.83
"""Of a place, over its height; places of pictures wider than this are wider."""
FILTERS: Final = (
    Image.Resampling.BILINEAR,
    Image.Resampling.BICUBIC,
    Image.Resampling.LANCZOS,
    Image.Resampling.HAMMING,
)


@dataclass(frozen=True, kw_only=True)
class Sensor(Camera):
    """A camera with the faults of real ones; lengths in pixels of its own.

    Attributes:
        gamma: Exponent of its brightness curve.
        haze: How much of grey lies over the picture, 0 to 1.
        motion: Length of its motion blur.
        resolution: Its own pixels to one of the picture, along each side.
        blocks: Quality of the JPEG in the camera.
        halo: Strength of its sharpening.
    """

    gamma: float
    haze: float
    motion: float
    resolution: float
    blocks: int
    halo: float

    def taken(self, canvas: Reals, size: tuple[int, int], rng: np.random.Generator) -> Picture:
        """Return what becomes of a picture.

        Args:
            canvas: float32 (height, width, 3) in the camera's own pixels.
            size: (height, width) of the picture that is asked for.
            rng: For noise, and for what differs from picture to picture.
        """
        picture = _moved(canvas, self.motion * rng.random(), horizontal=rng.random() < 0.75)
        picture = self._developed(_defocused(picture, self.blur_px * rng.uniform(0.6, 1.4)), rng)
        picture = picture + self._noise(picture.shape[:2], rng)
        sharp = picture + self.halo * (picture - _defocused(picture, 1.2))
        pixels: Picture = np.clip(sharp, 0, 255).astype(np.uint8)
        pixels = decoded(jpeg(pixels, int(np.clip(self.blocks + rng.integers(-8, 9), 20, 96))))
        if pixels.shape[:2] == size:
            return pixels
        way = FILTERS[int(rng.integers(len(FILTERS)))]
        return np.array(Image.fromarray(pixels).resize((size[1], size[0]), way))

    def _developed(self, picture: Reals, rng: np.random.Generator) -> Reals:
        gain = np.array(self.gain, dtype=np.float32) * np.float32(rng.normal(1.0, 0.05))
        lit = np.clip(picture * gain, 0.0, 400.0) / 255.0
        lit /= 1.0 + np.maximum(lit - 0.9, 0.0)  # bright parts burn out softly
        curved = 255.0 * lit ** np.float32(self.gamma)
        hazy = curved * (1.0 - self.haze) + self.haze * 190.0
        developed = (hazy - MID_GREY) * self.contrast + MID_GREY
        return np.asarray(developed, dtype=np.float32)

    def _noise(self, shape: tuple[int, ...], rng: np.random.Generator) -> Reals:
        """Fine grey noise and blotches of colour."""
        fine = rng.standard_normal((shape[0], shape[1], 1), dtype=np.float32)
        half = (shape[0] // 2 + 1, shape[1] // 2 + 1, 3)
        blotches = rng.standard_normal(half, dtype=np.float32).repeat(2, 0).repeat(2, 1)
        noise = self.noise * (0.8 * fine + 0.5 * blotches[: shape[0], : shape[1]])
        return np.asarray(noise, dtype=np.float32)


@lru_cache(maxsize=64)
def sensor(
    ranges: Ranges,
    seed: int,
    number: int,
    identity: int,
    fineness: tuple[float, float] = (1.0, 0.5),
) -> Sensor:
    """Draw the camera that takes an identity's pictures under a number.

    Every fortieth person passes the same six cameras, so optics, noise and compression are those
    of 240. Place, light and colour differ from person to person, as at another place and hour.

    Args:
        ranges: The world.
        seed: Seed of the data set.
        number: Number of the camera, from 0.
        identity: Whom it takes.
        fineness: Height of the pictures over 128, and their width over their height.
    """
    own = np.random.default_rng((seed, CAMERA_STREAM, ranges.salt, number, identity % SITES))
    rng = np.random.default_rng((seed, PLACE_STREAM, ranges.salt, number, identity))
    warmth, exposure = between(rng, ranges.warmth), between(rng, ranges.exposure)
    aside = between(rng, ranges.side_light)
    scale, aspect = fineness
    height, width = PLACE_HEIGHT, PLACE_HEIGHT * max(LEAST_WIDTH, aspect)
    return Sensor(
        scene=place(rng, ranges, (round(height * scale), round(width * scale))),
        pitch=between(own, ranges.pitch) + float(rng.normal(0.0, 0.02)),
        light=Light(
            direction=(aside, -0.75, between(rng, (0.15, 0.8))),
            ambient=between(rng, ranges.ambient),
        ),
        gain=(exposure * warmth, exposure * float(rng.normal(1.0, 0.03)), exposure / warmth),
        contrast=between(rng, ranges.contrast),
        blur_px=low(own, ranges.defocus, 1.3) * float(rng.uniform(0.8, 1.2)),
        noise=low(own, ranges.noise) * float(rng.uniform(0.6, 1.4)),
        quality=int(own.integers(82, 96)),
        shadow=between(rng, (0.1, 0.65)),
        gamma=between(rng, ranges.gamma),
        haze=low(rng, ranges.haze),
        motion=low(rng, ranges.motion),
        resolution=between(own, ranges.resolution) * float(rng.uniform(0.9, 1.1)),
        blocks=int(between(own, ranges.quality)),
        halo=low(own, ranges.halo),
    )


def own_size(
    camera: Sensor, ranges: Ranges, size: tuple[int, int], rng: np.random.Generator
) -> tuple[int, int]:
    """The (height, width) in which a camera takes a picture: even, and stretched a little."""
    factor = camera.resolution * float(rng.uniform(0.85, 1.15))
    stretch = float(np.exp(np.clip(rng.normal(0.0, 0.07), *np.log(ranges.stretch))))
    height, width = (max(round(side * factor), 24) for side in size)
    return height, max(round(width / stretch), 12)


def without_fine_faults(camera: Sensor) -> Sensor:
    """A camera that is good enough for large photos: nothing is lost but what light takes."""
    return replace(camera, resolution=1.0, blocks=92, motion=0.5 * camera.motion)


def _defocused(picture: Reals, sigma: float) -> Reals:
    """Blur with a Gaussian, rows and columns one after the other."""
    reach = max(int(np.ceil(2.2 * sigma)), 1)
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / max(sigma, 1e-3)) ** 2)
    return _filtered(_filtered(picture, weights / weights.sum(), 0), weights / weights.sum(), 1)


def _moved(picture: Reals, length: float, *, horizontal: bool) -> Reals:
    """Blur along one axis, as what moves does."""
    if length < 0.5:
        return picture
    reach = int(np.ceil(length / 2))
    weights = np.clip(0.5 * length + 0.5 - np.abs(np.arange(-reach, reach + 1)), 0.0, 1.0)
    return _filtered(picture, weights / weights.sum(), 1 if horizontal else 0)


def _filtered(picture: Reals, weights: NDArray[np.float64], axis: int) -> Reals:
    reach, count = len(weights) // 2, picture.shape[axis]
    ends = [(reach, reach) if axis == other else (0, 0) for other in range(3)]
    wide = np.pad(picture, ends, "edge")
    total = np.zeros_like(picture)
    for start, weight in enumerate(weights.astype(np.float32)):
        piece = wide[start : start + count] if axis == 0 else wide[:, start : start + count]
        total += weight * piece
    return total
