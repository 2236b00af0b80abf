"""Pictures in folders: listing them and reading them as uint8 RGB."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from shared.errors import UsageError, problem
from shared.pictures import RefusedPictureError, content_of, decode_any, size_of
from train.scoring.panels import IMAGE_SUFFIXES


@dataclass(frozen=True)
class Cut:
    """One image: a whole file, or one panel of a picture.

    Args:
        path: The file.
        panel: Number of the panel from the left; None for the whole file.
        width: Width of a panel in pixels.
    """

    path: Path
    panel: int | None = None
    width: int = 0


def list_pictures(folder: Path) -> dict[str, Path]:
    """List the pictures that lie directly in a folder.

    Args:
        folder: The folder; hidden files and files of other kinds are left out.

    Returns:
        Stem (the name without its last suffix) to path, in alphabetical order.

    Raises:
        UsageError: No such folder, no picture in it, or two pictures of one stem.
    """
    try:
        names = sorted(entry.name for entry in folder.iterdir())
    except OSError as error:
        raise UsageError(
            problem(folder, "a readable folder", error.strerror, "check the name")
        ) from error
    pictures: dict[str, Path] = {}
    for name in names:
        path = folder / name
        if name.startswith(".") or path.suffix.lower() not in IMAGE_SUFFIXES:
            continue
        if path.stem in pictures:
            raise UsageError(
                problem(
                    folder,
                    "one picture of each stem",
                    f"{pictures[path.stem].name} and {name}",
                    "remove one of them",
                )
            )
        pictures[path.stem] = path
    if not pictures:
        suffixes = ", ".join(IMAGE_SUFFIXES)
        raise UsageError(
            problem(folder, f"pictures ({suffixes})", "none", "name the folder that holds them")
        )
    return pictures


def picture_size(path: Path) -> tuple[int, int]:
    """Read a picture's (height, width) from its header.

    Raises:
        UsageError: The file is no readable picture, or far larger than an image of a person.
    """
    with _named(path):
        return size_of(content_of(path))


def read_picture(path: Path) -> NDArray[np.uint8]:
    """Read a picture as uint8 RGB (height, width, 3).

    Raises:
        UsageError: The file is no readable picture, truncated ones included.
    """
    with _named(path):
        return decode_any(content_of(path))


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Say of which file a refusal speaks."""
    try:
        yield
    except RefusedPictureError as refusal:
        raise UsageError(
            problem(path, "a readable picture, 8-bit", refusal, "write or convert the file anew")
        ) from refusal
