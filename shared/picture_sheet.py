"""Sheets of pictures for the eye: a grid with heads and captions, and skeletons drawn on pictures.

Convention:
    Cells are of one size. A text never leaves its cell: it is set smaller, then broken into two
    lines, then cut. The person's right is orange, the left blue, the middle green.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from shared.geometry import Floats, presence
from shared.skeleton import BONES, JOINTS

Colour = tuple[int, int, int]
Point = tuple[float, float]

SIDE_COLOURS: Final[dict[str, Colour]] = {
    "R": (255, 120, 0),
    "L": (0, 150, 255),
    "": (60, 220, 60),
}

_LEAST_PX: Final = 8
_TWO_LINES_PX: Final = 10
_CUT: Final = "..."


@dataclass(frozen=True, kw_only=True)
class Look:
    """How a sheet looks.

    Args:
        ground: Colour between the cells.
        ink: Colour of heads and of a caption's first line.
        faint: Colour of a caption's other lines.
        gap_px: Space around each cell.
        head_px: Height of the heads' letters.
        caption_px: Height of a caption's letters.
    """

    ground: Colour
    ink: Colour
    faint: Colour
    gap_px: int
    head_px: int
    caption_px: int

    @property
    def head_height_px(self) -> int:
        """Height of the line of heads: two lines of the least letters fit too."""
        return max(self.head_px + 6, 2 * (_TWO_LINES_PX + 2))

    @property
    def line_px(self) -> int:
        """Height of a line of a caption."""
        return self.caption_px + 5


LIGHT: Final = Look(
    ground=(255, 255, 255), ink=(30, 30, 30), faint=(110, 110, 110),
    gap_px=12, head_px=18, caption_px=15,
)  # fmt: skip
DARK: Final = Look(
    ground=(28, 28, 30), ink=(240, 240, 240), faint=(170, 170, 170),
    gap_px=4, head_px=13, caption_px=12,
)  # fmt: skip


def draw_grid(
    rows: Sequence[Sequence[Image.Image]],
    *,
    look: Look,
    heads: Sequence[str] = (),
    captions: Sequence[Sequence[str]] = (),
    foot: Image.Image | None = None,
) -> Image.Image:
    """Draw pictures as a table.

    Args:
        rows: The pictures; rows may differ in length. A picture smaller than the largest one
            stands at the top left of its cell.
        look: Colours and sizes.
        heads: Text above each column; none by default.
        captions: Lines above each row, as many for each row; none by default.
        foot: A picture below the last row.

    Returns:
        An RGB picture.
    """
    width = max((picture.width for row in rows for picture in row), default=1)
    height = max((picture.height for row in rows for picture in row), default=1)
    columns = max((len(row) for row in rows), default=1)
    caption_height = look.line_px * max((len(lines) for lines in captions), default=0)
    gap = look.gap_px
    top = gap + (look.head_height_px + gap if heads else 0)
    step = caption_height + height + gap
    bottom = top + len(rows) * step
    size = (gap + columns * (width + gap), bottom + (foot.height + gap if foot else 0))
    sheet = Image.new("RGB", size, look.ground)
    draw = ImageDraw.Draw(sheet)
    _draw_heads(draw, heads, width, look)
    for number, row in enumerate(rows):
        y = top + number * step
        for line, text in enumerate(captions[number] if captions else ()):
            shown, font = _one_line(text, size[0] - 2 * gap, look.caption_px)
            colour = look.faint if line else look.ink
            draw.text((gap, y + line * look.line_px), shown, colour, font)
        for column, picture in enumerate(row):
            sheet.paste(picture, (gap + column * (width + gap), y + caption_height))
    if foot is not None:
        sheet.paste(foot, (gap, bottom))
    return sheet


def enlarged(pixels: NDArray[np.uint8], factor: int) -> Image.Image:
    """Return uint8 (H, W, 3) as a picture of ``factor`` times the size, smoothed."""
    height, width = pixels.shape[:2]
    picture = Image.fromarray(np.ascontiguousarray(pixels), "RGB")
    return picture.resize((width * factor, height * factor), Image.Resampling.BICUBIC)


def on_enlarged(points: Floats, factor: int) -> list[Point]:
    """Place pixels (n, 2) of a picture on the picture enlarged by ``factor``.

    Pixel centres lie on whole numbers, so an enlarged one lies in the middle of its square.
    """
    return [(float(x), float(y)) for x, y in (points + 0.5) * factor - 0.5]


def draw_skeleton(picture: Image.Image, joints: Floats, factor: int = 1) -> None:
    """Draw a skeleton onto a picture.

    Args:
        picture: An RGB picture, enlarged by ``factor``; it is changed.
        joints: float (18, 2), pixels before enlarging, NaN where absent.
        factor: How much the picture was enlarged.
    """
    draw = ImageDraw.Draw(picture)
    points = on_enlarged(joints, factor)
    known = set(np.flatnonzero(presence(joints)).tolist())
    for start, end in BONES:
        if start in known and end in known:
            draw.line([points[start], points[end]], side_colour(JOINTS[end]), width=factor + 1)
    radius = factor + 0.5
    for joint in sorted(known):
        x, y = points[joint]
        box = (x - radius, y - radius, x + radius, y + radius)
        draw.ellipse(box, side_colour(JOINTS[joint]), outline=(255, 255, 255))


def side_colour(joint: str) -> Colour:
    """Return the colour of a joint's side of the body."""
    return SIDE_COLOURS[joint[0] if joint[0] in "RL" else ""]


def font_of(size: int) -> Any:
    """Return the font of all sheets in a size in pixels."""
    return ImageFont.load_default(size)


def _draw_heads(draw: ImageDraw.ImageDraw, heads: Sequence[str], width: int, look: Look) -> None:
    """Draw all heads in letters of one height, those of the one that needs most room."""
    size = min((_fitted(head, width, look.head_px)[1] for head in heads), default=look.head_px)
    for column, head in enumerate(heads):
        left = look.gap_px + column * (width + look.gap_px)
        for number, line in enumerate(_fitted(head, width, size)[0]):
            draw.text((left, look.gap_px + number * (size + 2)), line, look.ink, font_of(size))


def _fitted(text: str, width: float, size: int) -> tuple[list[str], int]:
    """Break a text into one or two lines that are not wider than a cell, and find their size."""
    words = text.split()
    for smaller in range(size, _LEAST_PX - 1, -1):
        if _length(text, smaller) <= width:
            return [text], smaller
        for cut in range(1, len(words) if smaller <= _TWO_LINES_PX else 0):
            lines = [" ".join(words[:cut]), " ".join(words[cut:])]
            if all(_length(line, smaller) <= width for line in lines):
                return lines, smaller
    return [_cut(text, width, _LEAST_PX)], _LEAST_PX


def _one_line(text: str, width: float, size: int) -> tuple[str, Any]:
    for smaller in range(size, _LEAST_PX - 1, -1):
        if _length(text, smaller) <= width:
            return text, font_of(smaller)
    return _cut(text, width, _LEAST_PX), font_of(_LEAST_PX)


def _cut(text: str, width: float, size: int) -> str:
    if _length(text, size) <= width:
        return text
    fitting = (text[:end] + _CUT for end in range(len(text), 0, -1))
    return next((shown for shown in fitting if _length(shown, size) <= width), "")


def _length(text: str, size: int) -> float:
    return float(font_of(size).getlength(text))
