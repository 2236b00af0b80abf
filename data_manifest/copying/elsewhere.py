"""A copy of a shard folder elsewhere.

Convention:
    The marker ``.posegan.json`` is put first. It says that copy-shards made the copy, and the hash
    of the manifest that comes last: files beside this marker are ours, whole or not.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

from data_manifest.copying.here import COMMAND, other_copy
from data_manifest.manifest import MANIFEST_FILE, REMEDY, manifest_bytes
from data_manifest.remote.answers import AnswerError, Patience, Why, asked, gave_up
from data_manifest.remote.ends import RemoteEnd
from data_manifest.remote.folder import RemoteFolder, ShardFolder
from data_manifest.remote.transfer import BLOCK_BYTES, Wanted
from shared.console import Console
from shared.errors import DamagedError, UsageError, problem
from shared.files import sha256_of_file
from shared.marker import FORMAT, MARKER_NAME


class CopyElsewhere:
    """A copy elsewhere.

    Args:
        source: What is copied.
        end: The destination.
        patience: How often a request is made.
    """

    def __init__(self, source: ShardFolder, end: RemoteEnd, patience: Patience) -> None:
        self._source = source
        self._end = end
        self._patience = patience
        self._last = manifest_bytes(source)
        self._is_finished = False
        self._marker = {
            "format": FORMAT,
            "made_by": COMMAND,
            "manifest_sha256": hashlib.sha256(self._last).hexdigest(),
            "files": [],
        }

    def copy(self, files: Sequence[Wanted], console: Console, *, dry_run: bool) -> int:
        """Copy what is missing; return the number of files."""
        if self._end.is_web:
            found, remedy = "a web server", "give a folder, or an address like s3://bucket/shards"
            raise UsageError(problem(self._end, "a place that takes files", found, remedy))
        is_ours = self._is_ours()
        missing = []
        with console.stage("check", len(files)) as stage:
            for wanted in files:
                state = self._state(wanted)
                if state == "other" and not is_ours:
                    raise other_copy(f"{self._end}/{wanted.name}", f"a file not of {COMMAND}")
                if state != "right":
                    missing.append(wanted)
                stage.advance()
        if dry_run or (self._is_finished and not missing):
            return len(missing)
        if not is_ours:
            self._put_bytes(MARKER_NAME, json.dumps(self._marker, indent=2).encode())
        with console.stage("copy", len(files)) as stage:
            stage.skip(len(files) - len(missing))
            for wanted in missing:
                self._put(wanted)
                stage.advance()
        self._put_bytes(MANIFEST_FILE, self._last)
        return len(missing)

    def _is_ours(self) -> bool:
        """Tell whether a copy of these shards was begun there.

        Raises:
            UsageError: A copy of other shards, or shards that somebody else put there.
        """
        marker, last = self._small(MARKER_NAME), self._small(MANIFEST_FILE)
        self._is_finished = last is not None
        if last is not None and last != self._last:
            raise other_copy(self._end, "other shards")
        if marker is None:
            return False
        found: Any = None
        with suppress(ValueError, RecursionError):
            found = json.loads(marker)
        if found != self._marker:
            raise other_copy(f"{self._end}/{MARKER_NAME}", "the marker of something else")
        return True

    def _small(self, name: str) -> bytes | None:
        """Read a small file there; None where there is none."""
        try:
            return asked(lambda: self._end.read(name, 0, None), self._patience)
        except AnswerError as error:
            if error.why is Why.ABSENT:
                return None
            raise gave_up(self._end, "a place that can be read", error) from None

    def _state(self, wanted: Wanted) -> str:
        """Tell what bears a file's name there: ``"absent"``, ``"right"`` or ``"other"``."""
        try:
            size = asked(lambda: self._end.num_bytes(wanted.name), self._patience)
            if size is None:
                return "absent"
            if wanted.num_bytes not in (None, size):
                return "other"
            return "right" if self._hash(wanted.name, size) == wanted.sha256 else "other"
        except AnswerError as error:
            where = f"{self._end}/{wanted.name}"
            raise gave_up(where, "a file that can be read back", error) from None

    def _hash(self, name: str, size: int) -> str:
        found = hashlib.sha256()
        for start in range(0, size, BLOCK_BYTES):
            stop = min(start + BLOCK_BYTES, size)
            found.update(asked(partial(self._end.read, name, start, stop), self._patience))
        return found.hexdigest()

    def _put(self, wanted: Wanted) -> None:
        """Copy a file there and read it back."""
        where = f"{self._end}/{wanted.name}"
        with self._here(wanted) as path:
            for _ in range(2):
                try:
                    asked(lambda: self._end.put(wanted.name, path), self._patience)
                except AnswerError as error:
                    raise gave_up(where, "a place that can be written", error) from None
                if self._state(wanted) == "right":
                    return
        remedy = "repeat the command, or choose another place for the copy"
        raise DamagedError(problem(where, "the bytes that were sent", "others, twice", remedy))

    def _put_bytes(self, name: str, content: bytes) -> None:
        try:
            asked(lambda: self._end.put_bytes(name, content), self._patience)
        except AnswerError as error:
            raise gave_up(f"{self._end}/{name}", "a place that can be written", error) from None

    @contextmanager
    def _here(self, wanted: Wanted) -> Iterator[Path]:
        """Yield the path of a file of the source on this machine, checked by its hash."""
        if isinstance(self._source, RemoteFolder):
            with self._source.here(wanted) as path:
                yield path
            return
        path = self._source / wanted.name
        if not path.is_file():
            raise DamagedError(problem(path, "a file that the manifest lists", "none", REMEDY))
        if sha256_of_file(path) != wanted.sha256:
            raise DamagedError(problem(path, "the bytes that were written", "others", REMEDY))
        yield path
