"""Shard folders on a web server of this machine, and how tests read them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from web_folders import WebFolder

from data_manifest.listed import read_all
from data_manifest.manifest import open_manifest
from data_manifest.remote.answers import Patience
from data_manifest.remote.cache import Cache
from data_manifest.remote.folder import RemoteFolder
from data_manifest.shard import read_shard
from shared.addresses import Address
from shared.errors import PoseGanError

QUICK = Patience(tries=4, first_wait_s=0.01)
SHARD = "train-00001.h5"


def far(
    web: WebFolder,
    cache: Path,
    max_bytes: int = 10**9,
    address: str = "",
    leave: Callable[[], None] = lambda: None,
) -> RemoteFolder:
    place = Address(address or web.address)
    return RemoteFolder(place, Cache(cache, max_bytes), patience=QUICK, leave=leave)


def read_far(folder: RemoteFolder) -> list[bytes]:
    manifest = open_manifest(folder)
    return [arrays.images.tobytes() for arrays in read_all(folder, manifest.shards)]


def read_near(folder: Path) -> list[bytes]:
    return [read_shard(folder / s.file).images.tobytes() for s in open_manifest(folder).shards]


def refusal(folder: RemoteFolder, kind: type[PoseGanError]) -> str:
    with pytest.raises(kind) as caught:
        read_far(folder)
    assert "\n" not in caught.value.message
    return caught.value.message


def names(cache: Path) -> list[str]:
    return sorted(path.name for path in cache.iterdir() if not path.name.startswith("."))
