"""The door to shard folders: one of this machine as it is, one elsewhere through the cache."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from data_manifest.remote.answers import (
    LOOK_S,
    AnswerError,
    Halted,
    HaltedError,
    Patience,
    Why,
    gave_up,
    never,
)
from data_manifest.remote.cache import Cache
from data_manifest.remote.ends import RemoteEnd
from data_manifest.remote.transfer import Transfer, Wanted
from data_manifest.settings import CacheSettings
from shared.addresses import Address, read_place
from shared.errors import StoppedError, UsageError, problem
from shared.weights import cache_folder

MANIFEST_FILE: Final = "manifest.json"
AT_ONCE: Final = 4
"""Files fetched side by side."""

AHEAD_SHARE: Final = 4
"""Files fetched ahead take up at most this part (one fourth) of the cache."""

TOLD_S: Final = 10.0
"""How often it is said how much was fetched."""


class RemoteFolder:
    """A shard folder elsewhere: each file comes here once, when it is first wanted.

    The manifest is read once, at the beginning; what is listed in it is what is used.

    Args:
        address: Where it lies.
        cache: Where its files are kept.
        patience: How often a request is made.
        leave: Called now and then by the main thread while it waits; it raises where the command
            was asked to end.
        say: Told now and then how much was fetched.
    """

    def __init__(
        self,
        address: Address,
        cache: Cache,
        *,
        patience: Patience | None = None,
        leave: Callable[[], None] = lambda: None,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.address = address
        self.cache = cache
        self.end = RemoteEnd(address)
        self.patience = patience or Patience()
        self._leave = leave
        self._say = say
        self._told_at = time.monotonic()
        self._fetched = (0, 0)

    def __str__(self) -> str:
        return str(self.address)

    def __getstate__(self) -> dict[str, Any]:
        """Another process has the manifest, and opens its own connections."""
        silent = {"_leave": _nothing, "_say": _nothing}
        return {**self.__dict__, **silent}

    @cached_property
    def manifest(self) -> bytes:
        """The manifest's file.

        Raises:
            UsageError: There is none, or it cannot be read.
        """
        try:
            halted = self._halting(never)
            return Transfer(self.end, self.patience, halted=halted).whole(MANIFEST_FILE)
        except AnswerError as error:
            expected = f"a shard folder with {MANIFEST_FILE}"
            if error.why is Why.ABSENT:
                remedy = "check the address, or bring shards there with copy-shards"
                raise UsageError(problem(self, expected, "none", remedy)) from None
            raise gave_up(self, expected, error) from None

    @contextmanager
    def here(self, wanted: Wanted, halted: Halted = never) -> Iterator[Path]:
        """Yield the path of a file on this machine, checked by its hash, kept while the block runs.

        Args:
            wanted: The file.
            halted: Tells whether it is no longer wanted.

        Raises:
            PoseGanError: It cannot be had; see :meth:`Cache.held`.
            StoppedError: It is no longer wanted.
        """
        is_new, halted = not self.cache.has(wanted), self._halting(halted)
        transfer = Transfer(self.end, self.patience, self.cache.disk, halted)
        try:
            with self.cache.held(wanted, transfer, halted) as path:
                if is_new:
                    self._tell(path.stat().st_size)
                yield path
        except HaltedError:
            raise StoppedError(f"{self}: {wanted.name} is no longer wanted") from None

    def in_turn(self, files: Sequence[Wanted], halted: Halted = never) -> Iterator[Path]:
        """Yield the paths of files in their order; those that follow are fetched meanwhile.

        A path is good until the next one is asked for.
        """
        over = threading.Event()

        def unwanted() -> bool:
            return over.is_set() or halted()

        ahead = self._num_ahead(files)
        pool = ThreadPoolExecutor(max_workers=ahead, thread_name_prefix="fetch")
        loads: list[Future[None]] = []
        try:
            for number, wanted in enumerate(files):
                for each in files[len(loads) : number + ahead]:
                    loads.append(pool.submit(self._bring, each, unwanted))
                self._wait(loads[number])
                with self.here(wanted, halted) as path:
                    yield path
        finally:
            over.set()
            pool.shutdown(wait=True, cancel_futures=True)

    def _num_ahead(self, files: Sequence[Wanted]) -> int:
        """How many files may be on their way at once, so that none is removed before its use."""
        largest = max((each.num_bytes or 0 for each in files), default=0)
        room = self.cache.max_bytes // AHEAD_SHARE // max(largest, 1)
        return int(max(1, min(AT_ONCE, room)))

    def _bring(self, wanted: Wanted, halted: Halted) -> None:
        with self.here(wanted, halted):
            pass

    def _wait(self, load: Future[None]) -> None:
        """Wait for a file; the main thread leaves where the command was asked to end."""
        while not load.done():
            wait([load], timeout=LOOK_S)
            self._leave_if_main()
        load.result()

    def _halting(self, halted: Halted) -> Halted:
        """Let the main thread leave too, where it is asked whether a file is still wanted."""

        def is_halted() -> bool:
            self._leave_if_main()
            return halted()

        return is_halted

    def _leave_if_main(self) -> None:
        """Leave where the command was asked to end; the main thread alone may."""
        if threading.current_thread() is threading.main_thread():
            self._leave()

    def _tell(self, num_bytes: int) -> None:
        self._fetched = (self._fetched[0] + 1, self._fetched[1] + num_bytes)
        if time.monotonic() - self._told_at >= TOLD_S:
            self._told_at = time.monotonic()
            count, total = self._fetched
            self._say(f"fetched {count:,} files, {total / 1e6:,.0f} MB from {self}")


ShardFolder = Path | RemoteFolder
"""A shard folder of this machine, or one elsewhere that was opened."""


def opened(
    place: Path | Address,
    cache: CacheSettings | None = None,
    *,
    leave: Callable[[], None] = lambda: None,
    say: Callable[[str], None] = lambda _: None,
) -> ShardFolder:
    """Open what a user named as a shard folder; one of this machine stays its path.

    Args:
        place: A path or an address.
        cache: Where files of an address are kept; the default folder and size without.
        leave: Called now and then by the main thread while it waits.
        say: Told now and then how much was fetched.
    """
    if isinstance(place, Path):
        return place
    cache = cache or CacheSettings()
    folder = cache.cache or cache_folder() / "shards"
    return RemoteFolder(place, Cache(folder, cache.cache_size), leave=leave, say=say)


def folder_name(folder: ShardFolder) -> str:
    """Return a shard folder's own name, by which pages and reports call it."""
    if isinstance(folder, Path):
        return folder.resolve().name or str(folder)
    return str(folder).rstrip("/").rpartition("/")[2] or str(folder)


def as_folder(folder: Path | str | RemoteFolder) -> ShardFolder:
    """Take what Python callers name as a shard folder: a path, an address as text, an opened one.

    Raises:
        UsageError: It is none of these.
    """
    if not isinstance(folder, str):
        return folder
    try:
        return opened(read_place(folder))
    except ValueError as error:
        remedy = "give a folder or an address"
        raise UsageError(problem("a shard folder", "a path", repr(folder), remedy)) from error


def _nothing(*_: object) -> None:
    """Say nothing, leave never."""
