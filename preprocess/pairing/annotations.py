"""Published key points and pair lists that are used in place of a pose model and of own pairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data_manifest.point_order import refuse_points_outside
from data_manifest.published_files import read_keypoints
from shared.errors import UsageError, problem
from shared.input_file import InputFile, read_input


@dataclass(frozen=True)
class Annotations:
    """Key points of one or several files, in the order of their rows.

    Args:
        names: File names, each once.
        joints: float64 (n, 18, 2), (x, y) in pixels of the source images, NaN where absent.
        files: The files.
        homes: Integers (n,), which of the files each row is from.
    """

    names: tuple[str, ...]
    joints: NDArray[np.float64]
    files: tuple[Path, ...]
    homes: NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.names)

    @cached_property
    def _rows(self) -> dict[str, int]:
        return {name: row for row, name in enumerate(self.names)}

    def refuse_points_outside(self, rows: NDArray[np.intp], sizes: NDArray[np.integer]) -> None:
        """Make sure, file by file, that the points lie in their images.

        Args:
            rows: Integers (m,), the rows whose images are known.
            sizes: Integers (m, 2), (height, width) of these images.

        Raises:
            UsageError: A file's x and y are exchanged, or its points are of other images.
        """
        for number, path in enumerate(self.files):
            here = self.homes[rows] == number
            refuse_points_outside(path, self.joints[rows[here]], sizes[here])

    def row_of(self, name: str, other_name: str = "") -> int:
        """Look up the row of an image, by its name or else its second one; -1 if absent."""
        return self._rows.get(name, self._rows.get(other_name, -1))


def read_annotations(files: Sequence[Path | InputFile]) -> Annotations | None:
    """Read key point files one after the other; None where there are none.

    Raises:
        UsageError: A file cannot be read, there are no rows, or a name stands in two of them.
    """
    if not files:
        return None
    given = [read_input(file) for file in files]
    tables = [read_keypoints(file) for file in given]
    home: dict[str, int] = {}
    for number, (file, table) in enumerate(zip(given, tables, strict=True)):
        for name in table.names:
            if name in home:
                where = f"{file.path}: {name}"
                found = f"it in {given[home[name]].path} too"
                raise UsageError(problem(where, "each name once", found, "leave one row out"))
            home[name] = number
    if not home:
        found = "none"
        raise UsageError(problem(given[0].path, "rows of key points", found, "give another file"))
    return Annotations(
        tuple(home),
        np.concatenate([table.joints for table in tables]),
        tuple(file.path for file in given),
        np.array(list(home.values())),
    )
