"""Sample sheets: what the generator makes of a few fixed test pairs, seen by eye."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from shared.geometry import presence
from shared.skeleton import BONES, JOINTS

Pictures = NDArray[np.uint8]

GAP_PX = 4
TITLE_PX = 18
SHORTER_SIDE_PX = 96
"""Pictures are enlarged by a whole factor until their shorter side has about this many pixels."""

_SIDE_COLOURS = {"R": "#ff6b4a", "L": "#3fa7ff"}
_MIDDLE_COLOUR = "#ffe14a"


def draw_sheet(columns: Mapping[str, Pictures]) -> Image.Image:
    """Draw pictures as a table: a column for each title, a row for each pair.

    Args:
        columns: Title to uint8 (n, H, W, 3), all of one shape.

    Returns:
        An RGB picture.
    """
    count, height, width, _ = next(iter(columns.values())).shape
    factor = max(1, round(SHORTER_SIDE_PX / min(height, width)))
    cell_height, cell_width = height * factor + GAP_PX, width * factor + GAP_PX
    size = (len(columns) * cell_width + GAP_PX, count * cell_height + GAP_PX + TITLE_PX)
    sheet = Image.new("RGB", size, "#202020")
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(11)
    for column, (title, pictures) in enumerate(columns.items()):
        left = GAP_PX + column * cell_width
        middle = (left + width * factor / 2, TITLE_PX / 2 + 2)
        draw.text(middle, title, fill="#f0f0f0", font=font, anchor="mm")
        for row, picture in enumerate(pictures):
            large = Image.fromarray(picture).resize((width * factor, height * factor))
            sheet.paste(large, (left, TITLE_PX + GAP_PX + row * cell_height))
    return sheet


def draw_poses(joints: NDArray[np.floating], size: tuple[int, int]) -> Pictures:
    """Draw skeletons on black: right limbs orange, left limbs blue, the rest yellow.

    Args:
        joints: float (n, 18, 2), pixels, NaN where absent.
        size: (height, width) of the pictures.

    Returns:
        uint8 (n, height, width, 3).
    """
    return np.stack([_draw_pose(pose, size) for pose in np.asarray(joints, dtype=np.float64)])


def _draw_pose(joints: NDArray[np.float64], size: tuple[int, int]) -> Pictures:
    height, width = size
    picture = Image.new("RGB", (width, height))
    draw = ImageDraw.Draw(picture)
    here = presence(joints)
    for start, end in BONES:
        if here[start] and here[end]:
            points = [tuple(joints[start]), tuple(joints[end])]
            draw.line(points, fill=_colour(JOINTS[end]), width=max(1, width // 32))
    for joint, (x, y) in enumerate(joints):
        if here[joint]:
            draw.ellipse((x - 1, y - 1, x + 1, y + 1), fill=_colour(JOINTS[joint]))
    return np.asarray(picture)


def _colour(joint: str) -> str:
    return _SIDE_COLOURS.get(joint[0], _MIDDLE_COLOUR)
