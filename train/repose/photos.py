"""Photos as the user names them: read by the one door, turned upright, known by their hash."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from shared.errors import DamagedError, UsageError, problem
from shared.pictures import RefusedPictureError, content_of, decode_any
from train.inference.crops import Crop, Picture
from train.repose.naming import natural

SUFFIXES: Final = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff")
"""By these a file in a folder is taken for a photo; a file that is named itself may have any."""


@dataclass(frozen=True)
class Photo:
    """A photo that can be read.

    Attributes:
        path: The file.
        sha256: Of its content, in hexadecimal.
        size: (height, width) in pixels, upright.
        box: Where in it to look for the person; None for everywhere.
    """

    path: Path
    sha256: str
    size: tuple[int, int]
    box: Crop | None = None

    @property
    def key(self) -> str:
        """What a pose that was found in it is kept by."""
        box = self.box
        if box is None:
            return self.sha256
        return f"{self.sha256} {box.left},{box.top},{box.width},{box.height}"

    def picture(self) -> Picture:
        """Read its pixels: uint8 (H, W, 3), RGB.

        Raises:
            DamagedError: It is another photo by now.
        """
        sha256, picture = _read(self.path)
        if sha256 != self.sha256:
            remedy = "leave the photos alone until the command is done, then repeat it"
            raise DamagedError(problem(self.path, "the photo of a moment ago", "another", remedy))
        return picture


def open_photo(path: Path, box: Crop | None = None) -> Photo:
    """Read a photo once, to know that it can be read.

    Raises:
        UsageError: It is no usable picture, or the box lies outside of it.
    """
    sha256, picture = _read(path)
    height, width = picture.shape[:2]
    if box is not None and (box.left >= width or box.top >= height):
        expected = f"a corner within {width} x {height} pixels (width x height)"
        found = f"{box.left},{box.top}"
        raise UsageError(problem(f"--box for {path}", expected, found, "correct the box"))
    if box is not None:
        rows, columns = min(box.height, height - box.top), min(box.width, width - box.left)
        box = replace(box, height=rows, width=columns)
    return Photo(path, sha256, (height, width), box)


def photos_in(path: Path, suffixes: Sequence[str] = SUFFIXES) -> list[Path]:
    """List the files of a folder that bear certain suffixes, in the natural order of their names.

    Raises:
        UsageError: The folder cannot be read, or holds none.
    """
    try:
        names = os.listdir(path)  # noqa: PTH208 - names are all that is wanted
    except OSError as error:
        found = error.strerror
        raise UsageError(problem(path, "a folder that can be read", found, "check it")) from error
    fitting = [name for name in names if Path(name).suffix.lower() in suffixes and name[0] != "."]
    if not fitting:
        expected = f"files named {', '.join(suffixes)}"
        raise UsageError(problem(path, expected, "none", "name another folder"))
    return [path / name for name in sorted(fitting, key=natural)]


def _read(path: Path) -> tuple[str, Picture]:
    try:
        content = content_of(path)
        return hashlib.sha256(content).hexdigest(), decode_any(content, upright=True)
    except (RefusedPictureError, ValueError) as error:
        raise UsageError(problem(path, "a photo", error, "check the name and the file")) from error
