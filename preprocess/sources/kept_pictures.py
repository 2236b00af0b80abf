"""Decoded pictures that a run keeps on the disk, so that each file is read and decoded once.

The pass that checks the images writes their pixels into scratch files, one for a block of images;
the later passes take them from there.

Convention:
    A scratch file is a convenience and nothing relies on it: what was not kept, for want of room,
    and what is no longer there, is read from its source again and must hash to what was checked.
    Scratch files are named like what ``shared.files`` leaves half-written, so that the next run
    removes what a killed one left.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from shared.files import TEMPORARY_SUFFIX, Disk
from shared.pictures import resized

NOT_KEPT: Final = -1


@dataclass(frozen=True)
class KeptPicture:
    """Where a decoded picture lies.

    Args:
        file: The scratch file.
        offset: First byte in it.
        size: (height, width) in pixels.
    """

    file: Path
    offset: int
    size: tuple[int, int]


@dataclass(frozen=True)
class Keeping:
    """What a worker is to keep of a block of n images.

    Args:
        file: The scratch file that it makes.
        wanted: bool (n,), images that a later pass may need.
        size: (height, width) in pixels that pictures are resized to, None for none.
        max_bytes: Bound of the file.
        disk: The calls to the operating system.
    """

    file: Path
    wanted: NDArray[np.bool_]
    size: tuple[int, int] | None
    max_bytes: int
    disk: Disk | None = None


def nothing_of(num_images: int) -> Keeping:
    """Say that nothing of so many images is to be kept."""
    return Keeping(Path(os.devnull), np.zeros(num_images, bool), None, 0)


class Keeper:
    """Writes the pictures of a block; a disk that fails ends the keeping and nothing else.

    Args:
        keeping: What to keep.
    """

    def __init__(self, keeping: Keeping) -> None:
        self._keeping = keeping
        self._disk = keeping.disk or Disk()
        self._descriptor: int | None = None
        self._end = 0
        self.offsets = np.full(len(keeping.wanted), NOT_KEPT, np.int64)

    def keep(self, row: int, picture: NDArray[np.uint8]) -> None:
        """Keep the picture of a row, where it is wanted and there is room."""
        if not self._keeping.wanted[row] or self._end > self._keeping.max_bytes:
            return
        size = self._keeping.size
        pixels = np.ascontiguousarray(picture if size is None else resized(picture, size))
        if self._end + pixels.nbytes > self._keeping.max_bytes:
            return
        try:
            self._write(pixels.data.cast("B"))
        except OSError:
            self._forget()
            self.close()
            return
        self.offsets[row] = self._end
        self._end += pixels.nbytes

    def close(self) -> None:
        """Close the file; what a disk does not take now was not kept."""
        if self._descriptor is None:
            return
        descriptor, self._descriptor = self._descriptor, None
        try:
            self._disk.close(descriptor)
        except OSError:
            self._forget()

    def _write(self, data: memoryview) -> None:
        if self._descriptor is None:
            self._descriptor = self._disk.create(self._keeping.file)
        while data:
            data = data[self._disk.write(self._descriptor, data) :]

    def _forget(self) -> None:
        with suppress(OSError):
            self._keeping.file.unlink(missing_ok=True)
        self.offsets[:] = NOT_KEPT
        self._end = self._keeping.max_bytes + 1


@dataclass
class KeptPictures:
    """What a run keeps of all its images, block by block.

    Args:
        folder: Where the scratch files go; it exists.
        size: (height, width) in pixels that pictures are resized to, None for none.
        max_bytes: Bound of all scratch files together.
        block_images: Images of a block.
        num_images: Images of all blocks.
        disk: The calls to the operating system.
    """

    folder: Path
    size: tuple[int, int] | None
    max_bytes: int
    block_images: int
    num_images: int
    disk: Disk | None = None
    _blocks: list[tuple[Path, NDArray[np.int64]]] = field(default_factory=list)

    def of_block(self, number: int, wanted: NDArray[np.bool_]) -> Keeping | None:
        """Say what is to be kept of the block of a number; None for nothing."""
        share = self.max_bytes * len(wanted) // max(self.num_images, 1)
        if not share or not wanted.any():
            return None
        return Keeping(self._file(number), wanted, self.size, share, self.disk)

    def add(self, offsets: NDArray[np.int64]) -> None:
        """Enter what was kept of the next block."""
        self._blocks.append((self._file(len(self._blocks)), offsets))

    def of_image(self, row: int, size: tuple[int, int]) -> KeptPicture | None:
        """Look up the picture of a row whose source has a size; None where it was not kept."""
        number, place = divmod(row, self.block_images)
        file, offsets = self._blocks[number]
        offset = int(offsets[place])
        return None if offset == NOT_KEPT else KeptPicture(file, offset, self.size or size)

    def remove(self) -> None:
        """Remove the scratch files."""
        for number in range(-(-self.num_images // self.block_images)):
            with suppress(OSError):
                self._file(number).unlink(missing_ok=True)

    def _file(self, number: int) -> Path:
        return self.folder / f".pictures-{number:06d}.{os.getpid()}{TEMPORARY_SUFFIX}"


@contextmanager
def removed_after(kept: KeptPictures) -> Iterator[KeptPictures]:
    """Remove the scratch files when the block ends, however it ends."""
    try:
        yield kept
    finally:
        kept.remove()
