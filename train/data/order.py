"""The order of training samples: a pure function of (seed, epoch, position, rank).

Nothing here has state that a checkpoint would have to keep: which pairs batch number k holds, and
which of them are mirrored, follows from the numbers alone. A resumed run asks for batch k and
gets what the undisturbed run got.

Convention:
    An epoch is a shuffled walk over all pairs of a split. It is cut into windows: the shards are
    shuffled, every ``window_shards`` of them form a window, and the pairs of a window are
    shuffled among themselves. With one window an epoch is a plain permutation. Positions count
    samples from the start of training on. A batch of w ranks is w equal parts that follow each
    other, the r-th of them rank r's: the samples of a batch do not depend on how many share it.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_SHARD_ORDER, _PAIR_ORDER, _MIRRORED = 1, 2, 3


@dataclass(frozen=True, kw_only=True)
class Window:
    """Shards that are in memory at the same time.

    Args:
        epoch: Number of the epoch, from 0.
        number: Number of the window within the epoch, from 0.
        shards: Indices of the shards, in the order in which their pairs are numbered.
        first: Position of the window's first sample, counted from the epoch's start.
        num_pairs: Pairs in all shards of the window.
    """

    epoch: int
    number: int
    shards: tuple[int, ...]
    first: int
    num_pairs: int


@dataclass(frozen=True, kw_only=True)
class Picks:
    """A run of samples of one window.

    Args:
        window: The window that holds them.
        pairs: int64 (k,), pair numbers in the whole split: shard after shard.
        local: int64 (k,), the same pairs as numbered within the window.
        mirrored: bool (k,), which samples are shown mirrored.
    """

    window: Window
    pairs: NDArray[np.int64]
    local: NDArray[np.int64]
    mirrored: NDArray[np.bool_]


class Order:
    """Which pairs every batch of a training run holds.

    Args:
        shard_sizes: Number of pairs in each shard, in the manifest's order.
        seed: Seed of the run.
        window_shards: Shards in memory at the same time; 0 means all.
        mirror: Probability that a sample is shown mirrored.
        detour: How often the run has been rolled back; each time it takes another order.
    """

    def __init__(
        self,
        shard_sizes: Sequence[int],
        *,
        seed: int,
        window_shards: int = 0,
        mirror: float = 0.0,
        detour: int = 0,
    ) -> None:
        self.shard_sizes = tuple(shard_sizes)
        self.num_pairs = sum(self.shard_sizes)
        ends = np.cumsum(self.shard_sizes).tolist()
        self._split_numbers = [
            np.arange(end - size, end) for end, size in zip(ends, self.shard_sizes, strict=True)
        ]
        self._key = (seed, detour)
        self._window_shards = window_shards or len(self.shard_sizes)
        self._mirror = mirror
        self._windows = functools.lru_cache(maxsize=4)(self._make_windows)
        self._walk = functools.lru_cache(maxsize=3)(self._make_walk)

    def windows(self, epoch: int) -> tuple[Window, ...]:
        """Return the windows of an epoch in the order in which they are walked."""
        return self._windows(epoch)

    def window_after(self, window: Window) -> Window:
        """Return the window that follows, in this epoch or the next."""
        windows = self.windows(window.epoch)
        last = window.number + 1 == len(windows)
        return self.windows(window.epoch + 1)[0] if last else windows[window.number + 1]

    def batch(self, number: int, size: int, *, rank: int = 0, world: int = 1) -> list[Picks]:
        """Return the samples of one batch.

        Args:
            number: Number of the batch, from 0.
            size: Samples of this rank in a batch.
            rank: Number of this process.
            world: Number of processes.

        Returns:
            One or more runs of samples, together ``size`` of them. A batch that reaches past the
            end of a window goes on with the next one.
        """
        position = (number * world + rank) * size
        epoch, offset = divmod(position, self.num_pairs)
        window = next(w for w in self.windows(epoch) if offset < w.first + w.num_pairs)
        start, missing, found = offset - window.first, size, []
        while missing:
            walk, part = self._walk(window), slice(start, start + missing)
            found.append(
                Picks(
                    window=window,
                    pairs=walk.pairs[part],
                    local=walk.local[part],
                    mirrored=walk.mirrored[part],
                )
            )
            missing -= len(found[-1].pairs)
            window, start = self.window_after(window), 0
        return found

    def _rng(self, purpose: int, epoch: int, window: int = 0) -> np.random.Generator:
        return np.random.default_rng((*self._key, purpose, epoch, window))

    def _make_windows(self, epoch: int) -> tuple[Window, ...]:
        shards = self._rng(_SHARD_ORDER, epoch).permutation(len(self.shard_sizes)).tolist()
        windows: list[Window] = []
        first = 0
        for start in range(0, len(shards), self._window_shards):
            members = tuple(sorted(shards[start : start + self._window_shards]))
            num_pairs = sum(self.shard_sizes[shard] for shard in members)
            if num_pairs:
                windows.append(
                    Window(
                        epoch=epoch,
                        number=len(windows),
                        shards=members,
                        first=first,
                        num_pairs=num_pairs,
                    )
                )
            first += num_pairs
        return tuple(windows)

    def _make_walk(self, window: Window) -> Picks:
        """Shuffle a whole window."""
        local = self._rng(_PAIR_ORDER, window.epoch, window.number).permutation(window.num_pairs)
        chances = self._rng(_MIRRORED, window.epoch, window.number).random(window.num_pairs)
        members = [self._split_numbers[shard] for shard in window.shards]
        return Picks(
            window=window,
            pairs=np.concatenate(members)[local],
            local=local,
            mirrored=chances < self._mirror,
        )


@dataclass(frozen=True)
class Share:
    """One rank's part of every batch of a run.

    Args:
        order: The order of the run.
        size: Samples of this rank in a batch; all ranks have as many.
        rank: Number of this process.
        ranks: Number of processes.
    """

    order: Order
    size: int
    rank: int = 0
    ranks: int = 1

    def picks(self, number: int) -> list[Picks]:
        """Return this rank's samples of a batch, numbered as all ranks together number it."""
        return self.order.batch(number, self.size, rank=self.rank, world=self.ranks)
