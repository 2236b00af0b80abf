"""The cache: copies of files elsewhere, named by their hashes, bounded, shared by all commands.

Convention:
    ``HASH.file`` is whole; ``HASH.part`` is on its way, or left of a command that was killed and
    taken up by the next that wants it. The folder's marker names every file that was made in it;
    nothing else is replaced or removed. Who reads a file holds a shared lock on it, who fetches
    one an exclusive lock on its part: what is locked is not removed. The folder's own lock is held
    for moments only, so that any number of commands use one cache.
"""

from __future__ import annotations

import fcntl
import os
import stat
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from data_manifest.remote.answers import Halted, never, pause
from data_manifest.remote.transfer import Transfer, Wanted, hash_of
from shared.errors import UsageError, problem
from shared.files import Disk, publishing_error, require_space
from shared.folder_lock import LOCK_NAME
from shared.marker import read_marker
from shared.owned_folder import OwnedFolder, require_own

OWNER: Final = "shard-cache"
MAX_BYTES: Final = 1 << 36
"""Nothing of a shard folder is larger; whatever is, is not hashed."""

LOOK_S: Final = 0.1
"""How often a command looks whether another one has fetched what both want."""


class Cache:
    """A folder of fetched files.

    Args:
        folder: The folder, made when the first file comes.
        max_bytes: How large it may become. What is in use at that moment counts, but stays.
        disk: The calls to the operating system.
    """

    def __init__(self, folder: Path, max_bytes: int, disk: Disk | None = None) -> None:
        self.folder = folder
        self.max_bytes = max_bytes
        self.disk = disk
        self._seen: set[tuple[str, int, int, int]] = set()
        self._coming: dict[str, int] = {}
        self._guard = threading.Lock()

    def __getstate__(self) -> dict[str, object]:
        """Another process looks at each file itself."""
        return {"folder": self.folder, "max_bytes": self.max_bytes, "disk": self.disk}

    def __setstate__(self, state: dict[str, object]) -> None:
        self.__init__(**state)  # type: ignore[misc]

    @contextmanager
    def held(self, wanted: Wanted, transfer: Transfer, halted: Halted = never) -> Iterator[Path]:
        """Yield a file's path and keep it there while the block runs; fetch it if need be.

        Args:
            wanted: The file.
            transfer: What brings it.
            halted: Tells whether it is no longer wanted.

        Raises:
            UsageError: The folder is somebody else's, or too small for the file.
            NoSpaceError: The disk is full.
            PoseGanError: The file cannot be had; see :meth:`Transfer.bring`.
            HaltedError: It is no longer wanted.
        """
        path = self.folder / f"{wanted.sha256}.file"
        descriptor = None
        while descriptor is None:
            descriptor = self._right(path, wanted)
            if descriptor is None:
                descriptor = self._fetch(wanted, transfer, path, halted)
        try:
            yield path
        finally:
            os.close(descriptor)

    def has(self, wanted: Wanted) -> bool:
        """Whether a file is there; its bytes are not looked at."""
        return (self.folder / f"{wanted.sha256}.file").is_file()

    def _right(self, path: Path, wanted: Wanted) -> int | None:
        """Open a file, held against removal; remove it where its bytes are not those wanted."""
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:  # absent, or a link or a folder, which the marker's owner refuses
            return None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH)
            state = os.fstat(descriptor)
            known = _look(wanted, state)
            if state.st_nlink and stat.S_ISREG(state.st_mode):
                fits = state.st_size <= MAX_BYTES and wanted.num_bytes in (None, state.st_size)
                if fits and (known in self._seen or hash_of(descriptor) == wanted.sha256):
                    self._seen.add(known)
                    with suppress(OSError):  # used now: the last one to be removed
                        os.utime(descriptor, ns=(time.time_ns(), state.st_mtime_ns))
                    return descriptor
                with self._folder() as owned:
                    owned.intend([path.name])  # a stranger's file is refused, not removed
                    owned.remove([path.name])
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)
        return None

    def _fetch(self, wanted: Wanted, transfer: Transfer, path: Path, halted: Halted) -> int | None:
        """Bring a file and hold it; None where another command or thread was quicker."""
        part = path.with_suffix(".part")
        with self._folder() as owned:
            owned.intend([path.name, part.name])
            descriptor = self._open_part(part)
        is_held = False
        try:
            while not _locked(descriptor):
                pause(LOOK_S, halted)
            if path.is_file() and not path.is_symlink():  # another one was quicker
                self._drop(descriptor, part)
            elif _bears(descriptor, part):
                self._make_room(wanted, os.fstat(descriptor).st_size)
                transfer.bring(wanted, descriptor, part)
                self._publish(part, path)
                self._seen.add(_look(wanted, os.fstat(descriptor)))
                fcntl.flock(descriptor, fcntl.LOCK_SH)  # for a blink nobody holds it
                self._coming_no_more(wanted)
                self._make_room(None, 0)
                is_held = _bears(descriptor, path)
        finally:
            self._coming_no_more(wanted)
            if not is_held:
                os.close(descriptor)
        return descriptor if is_held else None

    def _drop(self, descriptor: int, part: Path) -> None:
        """Remove a part that is not needed, which this process has locked."""
        if _bears(descriptor, part):
            with self._folder() as owned:
                owned.remove([part.name])

    def _publish(self, part: Path, path: Path) -> None:
        try:
            (self.disk or Disk()).rename(part, path)
        except OSError as error:
            raise publishing_error(path, error) from error

    def _coming_no_more(self, wanted: Wanted) -> None:
        with self._guard:
            self._coming.pop(wanted.sha256, None)

    def _open_part(self, part: Path) -> int:
        try:
            how = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            descriptor = os.open(part, how, 0o666)
        except OSError as error:
            raise publishing_error(part, error) from error
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise UsageError(problem(part, "a file", "something else", "choose another --cache"))
        return descriptor

    def _make_room(self, wanted: Wanted | None, present: int) -> None:
        """Remove what was used longest ago until a file fits beside the rest."""
        needed = 0 if wanted is None else wanted.num_bytes or 0
        if needed > self.max_bytes:
            assert wanted is not None
            found = f"{self.max_bytes:,}"
            remedy = "choose a larger --cache-size"
            raise UsageError(
                problem("--cache-size", f"{needed:,} bytes for {wanted.name}", found, remedy)
            )
        with self._folder() as owned:
            with self._guard:
                if wanted is not None:
                    self._coming[wanted.sha256] = needed
                coming = dict(self._coming)
            owned.remove_temporaries()
            files = _files(owned)
            kept = sum(size for name, (size, _) in files.items() if _hash(name) not in coming)
            total = kept + sum(coming.values())
            short = max(needed - present, 0) * 11 // 10 - _free(self.disk, self.folder)
            for name in sorted(files, key=lambda each: files[each][1]):
                if total <= self.max_bytes and short <= 0:
                    break
                if _hash(name) not in coming and _removed(owned, name):
                    total, short = total - files[name][0], short - files[name][0]
        if needed > present:
            require_space(self.folder, needed - present, self.disk)

    @contextmanager
    def _folder(self) -> Iterator[OwnedFolder]:
        """Hold the folder for a moment."""
        try:
            require_own(self.folder, OWNER)
            with _moment(self.folder):
                files = require_own(self.folder, OWNER)
                marked = read_marker(self.folder) is not None
                yield OwnedFolder(self.folder, OWNER, files, self.disk, marked=marked)
        except UsageError as error:
            raise UsageError(error.message.replace("another --out", "another --cache")) from error


