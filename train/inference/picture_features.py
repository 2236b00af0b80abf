"""A picture of a person in a few dozen numbers: light, colour and fineness, by place.

They are made for one question, whether a picture is like others (:mod:`train.inference.familiar`).
No network is asked, so they mean the same for every generator.

Convention:
    Pictures are uint8 (H, W, 3), RGB. Colour is lightness and two differences from it, blue and
    red. Places are rectangles about the joints, cut to the picture: head, torso, legs; and all.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from shared.geometry import Float64s, Floats
from shared.skeleton import JOINT

LIGHTNESS: Final = (0.299, 0.587, 0.114)
SCALES: Final = 3
"""Times that a picture is halved to see how fine it is."""

QUANTILES: Final = (0.02, 0.2, 0.8, 0.98)
"""Of the lightness."""

Box = tuple[slice, slice]


def picture_features(pictures: NDArray[np.uint8], joints: Floats) -> Float64s:
    """Describe pictures.

    Args:
        pictures: uint8 (n, H, W, 3).
        joints: float (n, 18, 2) in their pixels; hips and shoulders are present.

    Returns:
        float64 (n, k), finite.
    """
    rows = [_described(picture, pose) for picture, pose in zip(pictures, joints, strict=True)]
    return np.array(rows, np.float64).reshape(len(rows), -1)


def _described(picture: NDArray[np.uint8], pose: Floats) -> list[float]:
    colours = _colours(picture)
    light = colours[..., 0]
    across = np.abs(np.diff(light, axis=1, prepend=light[:, :1]))
    down = np.abs(np.diff(light, axis=0, prepend=light[:1]))
    slopes = across + down
    whole = (slice(None), slice(None))
    numbers: list[float] = []
    for box in (*_places(np.asarray(pose, np.float64), light.shape), whole):
        numbers += _of_place(colours[box].reshape(-1, 3), slopes[box])
    numbers += _fineness(light)
    numbers.append(_log(across.mean(), 2e-3) - _log(down.mean(), 2e-3))
    return numbers + _tones(colours)


def _colours(picture: NDArray[np.uint8]) -> Float64s:
    """Return lightness, blue and red less lightness: float64 (H, W, 3)."""
    scaled = picture / 255.0
    light = scaled @ np.array(LIGHTNESS)
    return np.stack([light, scaled[..., 2] - light, scaled[..., 0] - light], axis=-1)


def _places(pose: Float64s, size: tuple[int, ...]) -> list[Box]:
    """Return the rectangles of head, torso and legs."""
    shoulders = (pose[JOINT["RSho"]] + pose[JOINT["LSho"]]) / 2
    hips = (pose[JOINT["RHip"]] + pose[JOINT["LHip"]]) / 2
    torso = max(float(np.hypot(*(hips - shoulders))), 1.0)
    widths = [abs(pose[JOINT[f"R{name}"]] - pose[JOINT[f"L{name}"]])[0] for name in ("Sho", "Hip")]
    half = 0.4 * max(*widths, 0.3 * torso)
    left, right = sorted((float(shoulders[0]), float(hips[0])))
    top, bottom = sorted((float(shoulders[1]), float(hips[1])))
    x, y = shoulders
    leg_x, leg_y = hips
    return [
        _box(x - 0.28 * torso, x + 0.28 * torso, y - 0.75 * torso, y - 0.15 * torso, size),
        _box(left - half, right + half, top, bottom, size),
        _box(leg_x - 0.35 * torso, leg_x + 0.35 * torso, leg_y + 0.2 * torso, leg_y + 1.3 * torso,
             size),
    ]  # fmt: skip


def _box(left: float, right: float, top: float, bottom: float, size: tuple[int, ...]) -> Box:
    """Cut a rectangle to the picture; two pixels are left of one that lies beyond."""
    return _span(top, bottom, size[0]), _span(left, right, size[1])


def _span(low: float, high: float, length: int) -> slice:
    start = int(np.clip(np.floor(low), 0, length - 2))
    return slice(start, max(int(np.clip(np.ceil(high), 0, length)), start + 2))


def _of_place(colours: Float64s, slopes: Float64s) -> list[float]:
    """Describe pixels (n, 3): means, deviations, skewness, and whether the light ones are grey."""
    mean, deviation = colours.mean(axis=0), colours.std(axis=0) + 1e-3
    chroma = np.hypot(colours[:, 1], colours[:, 2])
    apart = colours - mean
    skewness = [np.cbrt((apart[:, k] ** 3).mean()) / deviation[k] for k in (0, 2)]
    together = (apart[:, 0] * (chroma - chroma.mean())).mean()
    together /= deviation[0] * (chroma.std() + 1e-3)
    return [*mean, *np.log(deviation), *skewness, together, _log(chroma.mean(), 1e-2),
            _log(slopes.mean(), 2e-3)]  # fmt: skip


def _fineness(light: Float64s) -> list[float]:
    """Tell how much is lost each time the picture is halved."""
    found = []
    for _ in range(SCALES):
        rows, columns = (length - length % 2 for length in light.shape)
        light = light[:rows, :columns]
        halved = light.reshape(rows // 2, 2, columns // 2, 2).mean(axis=(1, 3))
        found.append(_log((light - halved.repeat(2, 0).repeat(2, 1)).std(), 1e-3))
        light = halved
    return found


def _tones(colours: Float64s) -> list[float]:
    """Describe the lightness of all pixels, and the colour of the dark ones beside the light."""
    light, chroma = colours[..., 0], np.hypot(colours[..., 1], colours[..., 2])
    levels = np.quantile(light, QUANTILES)
    dark, bright = chroma[light <= levels[1]].mean(), chroma[light >= levels[2]].mean()
    return [*levels, _log(dark, 1e-2) - _log(bright, 1e-2)]


def _log(value: float, least: float) -> float:
    return float(np.log(value + least))
