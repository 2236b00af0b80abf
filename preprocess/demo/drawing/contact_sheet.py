"""The contact sheet: some pictures of some people, side by side."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from preprocess.demo.drawing.framing import CROP_SIZE
from preprocess.demo.drawing.layout import STRANGERS_FROM, Entry
from shared.errors import DamagedError, problem
from shared.picture_sheet import DARK, draw_grid, enlarged
from shared.pictures import RefusedPictureError, content_of, decode_rgb

T = TypeVar("T")

SHEET_PEOPLE, SHEET_IMAGES = 16, 12
ENLARGED = 2


def contact_sheet(root: Path, entries: Sequence[Entry]) -> bytes:
    """Lay out a JPEG with a row for each of the first people and some of their pictures.

    Args:
        root: Folder of the data set; its pictures are drawn already.
        entries: Its pictures.

    Raises:
        DamagedError: A picture is not what was drawn.
    """
    people: dict[int, list[Entry]] = {}
    for entry in entries:
        if entry.person < STRANGERS_FROM:
            people.setdefault(entry.person, []).append(entry)
    chosen = [_spread(row, SHEET_IMAGES) for row in _spread(list(people.values()), SHEET_PEOPLE)]
    rows = [[_picture(root / entry.path) for entry in row] for row in chosen]
    sheet = draw_grid(rows, look=DARK)
    stream = io.BytesIO()
    sheet.save(stream, "JPEG", quality=92)
    return stream.getvalue()


def _picture(path: Path) -> Image.Image:
    try:
        return _fitted(decode_rgb(content_of(path)))
    except RefusedPictureError as refusal:
        expected, remedy = "the picture that was drawn", "draw anew with --overwrite"
        raise DamagedError(problem(path, expected, refusal, remedy)) from refusal


def _fitted(picture: NDArray[np.uint8]) -> Image.Image:
    """Enlarge a small picture; make a large one as high as an enlarged one of the usual size."""
    height, width = picture.shape[:2]
    if height <= CROP_SIZE[0]:
        return enlarged(picture, ENLARGED)
    most = ENLARGED * CROP_SIZE[0]
    size = (max(round(width * most / height), 1), most)
    return Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS)


def _spread(items: Sequence[T], count: int) -> list[T]:
    """Choose at most so many items, evenly spread over all."""
    count = min(count, len(items))
    return [items[index * len(items) // count] for index in range(count)]
