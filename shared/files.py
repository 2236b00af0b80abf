"""Publishing files so that no reader ever sees a half-written one.

Every file that the project publishes goes through :func:`publish`: written beside its final name,
flushed to the disk, renamed, and the folder flushed too. The calls to the operating system go
through a :class:`Disk`, the one seam that tests replace by a disk that fails.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import secrets
import shutil
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.errors import OUT_OF_SPACE, DamagedError, NoSpaceError, UsageError, problem
from shared.regular_files import read_regular, regular_file

TEMPORARY_SUFFIX = ".posegan.part"
_TEMPORARY = re.compile(rf"\.(.+)\.(\d+)(?:-[0-9a-f]+)?{re.escape(TEMPORARY_SUFFIX)}")
SPACE_MARGIN = 1.1
PIECE_BYTES = 1 << 18  # file systems look long for room for a write of tens of megabytes
_APPENDING = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC


class Disk:
    """The calls by which files are published; tests put a failing disk in its place."""

    def create(self, path: Path) -> int:
        """Open a new, empty file for writing and return its descriptor; no link is followed."""
        how = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        return os.open(path, how, 0o666)

    def append(self, path: Path) -> int:
        """Open a file for appending, made if it does not exist, and return its descriptor."""
        return os.open(path, _APPENDING, 0o666)

    def write(self, descriptor: int, data: memoryview) -> int:
        """Write some of the data and return the number of bytes written."""
        return os.write(descriptor, data)

    def flush(self, descriptor: int) -> None:
        """Force what was written onto the disk."""
        os.fsync(descriptor)

    def close(self, descriptor: int) -> None:
        """Close the descriptor."""
        os.close(descriptor)

    def rename(self, old: Path, new: Path) -> None:
        """Move the file to its final name, replacing what had that name."""
        old.replace(new)

    def flush_folder(self, folder: Path) -> None:
        """Force the folder's names onto the disk."""
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def free_bytes(self, folder: Path) -> int:
        """Return the free bytes of the file system that holds the folder."""
        return shutil.disk_usage(folder).free


Content = bytes | memoryview | Iterable[bytes]
"""A file's content: whole, or part by part."""


def publish(path: Path, data: Content, disk: Disk | None = None) -> str:
    """Write a whole file so that its name shows either all of it or what was there before.

    Args:
        path: Final name. Its folder must exist.
        data: The content.
        disk: The calls to the operating system; the real ones by default.

    Returns:
        The SHA-256 of the content in hexadecimal.

    Raises:
        NoSpaceError: The disk or the quota is full.
        UsageError: Any other error of the operating system.
    """
    staged = stage(path, data, disk)
    unveil(staged, disk)
    return staged.sha256


@dataclass(frozen=True)
class Staged:
    """A whole file, safe on the disk, that does not bear its name yet.

    Attributes:
        temporary: Where it lies.
        path: The name that it will bear.
        sha256: Of its content, in hexadecimal.
    """

    temporary: Path
    path: Path
    sha256: str


def stage(path: Path, data: Content, disk: Disk | None = None) -> Staged:
    """Do the first half of :func:`publish`: write a whole file beside its final name.

    So a worker can write what only its parent, the holder of the folder, may publish. On several
    machines processes may bear the same number; chance keeps the names of their files apart.
    """
    disk = disk or Disk()
    writer = f"{os.getpid()}-{secrets.token_hex(4)}"
    temporary = path.with_name(f".{path.name}.{writer}{TEMPORARY_SUFFIX}")
    try:
        sha256 = _write_whole(disk, temporary, data)
    except OSError as error:
        _forget(temporary)
        raise publishing_error(path, error) from error
    except BaseException:
        _forget(temporary)
        raise
    return Staged(temporary, path, sha256)


def unveil(staged: Staged, disk: Disk | None = None) -> None:
    """Do the second half of :func:`publish`: give the file its name."""
    disk = disk or Disk()
    try:
        disk.rename(staged.temporary, staged.path)
        disk.flush_folder(staged.path.parent)
    except OSError as error:
        _forget(staged.temporary)
        raise publishing_error(staged.path, error) from error
    except BaseException:
        _forget(staged.temporary)
        raise


def publish_text(path: Path, text: str, disk: Disk | None = None) -> str:
    """Publish text as UTF-8; see :func:`publish`."""
    return publish(path, text.encode("utf-8"), disk)


def publish_json(path: Path, value: Any, disk: Disk | None = None) -> str:
    """Publish a value as indented JSON with a final line break; see :func:`publish`.

    A byte of a file's name that is no UTF-8 is written as JSON's escape of it.
    """
    text = json.dumps(value, indent=2, ensure_ascii=False) + "\n"
    return publish(path, text.encode("utf-8", "backslashreplace"), disk)


