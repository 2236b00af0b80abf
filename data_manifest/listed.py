"""Shards as their manifest lists them, read from a folder here or elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from data_manifest.arrays import ShardArrays
from data_manifest.manifest import ShardEntry
from data_manifest.remote.answers import Halted, never
from data_manifest.remote.folder import RemoteFolder, ShardFolder
from data_manifest.shard import Shard, read_shard


@contextmanager
def listed_shard(folder: ShardFolder, entry: ShardEntry) -> Iterator[Shard]:
    """Open a shard whose arrays are read when they are asked for.

    Args:
        folder: The shard folder.
        entry: The shard.

    Raises:
        UsageError: It cannot be fetched, or is not there.
        DamagedError: It is not what the manifest lists.
        NoSpaceError: The disk of the cache is full.
    """
    if isinstance(folder, RemoteFolder):
        with folder.here(entry.wanted) as path, Shard(path) as shard:
            yield shard
    else:
        with Shard(folder / entry.file, entry.sha256) as shard:
            yield shard


def read_listed(
    folder: ShardFolder, entry: ShardEntry, *, trusted: bool = False, halted: Halted = never
) -> ShardArrays:
    """Read a whole shard; see :func:`read_all`.

    Args:
        folder: The shard folder.
        entry: The shard.
        trusted: Its hash was checked before; its structure is checked all the same.
        halted: Tells whether it is no longer wanted.
    """
    if isinstance(folder, RemoteFolder):
        with folder.here(entry.wanted, halted) as path:
            return read_shard(path)
    return read_shard(folder / entry.file, None if trusted else entry.sha256)


def read_all(
    folder: ShardFolder, entries: Iterable[ShardEntry], *, halted: Halted = never
) -> Iterator[ShardArrays]:
    """Read whole shards in their order; from elsewhere, those that follow are fetched meanwhile.

    Args:
        folder: The shard folder.
        entries: The shards.
        halted: Tells whether they are no longer wanted.

    Raises:
        UsageError: A shard cannot be fetched, or is not there.
        DamagedError: A shard is not what the manifest lists.
        NoSpaceError: The disk of the cache is full.
        StoppedError: They are no longer wanted.
    """
    if isinstance(folder, RemoteFolder):
        for path in folder.in_turn([entry.wanted for entry in entries], halted):
            yield read_shard(path)
    else:
        for entry in entries:
            yield read_shard(folder / entry.file, entry.sha256)
