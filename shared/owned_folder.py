"""The folder that a command writes into: one owner, and nothing touched that it did not make.

Convention:
    The marker ``.posegan.json`` is the first thing that is written into an output folder. It names
    the command that owns the folder and every file that the command means to make there, by its
    path relative to the folder. What the marker does not name is a stranger's: it is never
    replaced and never removed. A folder that is neither empty nor marked is refused as it is. A
    marker beside which nothing lies binds nobody: it is left of a start that failed.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from shared.errors import PoseGanError, UsageError, problem
from shared.files import Disk, publish_json, remove_temporaries
from shared.folder_lock import LOCK_NAME, folder_lock
from shared.marker import FORMAT, MARKER_NAME, belongs_to_claim, read_marker

NUM_NAMED = 3
"""So many strangers' files are named in a refusal."""

Recognise = Callable[[Path], Iterable[str] | None]
"""Lists the files that a version without markers made in a folder; None: it made none there."""


class OwnedFolder:
    """A folder that this process holds and one command owns.

    Args:
        path: The folder.
        command: The command that owns it.
        files: Names that the command made or meant to make, relative to the folder.
        disk: Calls to the operating system; the real ones by default.
        marked: Whether the folder's marker says all this already.
    """

    def __init__(
        self,
        path: Path,
        command: str,
        files: Iterable[str] = (),
        disk: Disk | None = None,
        *,
        marked: bool = False,
    ) -> None:
        self.path = path
        self.command = command
        self.disk = disk
        self._files = set(files)
        self._marked = marked

    @property
    def files(self) -> frozenset[str]:
        """The names that belong to the owner."""
        return frozenset(self._files)

    def folder(self, name: str) -> Path:
        """Make a folder inside of this one, or find it; a link is refused, not followed.

        Args:
            name: Relative to the folder.

        Raises:
            UsageError: A link or a file bears the name, or it cannot be made.
        """
        if not self._marked:
            self.mark()
        place = self.path
        for part in Path(name).parts:
            place = place / part
            try:
                place.mkdir(exist_ok=True)
            except OSError as error:
                found = "a file" if isinstance(error, FileExistsError) else error.strerror
                raise _refused(place, "a folder", found) from error
            if place.is_symlink():
                raise _refused(place, "a folder of its own", "a link")
        return place

    def intend(self, names: Iterable[str]) -> None:
        """Enter files into the marker before they are made.

        Args:
            names: Relative to the folder.

        Raises:
            UsageError: A stranger's file bears one of the names; nothing was changed.
        """
        new = {name for name in names if name not in self._files}
        for name in sorted(new):
            if os.path.lexists(self.path / name):
                raise _refused(self.path / name, "a free name", f"a file not of {self.command}")
        if new or not self._marked:
            self._files |= new
            self.mark()

    def refuse_strangers(self, names: re.Pattern[str], place: str = ".") -> None:
        """Refuse a folder in which strangers' files bear names that the command will want.

        Args:
            names: The names, without their folder.
            place: Folder of them, relative to this one.

        Raises:
            UsageError: There is one; nothing was changed.
        """
        folder = self.path / place
        for name in sorted(_names(folder)) if folder.is_dir() else ():
            if names.fullmatch(name) and str(Path(place, name)) not in self._files:
                found = f"a file that {self.command} did not make"
                raise UsageError(
                    problem(
                        folder / name, "a free name", found, "move it away, or choose another --out"
                    )
                )

    def remove(self, names: Iterable[str] | None = None) -> None:
        """Remove files of the owner; links go themselves, never what they point to.

        Args:
            names: Which of them, relative to the folder; None for all. Others are left alone.
        """
        chosen = self._files if names is None else self._files.intersection(names)
        for name in sorted(chosen):
            path = self.path / name
            if self._leads_out(path.parent):
                continue
            try:
                path.unlink(missing_ok=True)
            except IsADirectoryError:
                continue
        self._files -= chosen
        self.mark()

    def dissolve(self) -> None:
        """Remove the owner's files, the claim, and every folder that is empty then."""
        folders = {parent for name in self._files for parent in Path(name).parents}
        self.remove()
        for name in sorted(folders - {Path()}, key=lambda each: len(each.parts), reverse=True):
            if not self._leads_out(self.path / name):
                _remove_empty(self.path / name)
        _withdraw(self.path, [self.path])

    def remove_temporaries(self, names: Iterable[str] = (".",)) -> None:
        """Remove what killed runs left half-written in the folder or in folders of it."""
        for name in names:
            place = self.path / name
            if place.is_dir() and not self._leads_out(place):
                remove_temporaries(place)

    def _leads_out(self, place: Path) -> bool:
        """Tell whether a link lies on the way from the folder to a place in it."""
        parts = place.relative_to(self.path).parts
        return any(
            self.path.joinpath(*parts[:count]).is_symlink() for count in range(1, len(parts) + 1)
        )

    def mark(self) -> None:
        """Publish the marker as it stands."""
        marker = {"format": FORMAT, "made_by": self.command, "files": sorted(self._files)}
        publish_json(self.path / MARKER_NAME, marker, self.disk)
        self._marked = True

    def mark_again(self) -> None:
        """Put the marker back beside files of ours where somebody emptied the folder meanwhile."""
        lost = self._marked and not os.path.lexists(self.path / MARKER_NAME)
        if lost and any(os.path.lexists(self.path / name) for name in self._files):
            with suppress(OSError, PoseGanError):
                self.mark()


