"""A disk that fails: the stand-in at the one seam through which files are published."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from shared.files import Disk


class FullDisk(Disk):
    """Takes so many bytes and no more.

    Args:
        room: How many.
    """

    def __init__(self, room: int) -> None:
        self.room = room

    def write(self, descriptor: int, data: memoryview) -> int:
        if len(data) > self.room:
            super().write(descriptor, data[: self.room])
            self.room = 0
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.room -= len(data)
        return super().write(descriptor, data)


class FailingDisk(Disk):
    """Fails its k-th call and counts all of them.

    Args:
        fail_at: Index of the call that fails; a failing write puts half of its data first.
        number: The errno of the failure.
    """

    def __init__(self, fail_at: int, number: int) -> None:
        self.calls = 0
        self._fail_at = fail_at
        self._number = number

    def _count(self) -> bool:
        self.calls += 1
        return self.calls - 1 == self._fail_at

    def _call(self) -> None:
        if self._count():
            raise OSError(self._number, os.strerror(self._number))

    def create(self, path: Path) -> int:
        self._call()
        return super().create(path)

    def append(self, path: Path) -> int:
        self._call()
        return super().append(path)

    def write(self, descriptor: int, data: memoryview) -> int:
        if self._count():
            super().write(descriptor, data[: len(data) // 2])
            raise OSError(self._number, os.strerror(self._number))
        return super().write(descriptor, data)

    def flush(self, descriptor: int) -> None:
        self._call()
        super().flush(descriptor)

    def close(self, descriptor: int) -> None:
        super().close(descriptor)
        self._call()

    def rename(self, old: Path, new: Path) -> None:
        self._call()
        super().rename(old, new)

    def flush_folder(self, folder: Path) -> None:
        self._call()
        super().flush_folder(folder)
