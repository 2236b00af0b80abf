"""The rows of a watch's three tables, in the order in which pictures came."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from data_manifest.published_files import read_keypoints
from preprocess.extract_settings import ExtractSettings
from preprocess.pose.extraction import Found, Photo, contents_of
from preprocess.pose.people import empty_people, joints_of_people
from shared.regular_files import read_regular

MAX_BYTES: Final = 1 << 33

Texts = dict[Path, str]
"""A line, or a head, for each of the three tables."""


class KeptRows:
    """Rows by the name of their picture; a picture that comes again keeps its place.

    Args:
        settings: Where the tables lie.
    """

    def __init__(self, settings: ExtractSettings) -> None:
        self._settings = settings
        nobody = empty_people(0)
        sizes = np.empty((0, 2), np.int32)
        self._heads = {
            path: text.decode()
            for path, text in contents_of(
                settings, (), Found(nobody, *joints_of_people(nobody, sizes, 0))
            ).items()
        }
        self._rows: dict[str, Texts] = {}

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def names(self) -> frozenset[str]:
        """The pictures that have a row."""
        return frozenset(self._rows)

    def read(self) -> int:
        """Take over the rows of tables that an earlier call left.

        Returns:
            When the last table was written, ns since 1970; 0 where there is none.

        Raises:
            UsageError: The key points are not in the published form.
        """
        out = self._settings.out
        if not out.exists():
            return 0
        lines = {path: _lines(path) for path in self._heads if path != out}
        names = read_keypoints(out).names
        own = [line for line in read_regular(out).decode("utf-8").split("\n")[1:] if line.strip()]
        lines[out] = dict(zip(names, own, strict=True))
        for name in names:
            if all(name in rows for rows in lines.values()):
                self._rows[name] = {path: lines[path][name] for path in self._heads}
        return out.stat().st_mtime_ns

    def put(self, photos: Sequence[Photo], found: Found) -> None:
        """Add the rows of some pictures, or replace them."""
        texts = contents_of(self._settings, photos, found)
        lines = {path: text.decode().split("\n")[1:-1] for path, text in texts.items()}
        for row, photo in enumerate(photos):
            self._rows[photo.name] = {path: lines[path][row] for path in self._heads}

    def contents(self) -> dict[Path, bytes]:
        """Compose the tables, the published one last."""
        return {
            path: (head + "".join(f"{row[path]}\n" for row in self._rows.values())).encode()
            for path, head in self._heads.items()
        }


def _lines(path: Path) -> dict[str, str]:
    """Read a table's lines by the name in their first column; none where it cannot be read."""
    try:
        lines = read_regular(path, MAX_BYTES).decode("utf-8").split("\n")[1:]
        return {row[0]: line for line in lines for row in csv.reader([line]) if row}
    except (OSError, UnicodeDecodeError, csv.Error):
        return {}