def append_text(path: Path, text: str, disk: Disk | None = None) -> None:
    """Append text as UTF-8 to a log; a reader must do without what a crash left torn at its end.

    Args:
        path: The file, made if it does not exist. Its folder must exist.
        text: Whole lines.
        disk: The calls to the operating system; the real ones by default.

    Raises:
        NoSpaceError: The disk or the quota is full.
        UsageError: Any other error of the operating system.
    """
    disk = disk or Disk()
    data = memoryview(text.encode("utf-8"))
    try:
        descriptor = disk.append(path)
        try:
            while data:
                data = data[disk.write(descriptor, data) :]
        finally:
            disk.close(descriptor)
    except OSError as error:
        raise publishing_error(path, error) from error


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises:
        UsageError: The file cannot be opened.
        DamagedError: It is not JSON.
    """
    try:
        content = read_regular(path)
    except OSError as error:
        found, remedy = error.strerror, "check the name"
        raise UsageError(problem(path, "a readable file", found, remedy)) from error
    return json_of(content, path)


def json_of(content: bytes, where: object) -> Any:
    """Parse a JSON file that was read; a DamagedError says that it is none."""
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise DamagedError(problem(where, "valid JSON", error, "write the file anew")) from error


def sha256_of_file(path: Path) -> str:
    """Return the SHA-256 of a regular file's content in hexadecimal."""
    with regular_file(path) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def is_temporary(name: str, of: str | None = None) -> bool:
    """Tell whether :func:`publish` names half-written files so, those ``of`` a name or of any."""
    match = _TEMPORARY.fullmatch(name)
    return match is not None and of in (None, match[1])


def writer_of(name: str, of: str) -> int | None:
    """Return the process that wrote a half-written file of a name; None where it is none."""
    match = _TEMPORARY.fullmatch(name)
    return int(match[2]) if match is not None and match[1] == of else None


def remove_temporaries(folder: Path) -> int:
    """Remove what killed runs left half-written in a folder that this process holds; count it."""
    found = sorted(folder.glob(f".*{TEMPORARY_SUFFIX}"))
    leftovers = [path for path in found if is_temporary(path.name)]
    for leftover in leftovers:
        leftover.unlink(missing_ok=True)
    return len(leftovers)


def require_space(folder: Path, needed_bytes: int, disk: Disk | None = None) -> int:
    """Make sure, before work starts, that the disk can hold its result.

    Args:
        folder: Where the result goes; it, or one of its parents, exists.
        needed_bytes: Estimate of the result's size; a tenth is added.
        disk: The calls to the operating system.

    Returns:
        The bytes that are free besides.

    Raises:
        NoSpaceError: Less is free; the message gives both figures.
    """
    existing = next(parent for parent in (folder, *folder.absolute().parents) if parent.exists())
    free = (disk or Disk()).free_bytes(existing)
    needed = int(needed_bytes * SPACE_MARGIN)
    if needed > free:
        remedy = "free space or choose another disk"
        raise NoSpaceError(problem(folder, f"{needed:,} bytes free", f"{free:,}", remedy))
    return free - needed


def _write_whole(disk: Disk, path: Path, data: Content) -> str:
    digest = hashlib.sha256()
    descriptor = disk.create(path)
    try:
        for part in (data,) if isinstance(data, bytes | memoryview) else data:
            whole = memoryview(part).cast("B")
            for begin in range(0, len(whole), PIECE_BYTES):
                left = whole[begin : begin + PIECE_BYTES]
                digest.update(left)
                while left:
                    left = left[disk.write(descriptor, left) :]
        disk.flush(descriptor)
    finally:
        disk.close(descriptor)
    return digest.hexdigest()


def _forget(path: Path) -> None:
    with suppress(OSError):  # most often that it is not there
        path.unlink()


def publishing_error(path: Path, error: OSError) -> NoSpaceError | UsageError:
    """Turn an error of the operating system while writing a file into one of ours."""
    if error.errno in OUT_OF_SPACE:
        remedy = "free space, then repeat the command"
        return NoSpaceError(problem(path, "space to write", error.strerror, remedy))
    remedy = _REMEDIES.get(error.errno or 0, "check the path and its permissions")
    return UsageError(problem(path, "a file that can be written", error.strerror, remedy))


_REMEDIES = {
    errno.ENOENT: "the folder is gone; repeat the command",
    errno.ENOTDIR: "a part of the path is a file; choose another folder",
    errno.EISDIR: "a folder bears that name; choose another one",
    errno.EROFS: "the disk is read-only; choose a folder on another one",
    errno.EACCES: "check the permissions of the folder",
    errno.EPERM: "check the permissions of the folder",
    errno.ENAMETOOLONG: "choose a shorter name",
}
"""What to do, by the operating system's error."""
