"""One file's way from an end to a part on this disk: resumed, tried again, checked by its hash."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

from data_manifest.remote.answers import (
    AnswerError,
    Halted,
    HaltedError,
    Patience,
    Why,
    asked,
    gave_up,
    never,
    pause,
)
from data_manifest.remote.ends import End
from shared.errors import DamagedError, problem
from shared.files import Disk, publishing_error

BLOCK_BYTES: Final = 8 << 20
"""Asked for at once."""

LEAST_BYTES: Final = 1 << 16
"""Asked for at once after transfers that broke off again and again."""

REMEDY: Final = "put an undamaged copy of the shards there, then repeat the command"
_SHA256: Final = re.compile(r"[0-9a-f]{64}")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Wanted:
    """A file as the manifest lists it.

    Attributes:
        name: Its name in the folder.
        sha256: Its hash, hexadecimal.
        num_bytes: Its size; None where the manifest tells none.
    """

    name: str
    sha256: str
    num_bytes: int | None = None

    def __post_init__(self) -> None:
        plain = Path(self.name).name == self.name and not self.name.startswith(".")
        if not plain or not isinstance(self.sha256, str) or not _SHA256.fullmatch(self.sha256):
            expected, found = "a file of the folder and its SHA-256", f"{self.name!r}"
            raise DamagedError(problem("manifest", expected, found, REMEDY))


class Transfer:
    """Brings files from an end.

    Args:
        end: Where they lie.
        patience: How often a request is made.
        disk: The calls to the operating system.
        halted: Tells whether they are no longer wanted.
    """

    def __init__(
        self,
        end: End,
        patience: Patience,
        disk: Disk | None = None,
        halted: Halted = never,
    ) -> None:
        self._end = end
        self._patience = patience
        self._disk = disk or Disk()
        self._halted = halted

    def whole(self, name: str) -> bytes:
        """Read a small file whole.

        Raises:
            AnswerError: It cannot be had.
            HaltedError: It is no longer wanted.
        """
        halted = self._halted
        return asked(lambda: self._end.read(name, 0, None, halted), self._patience, halted)

    def bring(self, wanted: Wanted, descriptor: int, part: Path) -> None:
        """Fill a part up to the whole file; what is in it already is not asked for again.

        Args:
            wanted: The file.
            descriptor: The part, open for reading and appending.
            part: Its path, for errors.

        Raises:
            DamagedError: There is no such file, or its bytes are others than listed.
            UsageError: It cannot be read.
            NoSpaceError: The disk is full.
            HaltedError: It is no longer wanted.
        """
        where = f"{self._end}/{wanted.name}"
        expected = "a file that the manifest lists"
        for _ in range(2):  # wrong bytes: once more from the beginning
            try:
                self._fill(wanted, descriptor, part)
            except AnswerError as error:
                if error.why is Why.ABSENT:
                    raise DamagedError(problem(where, expected, error.phrase, REMEDY)) from None
                raise gave_up(where, expected, error) from None
            if hash_of(descriptor) == wanted.sha256:
                self._written(part, lambda: self._disk.flush(descriptor))
                return
            os.ftruncate(descriptor, 0)
        found = "other bytes, twice"
        raise DamagedError(problem(where, "the bytes that the manifest lists", found, REMEDY))

    def _fill(self, wanted: Wanted, descriptor: int, part: Path) -> None:
        """Ask for block after block; ever smaller ones where transfers break off."""
        size, failures = BLOCK_BYTES, 0
        while True:
            start = os.fstat(descriptor).st_size
            if wanted.num_bytes is not None and start >= wanted.num_bytes:
                os.ftruncate(descriptor, wanted.num_bytes)
                return
            stop = min(start + size, wanted.num_bytes or start + size)
            try:
                is_end = self._block(wanted, descriptor, part, (start, stop))
                size, failures = min(size * 2, BLOCK_BYTES), 0
            except AnswerError as error:
                if error.why is Why.BEYOND_END and start:
                    return
                failures += 1
                if error.why is not Why.PASSING or failures >= self._patience.tries:
                    raise
                size, is_end = max(size // 8, LEAST_BYTES), False
                pause(self._patience.wait_s(failures), self._halted)
            if is_end:
                return

    def _block(self, wanted: Wanted, descriptor: int, part: Path, span: tuple[int, int]) -> bool:
        """Ask for one block and append it; tell whether the file ended with it."""
        if self._halted():
            raise HaltedError
        start, stop = span
        data = self._end.read(wanted.name, start, stop, self._halted)
        whole = wanted.num_bytes if wanted.num_bytes is not None else -1
        if start and (len(data) > stop - start or len(data) == whole):
            os.ftruncate(descriptor, 0)  # the server knows no parts
            start = 0
        self._append(descriptor, part, data)
        if wanted.num_bytes is None:
            return len(data) != stop - start
        if not data:
            raise AnswerError("a transfer that broke off", Why.PASSING)
        return False

    def _append(self, descriptor: int, part: Path, data: bytes) -> None:
        def write() -> None:
            left = memoryview(data)
            os.lseek(descriptor, 0, os.SEEK_END)
            while left:
                left = left[self._disk.write(descriptor, left) :]

        self._written(part, write)

    @staticmethod
    def _written(part: Path, write: Callable[[], object]) -> None:
        try:
            write()
        except OSError as error:
            raise publishing_error(part, error) from error


def hash_of(descriptor: int) -> str:
    """The SHA-256 of an open file's content, hexadecimal."""
    found = hashlib.sha256()
    position = 0
    while data := os.pread(descriptor, 1 << 20, position):
        found.update(data)
        position += len(data)
    return found.hexdigest()