@contextmanager
def owned_folder(
    path: Path,
    command: str,
    *,
    recognise: Recognise | None = None,
    disk: Disk | None = None,
    hold: bool = True,
) -> Iterator[OwnedFolder]:
    """Claim an output folder and hold it while the block runs.

    A refusal changes nothing. Where the block fails before it published anything, the claim is
    withdrawn, and the folders that were made for it go too.

    Args:
        path: The folder, made if it does not exist. It may be a link to a folder.
        command: The command that will own it.
        recognise: Finds what a version without markers made. Its folder gets a marker only when
            something in it is about to change.
        disk: Calls to the operating system; the real ones by default.
        hold: False for a dry run, which may look and leaves no trace.

    Raises:
        LockedError: Another process holds the folder.
        UsageError: It belongs to another command, or holds files of nobody that we know.
    """
    made = [place for place in (path, *path.parents) if not os.path.lexists(place)]
    files = require_own(path, command, recognise=recognise)
    if not hold:
        yield OwnedFolder(path, command, files, disk)
        return
    with folder_lock(path):
        try:
            files = require_own(path, command, recognise=recognise)
            marker = read_marker(path)
            marked = marker is not None and marker["made_by"] == command
            owned = OwnedFolder(path, command, files, disk, marked=marked)
            if not marked and not files:
                owned.mark()
            try:
                yield owned
            finally:
                owned.mark_again()
        except BaseException:
            _withdraw(path, made)
            raise


def require_own(path: Path, command: str, *, recognise: Recognise | None = None) -> frozenset[str]:
    """Make sure that a folder is free or the command's own, without touching it.

    Returns:
        The files in it that are the command's, relative to the folder.

    Raises:
        UsageError: It is another's.
    """
    if not path.is_dir() and not os.path.lexists(path):
        return frozenset()
    if not path.is_dir():  # another may have made it between the two looks
        raise _refused(path, "a folder, or a free name", "a file")
    marker, names = read_marker(path), _names(path)
    if marker is None and MARKER_NAME in names:
        marker = read_marker(path)  # made by another between the two looks
    if marker is not None:
        if marker["made_by"] != command and _is_bare(path):
            return frozenset()
        if marker["made_by"] != command:
            found = f"one that {marker['made_by']} made"
            raise _refused(path, f"an empty folder or one that {command} made", found)
        _refuse_folders(path, marker["files"])
        return frozenset(marker["files"])
    strangers = sorted(name for name in names if not belongs_to_claim(name))
    if recognise is not None and strangers and (known := recognise(path)) is not None:
        return frozenset(known)
    if strangers:
        shown, others = ", ".join(strangers[:NUM_NAMED]), len(strangers) - NUM_NAMED
        more = f" and {others} more" if others > 0 else ""
        raise _refused(path, f"an empty folder or one that {command} made", f"{shown}{more}")
    return frozenset()


def _names(path: Path) -> list[str]:
    try:
        return [entry.name for entry in path.iterdir()]
    except OSError as error:
        raise _refused(path, "a folder that can be read", error.strerror) from error


def _refuse_folders(path: Path, files: Iterable[str]) -> None:
    """Refuse a folder in which a folder bears the name of a file of the owner's."""
    names = set(files)
    for place in {str(Path(name).parent) for name in names}:
        folder = path / place
        if not folder.is_dir() or folder.is_symlink():
            continue
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False) and str(Path(place, entry.name)) in names:
                    raise _refused(entry.path, "a file", "a folder")


def _remove_empty(folder: Path) -> None:
    with suppress(OSError):
        folder.rmdir()


def _is_bare(path: Path) -> bool:
    """Tell whether a folder holds nothing but a claim."""
    return all(name == MARKER_NAME or belongs_to_claim(name) for name in _names(path))


def _withdraw(path: Path, made: Iterable[Path]) -> None:
    """Remove a claim that came to nothing, and the folders that were made for it, inner first."""
    with suppress(OSError, UsageError):
        if _is_bare(path):
            for name in sorted(_names(path), key=LOCK_NAME.__eq__):  # the lock last
                (path / name).unlink(missing_ok=True)
            for place in made:
                place.rmdir()


def _refused(where: object, expected: str, found: object) -> UsageError:
    return UsageError(problem(where, expected, found, "choose another --out"))
