"""The contact sheet: some pictures of some people, side by side."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from PIL import Image

from preprocess.demo.drawing.framing import CROP_SIZE
from preprocess.demo.drawing.layout import STRANGERS_FROM, Entry

T = TypeVar("T")

SHEET_PEOPLE, SHEET_IMAGES = 16, 12
ENLARGED = 2
GAP_PX = 4
BACKGROUND = (24, 24, 26)


def contact_sheet(root: Path, entries: Sequence[Entry]) -> bytes:
    """Lay out a JPEG with a row for each of the first people and some of their pictures.

    Args:
        root: Folder of the data set; its pictures are drawn already.
        entries: Its pictures.
    """
    rows: dict[int, list[Entry]] = {}
    for entry in entries:
        if entry.person < STRANGERS_FROM:
            rows.setdefault(entry.person, []).append(entry)
    chosen = [_spread(row, SHEET_IMAGES) for row in _spread(list(rows.values()), SHEET_PEOPLE)]
    height, width = (ENLARGED * side + GAP_PX for side in CROP_SIZE)
    columns = max((len(row) for row in chosen), default=1)
    sheet = Image.new("RGB", (columns * width, max(len(chosen), 1) * height), BACKGROUND)
    for top, row in enumerate(chosen):
        for left, entry in enumerate(row):
            with Image.open(root / entry.folder / entry.name) as image:
                size = (width - GAP_PX, height - GAP_PX)
                enlarged = image.convert("RGB").resize(size, Image.Resampling.BICUBIC)
            sheet.paste(enlarged, (left * width, top * height))
    stream = io.BytesIO()
    sheet.save(stream, "JPEG", quality=92)
    return stream.getvalue()


def _spread(items: Sequence[T], count: int) -> list[T]:
    """Choose at most ``count`` items, evenly spread over all."""
    count = min(count, len(items))
    return [items[index * len(items) // count] for index in range(count)]
