"""One process a folder: a lock of the operating system that vanishes with its holder."""

from __future__ import annotations

import errno
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shared.errors import LockedError, NoSpaceError, UsageError, problem
from shared.files import publishing_error

LOCK_NAME = ".lock"


@contextmanager
def folder_lock(folder: Path) -> Iterator[None]:
    """Hold a folder for one process; a second one is refused at once.

    The lock is the operating system's (flock) and vanishes with its holder, however that ends. The
    file that carries it is never a link: one that lies there is refused and its target untouched.

    Args:
        folder: The folder, made if it does not exist.

    Raises:
        LockedError: Another process holds it; the message names that process.
        UsageError: The folder cannot be made or written to, or a link lies in the lock's place.
    """
    path = folder / LOCK_NAME
    descriptor = _open_lock(folder, path)
    try:
        _note_holder(descriptor, path)
        yield
    finally:
        os.close(descriptor)


def _open_lock(folder: Path, path: Path) -> int:
    """Open and take the lock; again where its file vanished with the holder before."""
    while True:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
        except OSError as error:
            raise _folder_error(folder, path, error) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.pread(descriptor, 200, 0).decode("utf-8", "replace").strip()
            os.close(descriptor)
            raise LockedError(
                problem(
                    folder,
                    "a folder nobody works on",
                    holder or "another process",
                    "wait for it or choose another folder",
                )
            ) from error
        if os.fstat(descriptor).st_nlink:
            return descriptor
        os.close(descriptor)


def _note_holder(descriptor: int, path: Path) -> None:
    """Write into the lock's file who holds it."""
    note = f"process {os.getpid()}, since {time.strftime('%Y-%m-%d %H:%M:%S')}"
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, note.encode(), 0)
    except OSError as error:
        raise publishing_error(path, error) from error


def _folder_error(folder: Path, path: Path, error: OSError) -> NoSpaceError | UsageError:
    """Say why a folder cannot be made or held."""
    if isinstance(error, FileExistsError | NotADirectoryError):
        return UsageError(
            problem(folder, "a folder, or a free name", "a file", "choose another folder")
        )
    if error.errno == errno.ELOOP:
        return UsageError(
            problem(path, "a file of this folder's own", "a link", "remove it, it is not ours")
        )
    return publishing_error(folder, error)
