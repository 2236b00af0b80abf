"""Files that a user names as input, each read once: what is used and what is hashed are the same.

A file may change between two readings, and a pipe can be read but once. Options refuse pipes
(:meth:`shared.declaration.Declaration.check_on_disk`); functions that are called take them.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Final

from shared.errors import UsageError, problem

MAX_BYTES: Final = 2_000_000_000
"""No table of names and numbers is larger; an endless device is."""

PART_BYTES: Final = 1 << 24
"""Read at once, so that a small file takes no more memory than it needs."""


@dataclass(frozen=True)
class InputFile:
    """A file that was read.

    Args:
        path: Its name.
        content: All of it.
    """

    path: Path
    content: bytes = field(repr=False)

    @cached_property
    def sha256(self) -> str:
        """The SHA-256 of the content in hexadecimal."""
        return hashlib.sha256(self.content).hexdigest()

    @property
    def named_hash(self) -> str:
        """Name and SHA-256, by which a record tells this file from others."""
        return f"{self.path.name} {self.sha256}"


def read_input(file: Path | InputFile) -> InputFile:
    """Read a file whole, a pipe too; one that was read already is returned as it is.

    Raises:
        UsageError: It cannot be read, or never ends.
    """
    if isinstance(file, InputFile):
        return file
    try:
        with file.open("rb") as stream:
            content = bytearray()
            while len(content) <= MAX_BYTES and (part := stream.read(PART_BYTES)):
                content += part
    except OSError as error:
        found = error.strerror or "an error"
        raise UsageError(problem(file, "a readable file", found, "check the name")) from error
    if len(content) > MAX_BYTES:
        found = f"over {MAX_BYTES:,} bytes"
        raise UsageError(problem(file, "a file of a usable size", found, "check the name"))
    return InputFile(file, bytes(content))
