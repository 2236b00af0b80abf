"""Files that a user names one by one, among files of others: nothing is replaced but our own.

Convention:
    Beside the first file FILE lies ``.FILE.posegan.json``. It names the command that made the
    files and the SHA-256 of what it wrote into each. A file is the command's own as long as its
    content has such a hash: one that was there before, or that somebody changed since, is
    refused. The hash of what will be written is entered first, so that a killed command knows
    its own.
"""

from __future__ import annotations

import glob
import hashlib
import os
import stat
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from shared.errors import PoseGanError, UsageError, problem
from shared.files import (
    TEMPORARY_SUFFIX,
    Disk,
    publish,
    publish_json,
    read_json,
    sha256_of_file,
    writer_of,
)

NOTE_SUFFIX = ".posegan.json"
FORMAT = 1
MAX_BYTES = 1 << 33
"""A table of a hundred million images is smaller."""


class OwnedFiles:
    """Files in one folder that a command writes, all of them at the end of its work.

    Args:
        paths: The files; the first one gives the note its name.
        command: The command.
        disk: Calls to the operating system; the real ones by default.
    """

    def __init__(self, paths: Sequence[Path], command: str, disk: Disk | None = None) -> None:
        self.paths = tuple(paths)
        self.command = command
        self.note = paths[0].with_name(f".{paths[0].name}{NOTE_SUFFIX}")
        self._disk = disk

    def check(self) -> None:
        """Make sure that each file is absent or as the command left it.

        Raises:
            UsageError: One is somebody else's, or is no file; nothing was changed.
        """
        known = self._known()
        for path in self.paths:
            if not os.path.lexists(path):
                continue
            if not stat.S_ISREG(path.lstat().st_mode):
                raise self._refused(path, "a link or a folder")
            if path.name not in known:
                # of somebody else, or of version 0.1, which left no note: nobody can tell
                raise self._refused(path, f"one that no note of {self.command} lists")
            if _sha256(path) not in known[path.name]:
                raise self._refused(path, f"one that was changed since {self.command} made it")

    def publish(self, contents: Mapping[Path, bytes]) -> None:
        """Write the files, in the order given.

        Args:
            contents: The content of each file.

        Raises:
            UsageError: See :meth:`check`.
            NoSpaceError: The disk is full.
        """
        self.check()
        new = {path.name: [hashlib.sha256(data).hexdigest()] for path, data in contents.items()}
        old = self._known()
        self._write({name: [*old.get(name, ()), *hashes] for name, hashes in new.items()})
        for path, data in contents.items():
            publish(path, data, self._disk)
        self._write(new)
        self._remove_leftovers()

    def _remove_leftovers(self) -> None:
        """Remove what killed commands left half-written of these files and of the note."""
        for path in (*self.paths, self.note):
            for left in path.parent.glob(f".{glob.escape(path.name)}.*{TEMPORARY_SUFFIX}"):
                writer = writer_of(left.name, path.name)
                if writer is not None and not _is_running(writer):
                    with suppress(OSError):
                        left.unlink()

    def _write(self, files: Mapping[str, Sequence[str]]) -> None:
        content = {"format": FORMAT, "made_by": self.command, "files": files}
        publish_json(self.note, content, self._disk)

    def _known(self) -> dict[str, list[str]]:
        """Read the hashes of what the command wrote, by the files' names."""
        if not os.path.lexists(self.note):
            return {}
        if not stat.S_ISREG(self.note.lstat().st_mode):
            raise self._refused(self.note, "a link or a folder")
        try:
            content: Any = read_json(self.note)
        except PoseGanError:
            content = None
        if not isinstance(content, dict) or not isinstance(content.get("files"), dict):
            raise self._refused(self.note, f"a note that {self.command} did not make")
        if content.get("made_by") != self.command:
            raise self._refused(self.paths[0], f"one that {content.get('made_by')} made")
        return {
            name: [value for value in hashes if isinstance(value, str)]
            for name, hashes in content["files"].items()
            if isinstance(hashes, list)
        }

    def _refused(self, path: Path, found: str) -> UsageError:
        expected = f"a free name, or a file as {self.command} left it"
        return UsageError(problem(path, expected, found, "choose another name, or move it away"))


def _is_running(process: int) -> bool:
    """Tell whether a process of this number is there, whoever owns it."""
    try:
        os.kill(process, 0)
    except PermissionError:
        return True
    except (ProcessLookupError, OverflowError):
        return False
    return True


def _sha256(path: Path) -> str:
    """Hash a file; "" for one that is far larger than any of ours, and would take ages."""
    try:
        return "" if path.stat().st_size > MAX_BYTES else sha256_of_file(path)
    except OSError as error:
        raise UsageError(
            problem(path, "a file that can be read", error.strerror, "check its permissions")
        ) from error
