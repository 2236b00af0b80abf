"""Pictures as they appear in a folder: which of them are whole and have not been looked at.

Convention:
    A file is ready when it has stood still for :data:`STILL_S`: nobody has written to it, by the
    clock or by its time of change, as with a file that was renamed into the folder. Who writes
    slowly may pause for longer: a picture that cannot be used yet is looked at once more after
    :data:`PATIENCE_S`, and only then refused. One that changes later is new again.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from preprocess.sources.images import IMAGE_SUFFIXES
from shared.errors import UsageError, problem

STILL_S: Final = 0.1
PATIENCE_S: Final = 2.0

Sign = tuple[int, int, int]
"""What changes with a file: size, time of change in ns, number on the disk."""


@dataclass
class Arrival:
    """A picture that is there and has not been looked at.

    Attributes:
        name: Relative to the folder.
        path: Where it lies.
        sign: Of the file as it was seen.
        seen_s: When it was first seen like this, by the watch's clock.
        is_tried: Whether it could not be used when it was looked at first.
    """

    name: str
    path: Path
    sign: Sign
    seen_s: float
    is_tried: bool = False


class Arrivals:
    """The pictures of a folder and of the folders in it.

    Args:
        src: The folder.
        known: Names that need no look,
        known_ns: unless their file changed since this moment, ns since 1970.
        clock: Seconds that only grow.
        now: Nanoseconds since 1970, as times of files are told.
        warn: Told of a folder within that cannot be read, once.
    """

    def __init__(
        self,
        src: Path,
        known: Collection[str],
        known_ns: int,
        *,
        clock: Callable[[], float],
        now: Callable[[], int],
        warn: Callable[[str], None],
    ) -> None:
        self._src = src
        self._known = frozenset(known)
        self._known_ns = known_ns
        self._clock = clock
        self._now = now
        self._warn = warn
        self._warned: set[str] = set()
        self._waiting: dict[str, Arrival] = {}
        self._done: dict[str, Sign] = {}

    def ready(self) -> list[Arrival]:
        """Look at the folder; return the pictures that can be read now, the longest there first.

        Raises:
            UsageError: The folder is gone or cannot be read.
        """
        there: set[str] = set()
        for name, entry in self._entries(self._src, ""):
            try:
                state = entry.stat()
            except OSError:  # gone meanwhile, or a link to nothing
                continue
            there.add(name)
            sign = (state.st_size, state.st_mtime_ns, state.st_ino)
            if self._done.get(name) == sign:
                continue
            changed_ns = max(state.st_mtime_ns, state.st_ctime_ns)
            if name in self._known and name not in self._done and changed_ns <= self._known_ns:
                self._done[name] = sign
            elif name not in self._waiting or self._waiting[name].sign != sign:
                self._waiting[name] = Arrival(name, Path(entry.path), sign, self._clock())
        for held in (self._waiting, self._done):
            for name in held.keys() - there:
                del held[name]
        return sorted(filter(self._is_ready, self._waiting.values()), key=lambda one: one.seen_s)

    @property
    def num_waiting(self) -> int:
        """Number of pictures that are there and not ready yet."""
        return len(self._waiting)

    def looked_at(self, arrival: Arrival, *, is_used: bool) -> bool:
        """Note what came of a picture.

        Returns:
            Whether that is final; a picture that could not be used has a second chance.
        """
        if not is_used and not arrival.is_tried and self._age(arrival) < PATIENCE_S:
            arrival.is_tried = True
            return False
        self._done[arrival.name] = arrival.sign
        self._waiting.pop(arrival.name, None)
        return True

    def _is_ready(self, arrival: Arrival) -> bool:
        if arrival.is_tried:
            return self._age(arrival) >= PATIENCE_S
        written_s = (self._now() - arrival.sign[1]) / 1e9
        return self._age(arrival) >= STILL_S or written_s >= STILL_S

    def _age(self, arrival: Arrival) -> float:
        return self._clock() - arrival.seen_s

    def _entries(self, folder: Path, within: str) -> Iterator[tuple[str, os.DirEntry[str]]]:
        """Yield what is named like a picture, at any depth; links to folders are not followed."""
        try:
            with os.scandir(folder) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except OSError as error:
            if within:
                self._tell(folder, error)
                return
            expected, remedy = "the folder that is watched", "make it, then repeat the command"
            raise UsageError(problem(folder, expected, error.strerror, remedy)) from error
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from self._entries(Path(entry.path), f"{within}{entry.name}/")
            elif Path(entry.name).suffix.lower() in IMAGE_SUFFIXES and not _is_linked_folder(entry):
                yield f"{within}{entry.name}", entry

    def _tell(self, folder: Path, error: OSError) -> None:
        if not isinstance(error, FileNotFoundError) and str(folder) not in self._warned:
            self._warned.add(str(folder))
            self._warn(f"{folder}: {error.strerror}")


def _is_linked_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_symlink() and entry.is_dir()
    except OSError:  # a loop of links
        return False
