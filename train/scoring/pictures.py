"""Pictures in folders: listing them and reading them as uint8 RGB."""

from __future__ import annotations

import hashlib
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


def read_picture(path: Path, hashes: dict[Path, str] | None = None) -> NDArray[np.uint8]:
    """Read a picture as uint8 RGB (height, width, 3).

    Args:
        path: The file.
        hashes: SHA-256 of what was read so far, by file; this one's is entered.

    Raises:
        UsageError: The file is no readable picture, truncated ones included, or another one than
            when its hash was entered.
    """
    with _named(path):
        content = content_of(path)
        picture = decode_any(content)
    if hashes is not None:
        found = hashlib.sha256(content).hexdigest()
        if hashes.setdefault(path, found) != found:
            expected, remedy = "the picture that was read before", "let nothing change it, repeat"
            raise UsageError(problem(path, expected, "another content", remedy))
    return picture


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Say of which file a refusal speaks."""
    try:
        yield
    except RefusedPictureError as refusal:
        raise UsageError(
            problem(path, "a readable picture, 8-bit", refusal, "write or convert the file anew")
        ) from refusal
