"""The train split, opened once along the path that fits: on the device, in RAM, or streamed."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Literal

import torch

from data_manifest.manifest import ShardEntry
from data_manifest.remote.folder import ShardFolder
from train.data.feed import DeviceFeed, Feed, PrefetchFeed
from train.data.order import Order, Share
from train.data.store import load_store, store_bytes
from train.data.stream import ResidentWindows, StreamedWindows

DataHome = Literal["device", "ram", "stream"]

STREAM_WINDOW = 4
"""Shards in memory at a time when nothing else is asked for."""

MAX_SHARE = 0.5
"""The data may take up to this share of the memory that is free."""


def choose_path(num_bytes: int, device: torch.device, *, num_here: int = 1) -> DataHome:
    """Choose where samples lie: as near to the computation as they fit.

    Args:
        num_bytes: What the split needs in memory.
        device: The training device.
        num_here: Processes that each hold the split in this machine's memory.
    """
    fits_in_ram = num_here * num_bytes < MAX_SHARE * free_ram_bytes()
    if device.type == "cuda":
        if num_bytes < MAX_SHARE * torch.cuda.mem_get_info(device)[0]:
            return "device"
        return "ram" if fits_in_ram else "stream"
    return "device" if fits_in_ram else "stream"


def free_ram_bytes() -> int:
    """Return the memory that is free now."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_AVPHYS_PAGES")


class TrainSplit:
    """The samples of the train split, handed out as feeds that begin at any batch.

    Args:
        folder: The shard folder.
        shards: The split's shards with pairs.
        path: Where the samples lie; None for the nearest to the device that they fit in.
        image_size: (height, width) in pixels.
        device: The training device.
        num_here: Processes that each hold the split in this machine's memory.

    Raises:
        DamagedError: A shard is not what the manifest says.
    """

    def __init__(
        self,
        folder: ShardFolder,
        shards: Sequence[ShardEntry],
        *,
        path: DataHome | None,
        image_size: tuple[int, int],
        device: torch.device,
        num_here: int = 1,
    ) -> None:
        self._folder = folder
        self._shards = tuple(shards)
        self._image_size = image_size
        self._device = device
        self.num_bytes = store_bytes(shards)
        self.path = path or choose_path(self.num_bytes, device, num_here=num_here)
        self._store = None if self.path == "stream" else load_store(folder, shards)
        if self._store is not None and self.path == "device":
            self._store = self._store.to(device)

    @property
    def window_shards(self) -> int:
        """Shards in memory at a time that this path asks for; 0 for all."""
        return STREAM_WINDOW if self.path == "stream" else 0

    @property
    def shard_sizes(self) -> tuple[int, ...]:
        """Pairs in each shard."""
        return tuple(shard.num_pairs for shard in self._shards)

    def feed(self, share: Share, *, first: int) -> Feed:
        """Open a feed.

        Args:
            share: This rank's part of the order of samples.
            first: Number of the first batch.
        """
        if self._store is not None and self.path == "device":
            return DeviceFeed(self._store, share, first=first)
        windows = (
            StreamedWindows(self._folder, self._shards, share.order)
            if self._store is None
            else ResidentWindows(self._store)
        )
        return PrefetchFeed(
            windows, share, first=first, image_size=self._image_size, device=self._device
        )

    def describe(self, order: Order, *, batch: int, number: int) -> list[dict[str, object]]:
        """Tell which pairs a batch holds: shard file, row of the pair, mirrored or not."""
        found: list[dict[str, object]] = []
        for picks in order.batch(number, batch):
            for pair, mirrored in zip(picks.pairs.tolist(), picks.mirrored.tolist(), strict=True):
                row, shard = pair, 0
                while row >= self._shards[shard].num_pairs:
                    row -= self._shards[shard].num_pairs
                    shard += 1
                file = self._shards[shard].file
                found.append({"shard": file, "pair_row": row, "mirrored": mirrored})
        return found
