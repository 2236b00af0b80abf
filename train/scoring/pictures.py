"""Pictures in folders: listing them and reading them as uint8 RGB."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from shared.errors import UsageError, problem
from train.scoring.panels import IMAGE_SUFFIXES

# Modes that become RGB without loss of what a screen shows; 16-bit and float pictures do not.
READABLE_MODES: Final = ("RGB", "L", "P", "RGBA", "LA", "CMYK", "YCbCr", "1")
MAX_PIXELS: Final = 64_000_000


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
    with _opened(path) as picture:
        return picture.height, picture.width


def read_picture(path: Path) -> NDArray[np.uint8]:
    """Read a picture as uint8 RGB (height, width, 3).

    Raises:
        UsageError: The file is no readable picture, truncated ones included.
    """
    with _opened(path) as picture:
        try:
            return np.asarray(picture.convert("RGB"))
        except (OSError, ValueError, SyntaxError) as error:
            raise _unreadable(path, error) from error


def _opened(path: Path) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            picture = Image.open(path)
    except (OSError, ValueError, SyntaxError, Warning, Image.DecompressionBombError) as error:
        raise _unreadable(path, error) from error
    if picture.width * picture.height > MAX_PIXELS or picture.mode not in READABLE_MODES:
        found = f"{picture.width} x {picture.height} pixels of mode {picture.mode}"
        picture.close()
        raise UsageError(problem(path, "an 8-bit picture of people", found, "convert the file"))
    return picture


def _unreadable(path: Path, error: Exception) -> UsageError:
    reason = f"a file that cannot be decoded ({error})"
    return UsageError(problem(path, "a readable picture", reason, "write the file anew"))
