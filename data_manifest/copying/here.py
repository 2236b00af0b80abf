"""A copy of a shard folder on this machine."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from data_manifest.manifest import MANIFEST_FILE, manifest_bytes
from data_manifest.remote.answers import Patience
from data_manifest.remote.ends import LocalEnd
from data_manifest.remote.folder import RemoteFolder, ShardFolder
from data_manifest.remote.transfer import Transfer, Wanted
from shared.console import Console
from shared.errors import UsageError, problem
from shared.files import Disk, publish, publishing_error, require_space, sha256_of_file
from shared.owned_folder import OwnedFolder

COMMAND: Final = "copy-shards"
PART_SUFFIX: Final = ".copy"
MAX_FILE_BYTES: Final = 1 << 36
"""Nothing of a shard folder is larger; whatever is, is not hashed."""


def other_copy(where: object, found: str) -> UsageError:
    """Say that a place holds something else than a copy of these shards."""
    expected = "nothing, or a copy of these shards"
    return UsageError(problem(where, expected, found, "choose another folder for the copy"))


class CopyHere:
    """A copy on this machine.

    Args:
        source: What is copied.
        owned: The destination.
        patience: How often a request is made.
    """

    def __init__(self, source: ShardFolder, owned: OwnedFolder, patience: Patience) -> None:
        self._source = source
        self._owned = owned
        end = source.end if isinstance(source, RemoteFolder) else LocalEnd(source)
        self._transfer = Transfer(end, patience, owned.disk)

    def copy(self, files: Sequence[Wanted], console: Console, *, dry_run: bool) -> int:
        """Copy what is missing; return the number of files."""
        owned, last = self._owned, manifest_bytes(self._source)
        self._refuse(files, last)
        with console.stage("check", len(files)) as stage:
            missing = []
            for wanted in files:
                if not self._is_right(wanted):
                    missing.append(wanted)
                stage.advance()
        needed = sum((wanted.num_bytes or 0) - self._part_bytes(wanted) for wanted in missing)
        require_space(owned.path, max(needed, 0), owned.disk)
        if dry_run:
            return len(missing)
        parts = [_part_of(wanted) for wanted in missing]
        owned.intend([*(wanted.name for wanted in files), MANIFEST_FILE, *parts])
        owned.remove_temporaries()
        with console.stage("copy", len(files)) as stage:
            stage.skip(len(files) - len(missing))
            for wanted in missing:
                self._bring(wanted)
                stage.advance()
        owned.remove(parts)
        publish(owned.path / MANIFEST_FILE, last, owned.disk)
        return len(missing)

    def _refuse(self, files: Sequence[Wanted], last: bytes) -> None:
        """Refuse a folder with strangers' files of our names, or with other shards."""
        owned = self._owned
        for name in (*(wanted.name for wanted in files), MANIFEST_FILE):
            path = owned.path / name
            if name not in owned.files and os.path.lexists(path):
                raise other_copy(path, f"a file not of {COMMAND}")
        path = owned.path / MANIFEST_FILE
        if path.is_file() and not path.is_symlink() and path.stat().st_size:
            found = path.read_bytes() if path.stat().st_size == len(last) else b""
            if found != last:
                raise other_copy(owned.path, "a copy of other shards")

    def _is_right(self, wanted: Wanted) -> bool:
        path = self._owned.path / wanted.name
        if path.is_symlink() or not path.is_file():
            return False
        size = path.stat().st_size
        if wanted.num_bytes not in (None, size) or size > MAX_FILE_BYTES:
            return False
        return sha256_of_file(path) == wanted.sha256

    def _part_bytes(self, wanted: Wanted) -> int:
        with suppress(OSError):
            return (self._owned.path / _part_of(wanted)).lstat().st_size
        return 0

    def _bring(self, wanted: Wanted) -> None:
        part, path = self._owned.path / _part_of(wanted), self._owned.path / wanted.name
        try:
            if part.is_symlink() or (part.exists() and not part.is_file()):
                part.unlink()
            how = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
            descriptor = os.open(part, how, 0o666)
        except OSError as error:
            raise publishing_error(part, error) from error
        try:
            self._transfer.bring(wanted, descriptor, part)
        finally:
            os.close(descriptor)
        disk = self._owned.disk or Disk()
        try:
            disk.rename(part, path)
            disk.flush_folder(path.parent)
        except OSError as error:
            raise publishing_error(path, error) from error


def _part_of(wanted: Wanted) -> str:
    return f".{wanted.name}{PART_SUFFIX}"
