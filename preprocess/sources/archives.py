"""Archives that are read as they are: a ``.zip`` or a ``.tar`` in the place of a folder.

Convention:
    An archive is listed once, and nothing of it is ever written to the disk. A member is found
    again by its place in the file, so that any worker can read it without the list. Hostile names,
    names twice, a password and a cut end refuse the archive in one line; a link or a member of
    another method of packing is a file that cannot be used, with the reason.
"""

from __future__ import annotations

import io
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from shared.errors import UsageError, problem
from shared.pictures import MAX_FILE_BYTES, RefusedPictureError
from shared.regular_files import regular_file

MAX_DIRECTORY_BYTES: Final = 1 << 28
"""What the directory of a zip, or one header of a tar, may take; two million members need less."""

MAX_NAME: Final = 1_024
MAX_FOLDERS: Final = 32
"""How deep a member may lie."""

LINK: Final = "a link in an archive"
ABSENT: Final = "cannot be read: No such file or directory"

_LOCAL_HEADER: Final = struct.Struct("<4s22xHH")
_FAULTS: Final = (
    zipfile.BadZipFile, tarfile.TarError, zlib.error, struct.error, ArithmeticError, EOFError,
    LookupError, NotImplementedError, RecursionError, ValueError,
)  # fmt: skip
"""What the libraries raise where an archive is not what it should be."""

_METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_NOT_READ: Final = {
    b"\x1f\x8b": "a gzip file",
    b"BZh": "a bzip2 file",
    b"\xfd7zXZ": "an xz file",
    b"7z\xbc\xaf": "a 7z archive",
    b"Rar!": "a rar archive",
    b"(\xb5/\xfd": "a zstd file",
}


@dataclass(frozen=True)
class Member:
    """A file in an archive.

    Args:
        archive: The archive.
        inside: Its path in the archive, parts joined by ``/``.
        start: Where its content begins in the archive, or the header before it in a zip.
        num_bytes: Size of its content.
        num_packed: What that takes up in the archive.
        method: How it is packed in a zip; None in a tar.
        crc: Checksum of its content; None in a tar.
        fault: Why it cannot be read, "" where nothing is known against it.
    """

    archive: Path
    inside: str
    start: int = 0
    num_bytes: int = 0
    num_packed: int = 0
    method: int | None = None
    crc: int | None = None
    fault: str = ""

    def __str__(self) -> str:
        return f"{self.archive}:{self.inside}"

    @property
    def name(self) -> str:
        """Its name without the folders."""
        return self.inside.rpartition("/")[2]


@dataclass(frozen=True)
class ArchiveFolder:
    """A folder in an archive.

    Args:
        archive: The archive.
        inside: Its path in the archive, "" for all of it.
        members: What lies in it, by name.
    """

    archive: Path
    inside: str = ""
    members: dict[str, Member | ArchiveFolder] = field(default_factory=dict, repr=False)

    def __str__(self) -> str:
        return f"{self.archive}:{self.inside}" if self.inside else str(self.archive)

    @property
    def name(self) -> str:
        """Its name without the folders above."""
        return self.inside.rpartition("/")[2]


def open_archive(path: Path) -> ArchiveFolder:
    """List an archive.

    Raises:
        UsageError: It is neither a zip nor a tar, is not whole, or is refused as a whole.
    """
    try:
        with regular_file(path) as stream:
            return _tree(path, _members(path, stream))
    except OSError as error:
        found = error.strerror or "an error"
        raise UsageError(problem(path, "a readable archive", found, "check --src")) from error


def content_of_member(member: Member, max_bytes: int | None = None) -> bytes:
    """Read a file of an archive whole, as :func:`shared.pictures.content_of` reads one of a disk.

    Args:
        member: The file.
        max_bytes: A larger one is refused unread; None for the bound of pictures.

    Raises:
        RefusedPictureError: It is no file, is empty, too large, or not what the archive says.
    """
    most = MAX_FILE_BYTES if max_bytes is None else max_bytes
    if member.fault:
        raise RefusedPictureError(member.fault)
    if not member.num_bytes:
        raise RefusedPictureError("empty file")
    if max(member.num_bytes, member.num_packed) > most:
        raise RefusedPictureError(f"file too large: over {most:,} bytes")
    try:
        with regular_file(member.archive) as stream:
            stream.seek(member.start)
            if member.method is not None:
                _pass_local_header(stream)
            packed = stream.read(member.num_packed)
    except OSError as error:
        raise RefusedPictureError(f"cannot be read: {error.strerror}") from error
    data = _unpacked(member, packed)
    if len(data) != member.num_bytes or (member.crc is not None and zlib.crc32(data) != member.crc):
        raise RefusedPictureError("broken: not what the archive's directory says")
    return data


def _pass_local_header(stream: io.BufferedReader) -> None:
    """Go from a zip's local header to the content behind it."""
    header = stream.read(_LOCAL_HEADER.size)
    if len(header) < _LOCAL_HEADER.size or not header.startswith(b"PK\3\4"):
        raise RefusedPictureError("broken: no header in the archive")
    _, name_bytes, extra_bytes = _LOCAL_HEADER.unpack(header)
    stream.seek(name_bytes + extra_bytes, io.SEEK_CUR)


