"""Images whose content was checked: the one way to their pixels after that.

Pixels come from what the run kept (``preprocess.sources.kept_pictures``), else from the source
once more, which must still hash to what was checked.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from preprocess.sources.images import fast_decoder, read_image
from preprocess.sources.kept_pictures import KeptPicture
from preprocess.sources.places import Place
from shared.errors import UsageError, problem
from shared.pictures import RefusedPictureError, resized


@dataclass(frozen=True)
class KnownImage:
    """An image file whose content was checked.

    Args:
        place: Where it is.
        digest: SHA-256 of its content in hexadecimal.
        kept: Its pixels, where they were kept.
    """

    place: Place
    digest: str
    kept: KeptPicture | None = None


ImagesOf = Callable[[NDArray[np.intp]], Sequence[KnownImage]]
"""Gives the images of a catalogue's rows, for reading."""


class PictureReader:
    """Reads images whose content was checked; usable in several threads at once."""

    def __init__(self) -> None:
        self._fast = fast_decoder()
        self._descriptors: dict[Path, int | None] = {}
        self._lock = Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for descriptor in self._descriptors.values():
            if descriptor is not None:
                os.close(descriptor)
        self._descriptors.clear()

    def read(self, image: KnownImage) -> NDArray[np.uint8]:
        """Read an image: uint8 (height, width, 3), of its source's size or of the size kept.

        Raises:
            UsageError: The file is not what it was.
        """
        if image.kept is not None:
            picture = np.empty((*image.kept.size, 3), np.uint8)
            if self._take(image.kept, picture):
                return picture
        try:
            picture, found = read_image(image.place, self._fast)
        except RefusedPictureError as refusal:
            raise _changed(image.place, str(refusal)) from refusal
        if found != image.digest:
            raise _changed(image.place, "another content")
        return picture

    def read_all(self, images: Sequence[KnownImage], size: tuple[int, int]) -> NDArray[np.uint8]:
        """Read images as uint8 (n, height, width, 3), resized where theirs is another size.

        Raises:
            UsageError: A file is not what it was.
        """
        pictures = np.empty((len(images), *size, 3), np.uint8)
        for row, image in enumerate(images):
            kept = image.kept
            if kept is None or kept.size != size or not self._take(kept, pictures[row]):
                pictures[row] = resized(self.read(image), size)
        return pictures

    def _take(self, kept: KeptPicture, picture: NDArray[np.uint8]) -> bool:
        """Fill a picture with what was kept; False where that is no longer there."""
        descriptor = self._opened(kept.file)
        if descriptor is None:
            return False
        try:
            return os.preadv(descriptor, [picture.data], kept.offset) == picture.nbytes
        except OSError:
            return False

    def _opened(self, file: Path) -> int | None:
        with self._lock:
            if file not in self._descriptors:
                try:
                    descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
                except OSError:
                    self._descriptors[file] = None
                else:
                    self._descriptors[file] = descriptor
            return self._descriptors[file]


def _changed(place: Place, found: str) -> UsageError:
    remedy = "let nothing change the source, then repeat the command"
    return UsageError(problem(place, "the image that was checked before", found, remedy))
