"""Cameras: the view, the light and the sensor that all pictures of one camera share.

Convention:
    Pictures are RGB; float32 from 0 to 255 until the last step, then uint8. A camera is a pure
    function of (seed, number).
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from preprocess.demo.drawing.scenes import Reals, scene
from preprocess.demo.drawing.shading import Light
from shared.pictures import decode_rgb

NUM_CAMERAS = 6
CAMERA_STREAM = 12
MID_GREY = 110.0
Picture = NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True)
class Camera:
    """One camera.

    Attributes:
        scene: What it looks at (see :mod:`preprocess.demo.drawing.scenes`).
        pitch: How far it looks down, in radians.
        light: The light where it stands.
        gain: Factor on red, green and blue.
        contrast: Factor on the distance from mid-grey.
        blur_px: Standard deviation of its blur.
        noise: Standard deviation of its noise.
        quality: JPEG quality of its pictures, 1 to 95.
        shadow: How dark the ground under a person is, 0 to 1.
    """

    scene: Picture
    pitch: float
    light: Light
    gain: tuple[float, float, float]
    contrast: float
    blur_px: float
    noise: float
    quality: int
    shadow: float

    def exposed(self, picture: Reals, rng: np.random.Generator) -> Picture:
        """Return what the sensor makes of a picture, float32 (height, width, 3)."""
        picture = _blurred(picture, self.blur_px * float(rng.uniform(0.8, 1.3)))
        gain = np.array(self.gain, dtype=np.float32) * np.float32(rng.normal(1.0, 0.05))
        contrast, grey = np.float32(self.contrast), np.float32(MID_GREY)
        picture = (picture * gain - grey) * contrast + grey
        picture += np.float32(self.noise) * rng.standard_normal(picture.shape, dtype=np.float32)
        pixels: Picture = np.clip(picture, 0, 255).astype(np.uint8)
        return pixels


def sample_camera(seed: int, number: int, scale: float = 1.0) -> Camera:
    """Draw a camera.

    Args:
        seed: Seed of the data set.
        number: Number of the camera, from 1.
        scale: Height of its pictures over 128.
    """
    rng = np.random.default_rng((seed, CAMERA_STREAM, number))
    warmth = rng.normal(0.0, 0.05)
    exposure = rng.uniform(0.86, 1.08)
    angle = rng.uniform(-1.0, 1.0)
    return Camera(
        scene=scene(rng, scale),
        pitch=float(rng.uniform(0.10, 0.30)),
        light=Light(
            direction=(float(np.sin(angle)), -0.75, float(0.35 + 0.4 * np.cos(angle))),
            ambient=float(rng.uniform(0.46, 0.66)),
        ),
        gain=(
            float(exposure * (1.0 + warmth)),
            float(exposure * rng.normal(1.0, 0.015)),
            float(exposure * (1.0 - warmth)),
        ),
        contrast=float(rng.uniform(0.85, 1.08)),
        blur_px=float(rng.uniform(0.35, 0.85)),
        noise=float(rng.uniform(1.5, 5.0)),
        quality=int(rng.integers(72, 93)),
        shadow=float(rng.uniform(0.15, 0.5)),
    )


def jpeg(picture: Picture, quality: int) -> bytes:
    """Encode a picture as the bytes of a JPEG file."""
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "JPEG", quality=quality)
    return stream.getvalue()


def png(picture: Picture) -> bytes:
    """Encode a picture as the bytes of a PNG file."""
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "PNG")
    return stream.getvalue()


def decoded(data: bytes) -> Picture:
    """Decode the bytes of an image file, uint8 (height, width, 3)."""
    return decode_rgb(data)


def _blurred(picture: Reals, sigma: float) -> Reals:
    """Blur with a kernel of five pixels, rows and columns one after the other."""
    weights = np.exp(-0.5 * (np.arange(3) / max(sigma, 1e-3)) ** 2)
    weights /= weights[0] + 2.0 * weights[1:].sum()
    near, middle, far = (np.float32(weight) for weight in weights)
    for axis in (0, 1):
        wide = np.pad(picture, [(2, 2) if axis == other else (0, 0) for other in range(3)], "edge")
        count = picture.shape[axis]
        cuts = [np.take(wide, range(0), axis)] * 0
        cuts = [
            wide[start : start + count] if axis == 0 else wide[:, start : start + count]
            for start in range(5)
        ]
        picture = near * cuts[2] + middle * (cuts[1] + cuts[3]) + far * (cuts[0] + cuts[4])
    return picture
