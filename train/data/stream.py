"""Windows of shards: what a feed reads from, whether all shards fit in memory or not."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol

import torch

from data_manifest.arrays import ShardArrays
from data_manifest.listed import read_all, read_listed
from data_manifest.manifest import ShardEntry
from data_manifest.remote.folder import RemoteFolder, ShardFolder
from train.data.order import Order, Picks, Window
from train.data.store import Samples, Store, store_from


class Windows(Protocol):
    """Gathers picked samples; windows are asked for in the order of training."""

    def gather(self, picks: Picks, out: Samples | None = None) -> Samples:
        """Copy the samples together, into buffers where there are any."""

    def interrupt(self) -> None:
        """Make whoever waits for samples give up, as they come from far; nothing is asked again."""

    def close(self) -> None:
        """Release memory and threads."""


class ResidentWindows:
    """All shards in one store: every window is the same one.

    Args:
        store: All shards of the split, in the manifest's order.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def gather(self, picks: Picks, out: Samples | None = None) -> Samples:
        """Copy the samples together, into buffers where there are any."""
        return self._store.gather(torch.from_numpy(picks.pairs), out)

    def interrupt(self) -> None:
        """Nothing to do: nobody ever waits."""

    def close(self) -> None:
        """Nothing to do: the store goes with its last user."""


class StreamedWindows:
    """Reads the shards of a window from disk, the next window while the present one is used.

    At most two windows are in memory. Shards that lie elsewhere are fetched with their window.
    A shard's hash is checked when it is read for the first
    time; the checks of its structure are made every time.

    Args:
        folder: The shard folder.
        shards: The split's shards, in the manifest's order.
        order: Tells which window comes next.
    """

    def __init__(self, folder: ShardFolder, shards: Sequence[ShardEntry], order: Order) -> None:
        self._folder = folder
        self._shards = tuple(shards)
        self._order = order
        self._trusted: set[int] = set()
        self._closed = threading.Event()
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="windows")
        self._loads: dict[Window, Future[Store]] = {}

    def gather(self, picks: Picks, out: Samples | None = None) -> Samples:
        """Copy the samples together, into buffers where there are any."""
        return self._store(picks.window).gather(torch.from_numpy(picks.local), out)

    def _store(self, window: Window) -> Store:
        """Return the window's store; start reading the window after it."""
        following = self._order.window_after(window)
        wanted = (window, following)
        self._loads = {w: load for w, load in self._loads.items() if w in wanted}
        for each in wanted:
            if each not in self._loads:
                self._loads[each] = self._pool.submit(self._read, each)
        return self._loads[window].result()

    def interrupt(self) -> None:
        """Make whoever waits for a shard give up."""
        self._closed.set()

    def close(self) -> None:
        """Stop reading ahead."""
        self.interrupt()
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._loads = {}

    def _read(self, window: Window) -> Store:
        if isinstance(self._folder, RemoteFolder):
            shards = [self._shards[number] for number in window.shards]
            return store_from(read_all(self._folder, shards, halted=self._closed.is_set))
        return store_from([self._read_shard(number) for number in window.shards])

    def _read_shard(self, number: int) -> ShardArrays:
        trusted = number in self._trusted
        arrays = read_listed(self._folder, self._shards[number], trusted=trusted)
        self._trusted.add(number)
        return arrays
