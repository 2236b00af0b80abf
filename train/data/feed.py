"""Feeds: the batches of a run, one after the other, on the training device.

Three paths give the same samples for the same order: a store on the device itself, a store in
RAM, and windows streamed from disk. The last two gather in one thread of their own, into kept
buffers, while the device computes.
"""

from __future__ import annotations

import queue
import threading
from collections import deque
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from train.data.order import Picks, Share
from train.data.store import Samples, Store, empty_samples
from train.data.stream import Windows

RING_SIZE = 4
"""Buffers of a prefetching feed."""

HELD_BACK = 2
"""How many of them stay with the trainer: a GPU's copy may still read from them."""


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """This rank's samples of one batch.

    Args:
        number: Number of the batch in the run's order.
        samples: The samples, on the training device; valid until the next is drawn.
        mirrored: bool (b,), on the training device.
    """

    number: int
    samples: Samples
    mirrored: Tensor


class Feed(Protocol):
    """Draws batches number ``first``, ``first + 1`` and so on."""

    def draw(self) -> Drawn:
        """Return the next batch; waits where it is not ready."""

    def close(self) -> None:
        """Stop threads and give memory back."""


def fill(windows: Windows, picks: list[Picks], out: Samples) -> None:
    """Gather picked samples into buffers."""
    start = 0
    for pick in picks:
        stop = start + len(pick.pairs)
        windows.gather(pick, out.part(start, stop))
        start = stop


def mirrored_of(picks: list[Picks]) -> Tensor:
    """Tell which of the picked samples are shown mirrored, as bool (b,)."""
    return torch.from_numpy(np.concatenate([pick.mirrored for pick in picks]))


class DeviceFeed:
    """Gathers on the training device, from a store that lies there.

    Args:
        store: All shards of the split, on the training device.
        share: This rank's part of the run's order.
        first: Number of the first batch.
    """

    def __init__(self, store: Store, share: Share, *, first: int) -> None:
        self._store = store
        self._share = share
        self._next = first
        self._device = store.images.device

    def draw(self) -> Drawn:
        """Return the next batch."""
        picks = self._share.picks(self._next)
        pairs = torch.from_numpy(np.concatenate([pick.pairs for pick in picks]))
        drawn = Drawn(
            number=self._next,
            samples=self._store.gather(pairs.to(self._device, non_blocking=True)),
            mirrored=mirrored_of(picks).to(self._device, non_blocking=True),
        )
        self._next += 1
        return drawn

    def close(self) -> None:
        """Nothing to do: the store goes with its last user."""


@dataclass(frozen=True, kw_only=True)
class _Filled:
    number: int
    buffers: Samples
    mirrored: Tensor


class PrefetchFeed:
    """Gathers in a thread of its own, into a ring of kept buffers.

    Args:
        windows: Where the samples lie.
        share: This rank's part of the run's order.
        first: Number of the first batch.
        image_size: (height, width) of the images.
        device: Where the batches are wanted. For CUDA the ring is page-locked.
    """

    def __init__(
        self,
        windows: Windows,
        share: Share,
        *,
        first: int,
        image_size: tuple[int, int],
        device: torch.device,
    ) -> None:
        self._windows = windows
        self._share = share
        self._next = first
        self._image_size = image_size
        self._device = device
        self._pinned = device.type == "cuda"
        self._free: queue.Queue[Samples | None] = queue.Queue()
        self._ready: queue.Queue[_Filled | BaseException] = queue.Queue()
        self._given: deque[tuple[Samples, torch.cuda.Event | None]] = deque()
        self._thread = threading.Thread(target=self._work, name="prefetch", daemon=True)
        self._thread.start()

    def draw(self) -> Drawn:
        """Return the next batch; waits until the thread has gathered it."""
        while len(self._given) >= HELD_BACK:
            self._take_back(*self._given.popleft())
        filled = self._ready.get()
        if isinstance(filled, BaseException):
            self._ready.put(filled)
            raise filled
        samples, copied = filled.buffers, None
        if self._pinned:
            samples = samples.to(self._device)
            copied = torch.cuda.Event()  # type: ignore[no-untyped-call]
            copied.record()
        self._given.append((filled.buffers, copied))
        mirrored = filled.mirrored.to(self._device, non_blocking=True)
        return Drawn(number=filled.number, samples=samples, mirrored=mirrored)

    def close(self) -> None:
        """Stop the thread and close the windows."""
        self._windows.interrupt()
        self._free.put(None)
        self._thread.join()
        self._windows.close()

    def _take_back(self, buffers: Samples, copied: torch.cuda.Event | None) -> None:
        if copied is not None:
            copied.synchronize()
        self._free.put(buffers)

    def _work(self) -> None:
        try:
            number = self._next
            for _ in range(RING_SIZE):
                picks = self._share.picks(number)
                buffers = empty_samples(self._share.size, self._image_size, pinned=self._pinned)
                self._fill(number, picks, buffers)
                number += 1
            while (free := self._free.get()) is not None:
                self._fill(number, self._share.picks(number), free)
                number += 1
        except BaseException as error:
            self._ready.put(error)

    def _fill(self, number: int, picks: list[Picks], buffers: Samples) -> None:
        fill(self._windows, picks, buffers)
        self._ready.put(_Filled(number=number, buffers=buffers, mirrored=mirrored_of(picks)))
