"""Painting: people over a place, from the farthest to the nearest, and which joints show.

Convention: a canvas is float32 (2·height, 2·width, 3), the fine grid of a picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from preprocess.demo.drawing.body import Floats, Skeleton
from preprocess.demo.drawing.cameras import Camera, Picture
from preprocess.demo.drawing.figure import figure
from preprocess.demo.drawing.people import Person
from preprocess.demo.drawing.scenes import Reals
from preprocess.demo.drawing.shading import shade
from preprocess.demo.drawing.solids import surface
from preprocess.demo.drawing.visibility import visible_joints
from shared.skeleton import JOINT

FINE = 2
"""Pixels of the fine grid to one of the crop, along each side."""
Marks = NDArray[np.bool_]
Dressed = tuple[Skeleton, Person]


@dataclass(frozen=True, kw_only=True)
class Crop:
    """A drawn picture and the truth about it; see the module's convention.

    Attributes:
        image: uint8 (height, width, 3), before compression.
        joints: float64 (18, 2), of the person whom the picture is of.
        visible: bool (18,).
        quality: Quality of the JPEG that the camera would make.
        others: (joints, visible) of the other people, from the farthest to the nearest.
    """

    image: Picture
    joints: Floats
    visible: Marks
    quality: int
    others: tuple[tuple[Floats, Marks], ...] = ()


def paint(canvas: Reals, people: Sequence[Dressed], camera: Camera) -> list[Marks]:
    """Paint people over a canvas, in place; return the visible joints of each, bool (18,).

    Args:
        canvas: float32 (2·height, 2·width, 3).
        people: Skeletons in pixels of the crop, from the farthest to the nearest.
        camera: Whose light falls on them.
    """
    flat = canvas.reshape(-1, 3)
    visible: list[Marks] = []
    covered = np.zeros(canvas.shape[:2], dtype=bool)
    for body, person in people:
        fine = body.placed(float(FINE), np.full(2, 0.5 * (FINE - 1)))
        cast_shadow(canvas, fine, camera.shadow)
        seen = surface(figure(fine, person), (canvas.shape[0], canvas.shape[1]))
        flat[seen.pixels] = shade(seen, fine, person, camera.light)
        covered.reshape(-1)[:] = False
        covered.reshape(-1)[seen.pixels] = True
        conceal(people, visible, covered)
        visible.append(visible_joints(fine, seen))
    return visible


def conceal(people: Sequence[Dressed], visible: Sequence[Marks], covered: Marks) -> None:
    """Note, in place, which joints of the first people something hides that came later.

    Args:
        people: Skeletons in pixels of the crop.
        visible: Of the first of them, bool (18,) each.
        covered: bool (2·height, 2·width), on the fine grid.
    """
    limits = (covered.shape[1] - 1, covered.shape[0] - 1)
    for number, marks in enumerate(visible):
        joints = people[number][0].points[:, :2]
        place = np.rint(FINE * joints + 0.5 * (FINE - 1)).astype(np.int64)
        column, row = np.clip(place, 0, limits).T
        marks[covered[row, column]] = False


def with_truth(
    image: Picture, people: Sequence[Dressed], visible: Sequence[Marks], quality: int, whose: int
) -> Crop:
    """Put a picture and the truth about its people together."""
    whose %= len(people)
    truth = [(body.points[:, :2], marks) for (body, _), marks in zip(people, visible, strict=True)]
    joints, marks = truth.pop(whose)
    return Crop(image=image, joints=joints, visible=marks, quality=quality, others=tuple(truth))


def place_behind(camera: Camera, size: tuple[int, int], rng: np.random.Generator) -> Reals:
    """Cut a piece out of the scene, float32 (2·height, 2·width, 3)."""
    height, width = FINE * size[0], FINE * size[1]
    full_height, full_width = camera.scene.shape[:2]
    tall = full_height * rng.uniform(0.55, 0.75)
    wide = tall * width / height
    top, left = rng.uniform(0.0, full_height - tall), rng.uniform(0.0, full_width - wide)
    rows = slice(int(top), int(top + tall))
    columns = slice(int(left), int(left + wide))
    cut = Image.fromarray(camera.scene[rows, columns])
    return np.array(cut.resize((width, height), Image.Resampling.BILINEAR), dtype=np.float32)


def cast_shadow(canvas: Reals, body: Skeleton, strength: float) -> None:
    """Darken the ground around the feet, in place."""
    feet = body.points[[JOINT["RAnk"], JOINT["LAnk"]], :2]
    x, y = feet[:, 0].mean(), feet[:, 1].max() + 0.1 * body.unit_px
    wide = 0.45 * body.unit_px + 0.5 * abs(feet[0, 0] - feet[1, 0])
    rows = (np.arange(canvas.shape[0], dtype=np.float32)[:, None] - y) / (0.2 * body.unit_px)
    columns = (np.arange(canvas.shape[1], dtype=np.float32)[None, :] - x) / wide
    first = max(int(y - 0.6 * body.unit_px), 0)
    if first < canvas.shape[0]:
        dark = strength * np.exp(-(rows[first:] ** 2 + columns**2))
        canvas[first:] *= (1.0 - dark)[:, :, None].astype(np.float32)


def reduced(canvas: Reals) -> Reals:
    """Average 2 × 2 pixels of the fine grid."""
    rows = canvas[0::2] + canvas[1::2]
    reduced: Reals = np.float32(0.25) * (rows[:, 0::2] + rows[:, 1::2])
    return reduced
