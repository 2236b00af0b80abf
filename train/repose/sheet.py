"""The sheet of what was drawn: a row for each source, a column for each target."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from shared.geometry import Float64s
from shared.picture_sheet import DARK, draw_grid, draw_skeleton
from train.inference.crops import Picture, cut_out
from train.repose.drawing import drawn_picture
from train.repose.scenes import Scene

NAME: Final = "sheet.png"
CELL_PX: Final = 256
MOST_ROWS: Final = 24
MOST_COLUMNS: Final = 24
"""A sheet shows so many sources and targets, the first ones."""


def sheet_of(scenes: Sequence[Scene], folder: Path) -> bytes:
    """Draw the sheet as PNG: poses above, sources on the left.

    Of a sequence the middle frame is shown.

    Args:
        scenes: Every source with every target, targets changing first.
        folder: Where their pictures are.
    """
    columns = len({id(scene.motion) for scene in scenes})
    rows = [scenes[start : start + columns] for start in range(0, len(scenes), columns)]
    shown = [row[:MOST_COLUMNS] for row in rows[:MOST_ROWS]]
    empty = Image.new("RGB", (1, 1), DARK.ground)
    grid = [[empty, *(_skeleton(scene) for scene in shown[0])]]
    for row in shown:
        drawn = [_cell(drawn_picture(folder / scene.pictures[_middle(scene)])) for scene in row]
        photo, crop = row[0].person.photo.picture(), row[0].crop
        grid.append([_cell(cut_out(photo, crop)), *drawn])
    heads = ["source", *(scene.motion.label for scene in shown[0])]
    stream = io.BytesIO()
    draw_grid(grid, look=DARK, heads=heads).save(stream, "PNG")
    return stream.getvalue()


def _cell(picture: Picture) -> Image.Image:
    image = Image.fromarray(np.ascontiguousarray(picture))
    factor = CELL_PX / max(image.size)
    size = [max(1, round(side * factor)) for side in image.size]
    return image.resize((size[0], size[1]), Image.Resampling.BICUBIC)


def _skeleton(scene: Scene) -> Image.Image:
    crop = scene.crop
    factor = CELL_PX / max(crop.size)
    size = (max(1, round(crop.width * factor)), max(1, round(crop.height * factor)))
    image = Image.new("RGB", size, (0, 0, 0))
    pose: Float64s = scene.poses[_middle(scene)]
    draw_skeleton(image, (pose - [crop.left, crop.top] + 0.5) * factor - 0.5)
    return image


def _middle(scene: Scene) -> int:
    return len(scene.poses) // 2