@contextmanager
def _moment(folder: Path) -> Iterator[None]:
    """Hold the folder's lock, after whoever holds it."""
    path = folder / LOCK_NAME
    try:
        folder.mkdir(parents=True, exist_ok=True)
        how = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        descriptor = os.open(path, how, 0o666)
    except OSError as error:
        raise publishing_error(path, error) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _bears(descriptor: int, path: Path) -> bool:
    """Whether a path still leads to an open file."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.lstat())
    except OSError:
        return False


def _files(owned: OwnedFolder) -> dict[str, tuple[int, int]]:
    """Size and time of last use, which is when a file's state changed, of what was made here."""
    found = {}
    for name in owned.files:
        with suppress(OSError):
            state = (owned.path / name).lstat()
            if stat.S_ISREG(state.st_mode):
                found[name] = (state.st_size, state.st_ctime_ns)
    return found


def _removed(owned: OwnedFolder, name: str) -> bool:
    """Remove a file that nobody uses; tell whether it is gone."""
    try:
        descriptor = os.open(owned.path / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        if not _locked(descriptor):
            return False
        twins = {f"{_hash(name)}.file", f"{_hash(name)}.part"} - {name}
        absent = {twin for twin in twins if not os.path.lexists(owned.path / twin)}
        owned.remove({name, *absent})
        return True
    finally:
        os.close(descriptor)


def _look(wanted: Wanted, state: os.stat_result) -> tuple[str, int, int, int]:
    """What tells a file whose bytes were checked from one that somebody changed since."""
    return wanted.sha256, state.st_ino, state.st_size, state.st_mtime_ns


def _hash(name: str) -> str:
    return name.partition(".")[0]


def _free(disk: Disk | None, folder: Path) -> int:
    return (disk or Disk()).free_bytes(folder)
