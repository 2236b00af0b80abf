"""Published key points and pair lists that are used in place of a pose model and of own pairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data_manifest.published_files import read_keypoints
from shared.errors import UsageError, problem


@dataclass(frozen=True)
class Annotations:
    """Key points of one or several files, in the order of their rows.

    Args:
        names: File names, each once.
        joints: float64 (n, 18, 2), (x, y) in pixels of the source images, NaN where absent.
    """

    names: tuple[str, ...]
    joints: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.names)

    @cached_property
    def _rows(self) -> dict[str, int]:
        return {name: row for row, name in enumerate(self.names)}

    def row_of(self, name: str, other_name: str = "") -> int:
        """Look up the row of an image, by its name or else its second one; -1 if absent."""
        return self._rows.get(name, self._rows.get(other_name, -1))


def read_annotations(paths: Sequence[Path]) -> Annotations | None:
    """Read key point files one after the other; None where there are none.

    Raises:
        UsageError: A file cannot be read, there are no rows, or a name stands in two of them.
    """
    if not paths:
        return None
    tables = [read_keypoints(path) for path in paths]
    home: dict[str, Path] = {}
    for path, table in zip(paths, tables, strict=True):
        for name in table.names:
            if name in home:
                where = f"{path}: {name}"
                found = f"it in {home[name]} too"
                raise UsageError(problem(where, "each name once", found, "leave one row out"))
            home[name] = path
    if not home:
        found = "none"
        raise UsageError(problem(paths[0], "rows of key points", found, "give another file"))
    return Annotations(tuple(home), np.concatenate([table.joints for table in tables]))
