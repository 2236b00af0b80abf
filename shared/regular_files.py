"""Reading back files that somebody may have replaced: nothing waits, nothing is endless.

Convention:
    Only regular files are read, links to them too. A pipe, a folder, a device, or a file larger
    than anything that we write there is an :class:`OSError` like one that cannot be opened.
"""

from __future__ import annotations

import errno
import io
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

MAX_NOTE_BYTES: Final = 1 << 30
"""A marker with ten million names is smaller."""


def is_regular(path: Path) -> bool:
    """Tell whether a regular file lies at a path itself; a link to one does not count."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False


@contextmanager
def regular_file(path: Path) -> Iterator[io.BufferedReader]:
    """Open a regular file for reading.

    Raises:
        OSError: It cannot be opened, or is something else.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as stream:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "a pipe or a device", str(path))
        yield stream


def read_regular(path: Path, max_bytes: int = MAX_NOTE_BYTES) -> bytes:
    """Read a regular file whole.

    Args:
        path: The file.
        max_bytes: A larger one is refused unread.

    Raises:
        OSError: It cannot be read, is something else, or is too large.
    """
    with regular_file(path) as stream:
        size = os.fstat(stream.fileno()).st_size
        if size <= max_bytes:
            return stream.read(size + 1)  # never more at once than the file says that it has
    raise OSError(errno.EINVAL, f"over {max_bytes:,} bytes", str(path))
