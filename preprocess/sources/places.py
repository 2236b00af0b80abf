"""Where the files of a data set lie: in folders of the disk, or in an archive that stays packed.

Convention:
    A :data:`Folder` is listed, a :data:`Place` is read. Both can be printed, and both have a
    ``name``. Folders of the disk follow links as they always did; an archive has none.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from preprocess.sources.archives import (
    ABSENT,
    ArchiveFolder,
    Member,
    content_of_member,
    open_archive,
)
from shared.errors import UsageError, problem
from shared.pictures import RefusedPictureError, content_of

Folder = Path | ArchiveFolder
"""A folder of the disk or of an archive."""

Place = Path | Member
"""A file of the disk or of an archive."""

MAX_LIST_BYTES: Final = 1 << 28
"""Lists and labels that name ten million images are smaller."""


class Entry(Protocol):
    """What lies in a folder."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder, or a link to one; a loop of links is none."""

    @property
    def num_bytes(self) -> int:
        """Size of the file; 0 where it cannot be told, as of a dangling link."""


class _DiskEntry:
    """An entry of a folder on the disk; its size is asked for when it is wanted."""

    __slots__ = ("_entry", "name")

    def __init__(self, entry: os.DirEntry[str]) -> None:
        self._entry = entry
        self.name = entry.name

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder, or a link to one."""
        try:
            return self._entry.is_dir(follow_symlinks=True)
        except OSError:
            return False

    @property
    def num_bytes(self) -> int:
        """Size of the file."""
        try:
            return self._entry.stat().st_size
        except OSError:
            return 0  # reading it gives the reason


@dataclass(frozen=True)
class _ArchiveEntry:
    """An entry of a folder in an archive."""

    name: str
    is_folder: bool
    num_bytes: int


def opened(src: Path) -> Folder:
    """Open what a user named as a data set: a folder, or an archive.

    Raises:
        UsageError: It is neither.
    """
    if src.is_dir():
        return src
    if not src.is_file():
        found = "none of that name"
        raise UsageError(problem(src, "a folder, a .zip or a .tar", found, "check --src"))
    return open_archive(src)


def entries_of(folder: Folder) -> Sequence[Entry]:
    """List a folder in the order of the names.

    Raises:
        UsageError: It cannot be read.
    """
    if isinstance(folder, ArchiveFolder):
        return [_archive_entry(folder.members[name]) for name in sorted(folder.members)]
    try:
        with os.scandir(folder) as entries:
            return sorted(map(_DiskEntry, entries), key=lambda entry: entry.name)
    except OSError as error:
        expected, remedy = "a folder that can be read", "check its permissions"
        raise UsageError(problem(folder, expected, error.strerror, remedy)) from error


def folder_in(folder: Folder, *names: str) -> Folder | None:
    """Find a folder below another one; None where there is none."""
    here = folder
    for name in names:
        if isinstance(here, Path):
            if not (here / name).is_dir():
                return None
            here = here / name
        else:
            below = here.members.get(name)
            if not isinstance(below, ArchiveFolder):
                return None
            here = below
    return here


def place_in(folder: Folder, name: str) -> Place:
    """Name a file of a folder; where it is absent, reading it says so."""
    if isinstance(folder, Path):
        return folder / name
    found = folder.members.get(name)
    if isinstance(found, Member):
        return found
    return Member(folder.archive, f"{folder.inside}/{name}".lstrip("/"), fault=ABSENT)


def has_file(folder: Folder, name: str) -> bool:
    """Tell whether a folder holds a file of a name."""
    if isinstance(folder, Path):
        return (folder / name).is_file()
    return isinstance(folder.members.get(name), Member)


def content_at(place: Place, max_bytes: int | None = None) -> bytes:
    """Read a file whole: the one way from a place to bytes.

    Raises:
        RefusedPictureError: See :func:`shared.pictures.content_of`.
    """
    if isinstance(place, Member):
        return content_of_member(place, max_bytes)
    return content_of(place, max_bytes)


def lines_at(place: Place) -> list[str]:
    """Read the lines of a list that belongs to a data set.

    Raises:
        UsageError: It cannot be read, or is no text.
    """
    try:
        return content_at(place, MAX_LIST_BYTES).decode("utf-8-sig").splitlines()
    except RefusedPictureError as refusal:
        raise UsageError(problem(place, "a list", str(refusal), "check the data set")) from refusal
    except UnicodeDecodeError as error:
        found = f"byte {error.start}"
        raise UsageError(problem(place, "text in UTF-8", found, "check the data set")) from error


def on_disk(folder: Folder) -> Path:
    """The folder itself, or the archive that it lies in."""
    return folder if isinstance(folder, Path) else folder.archive


def _archive_entry(found: Member | ArchiveFolder) -> _ArchiveEntry:
    if isinstance(found, Member):
        return _ArchiveEntry(found.name, False, found.num_bytes)
    return _ArchiveEntry(found.name, True, 0)