def _unpacked(member: Member, packed: bytes) -> bytes:
    if member.method != zipfile.ZIP_DEFLATED:
        return packed
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        return inflater.decompress(packed, member.num_bytes + 1)  # a bomb gets no further
    except zlib.error as error:
        raise RefusedPictureError(f"broken: {error}") from error


class _Bounded:
    """A file of which nobody reads more at once than a directory of members takes."""

    def __init__(self, stream: io.BufferedReader) -> None:
        self._stream = stream
        self.seek, self.tell, self.seekable = stream.seek, stream.tell, stream.seekable

    def read(self, size: int = -1) -> bytes:
        if size < -1 or size > MAX_DIRECTORY_BYTES:
            raise ValueError("a header too large to be one")
        return self._stream.read(MAX_DIRECTORY_BYTES if size == -1 else size)

    def close(self) -> None:
        """Leave it to whoever opened it."""


def _members(path: Path, stream: io.BufferedReader) -> Iterator[tuple[Member, bool]]:
    """List an archive's members, each with whether it is a folder."""
    head = stream.read(512)
    size = stream.seek(0, io.SEEK_END)
    stream.seek(0)
    for start, found in _NOT_READ.items():
        if head.startswith(start):
            remedy = "unpack it, and name what comes of it"
            raise UsageError(problem(path, "a folder, a .zip or a .tar", found, remedy))
    is_zip = head.startswith((b"PK\3\4", b"PK\5\6"))
    if not is_zip and head[257:262] != b"ustar":
        found = "a file that is none of them" if head else "an empty file"
        raise UsageError(problem(path, "a folder, a .zip or a .tar", found, "check --src"))
    listed: Callable[..., Iterator[tuple[Member, bool]]] = _of_zip if is_zip else _of_tar
    try:
        yield from listed(path, _Bounded(stream), size)
    except _FAULTS as error:
        raise _broken(path, " ".join(str(error).split())[:100] or type(error).__name__) from error


def _of_zip(path: Path, stream: Any, size: int) -> Iterator[tuple[Member, bool]]:
    with zipfile.ZipFile(stream) as archive:
        infos = sorted(archive.infolist(), key=lambda info: info.header_offset)
    ends = [info.header_offset for info in infos[1:]] + [size]
    for info, end in zip(infos, ends, strict=True):
        if info.header_offset + _LOCAL_HEADER.size + info.compress_size > end:
            raise _broken(path, f"{info.filename!r} beyond its end, or over another member")
        if info.flag_bits & 0x2041:
            remedy = "unpack it, and name the folder"
            raise UsageError(problem(path, "an archive without a password", "one", remedy))
        fault = "" if info.compress_type in _METHODS else "packed by another method than deflate"
        yield (
            Member(
                archive=path,
                inside=_inside(path, info.orig_filename),
                start=info.header_offset,
                num_bytes=info.file_size,
                num_packed=info.compress_size,
                method=info.compress_type,
                crc=info.CRC,
                fault=LINK if stat.S_ISLNK(info.external_attr >> 16) else fault,
            ),
            info.is_dir(),
        )


def _of_tar(path: Path, stream: Any, size: int) -> Iterator[tuple[Member, bool]]:
    last = -1
    with tarfile.open(fileobj=stream, mode="r:") as archive:
        for info in archive:
            end = info.offset_data + info.size
            if info.size < 0 or info.offset <= last or end > size:
                raise _broken(path, f"{info.name!r} beyond its end")
            last = info.offset
            plain = info.isreg() and not info.issparse()
            fault = "" if plain else LINK if info.islnk() or info.issym() else "no regular file"
            inside = _inside(path, info.name)
            bytes_ = info.size if plain else 0
            yield Member(path, inside, info.offset_data, bytes_, bytes_, fault=fault), info.isdir()
        stream.seek(archive.offset)
    if stream.read(512).strip(b"\0") or archive.offset + 512 > size:
        raise _broken(path, f"no end behind {archive.offset:,} bytes")


def _inside(path: Path, name: str) -> str:
    """Write a member's path without ``.`` and empty parts; "" for the archive itself.

    Raises:
        UsageError: It leads out of the archive, or no file could bear it.
    """
    parts = [part for part in name.split("/") if part not in ("", ".")]
    hostile = name.startswith("/") or ".." in parts or "\0" in name or "\\" in name
    if hostile or len(name) > MAX_NAME or len(parts) > MAX_FOLDERS:
        found, remedy = repr(name[:80]), "make the archive anew"
        raise UsageError(problem(path, "names of files inside of the archive", found, remedy))
    return "/".join(parts)


def _tree(path: Path, members: Iterator[tuple[Member, bool]]) -> ArchiveFolder:
    """Hang the members into folders."""
    root = ArchiveFolder(path)
    for member, is_folder in members:
        *above, last = member.inside.split("/")
        here = root
        for part in [*above, last] if is_folder and last else above:
            inside = f"{here.inside}/{part}" if here.inside else part
            below = here.members.setdefault(part, ArchiveFolder(path, inside))
            if isinstance(below, Member):
                raise _twice(path, inside)
            here = below
        if is_folder:
            continue
        if last in here.members or not last:
            raise _twice(path, member.inside)
        here.members[last] = member
    return root


def _twice(path: Path, name: str) -> UsageError:
    return UsageError(problem(path, "each name once", f"{name!r} twice", "make the archive anew"))


def _broken(path: Path, found: str) -> UsageError:
    return UsageError(problem(path, "a whole archive", found, "get or make it anew"))
