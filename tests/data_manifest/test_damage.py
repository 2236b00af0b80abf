"""Promise: a damaged, swapped or foreign shard is never used."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from corruption import ACCIDENTS, corrupted, outcomes
from shard_folders import publish_folder, small_arrays

from data_manifest import load_images, load_pairs
from data_manifest.arrays import ShardArrays
from data_manifest.manifest import open_manifest
from data_manifest.shard import read_shard, shard_bytes
from shared.errors import DamagedError, UsageError

pytestmark = pytest.mark.process

HOW_MANY = [
    pytest.param(300, id="300"),
    pytest.param(3_000, id="3000", marks=pytest.mark.promises),
    pytest.param(100_000, id="100000", marks=pytest.mark.soak),
]
HARMLESS = {"refused", "same"}


def same(left: ShardArrays, right: ShardArrays) -> bool:
    return all(
        np.array_equal(values, getattr(right, name), equal_nan=values.dtype.kind == "f")
        for name, values in left.as_mapping().items()
    )


def judge_alone(folder: Path) -> Callable[[int], str]:
    """Read accidents without the manifest's hash: the file's own checksums are all there is."""
    arrays = small_arrays(1, (4, 5), images=5)
    good, path = shard_bytes(arrays, "train"), folder / "train-00000.h5"

    def judge(seed: int) -> str:
        path.write_bytes(corrupted(good, good, seed, ACCIDENTS))
        try:
            found = read_shard(path)
        except DamagedError:
            return "refused"
        return "same" if same(found, arrays) else "silent"

    return judge


def read_folder(folder: Path) -> list[object]:
    manifest = open_manifest(folder)
    tables = [load_pairs(folder, "train"), load_pairs(folder, "test"), load_images(folder)]
    shards = [read_shard(folder / entry.file, entry.sha256) for entry in manifest.shards]
    return [manifest, *(table.to_csv() for table in tables), *shards]


def judge_folder(folder: Path) -> Callable[[int], str]:
    """Damage any file of a shard folder, also with pieces of its other files."""
    publish_folder(folder)
    expected = read_folder(folder)
    files = sorted(folder.iterdir())
    contents = [file.read_bytes() for file in files]

    def judge(seed: int) -> str:
        which = seed % len(files)
        other = contents[(which + 1 + seed // 7) % len(files)]
        files[which].write_bytes(corrupted(contents[which], other, seed))
        try:
            found = read_folder(folder)
        except (DamagedError, UsageError):
            return "refused"
        finally:
            files[which].write_bytes(contents[which])
        equal = all(
            same(old, new) if isinstance(old, ShardArrays) else old == new
            for old, new in zip(expected, found, strict=True)
        )
        return "same" if equal else "silent"

    return judge


@pytest.mark.parametrize("count", HOW_MANY)
def test_damaged_files_are_never_used(tmp_path: Path, count: int):
    counts, failed = outcomes(judge_folder(tmp_path / "shards"), range(count))
    assert set(counts) <= HARMLESS, f"{dict(counts)}, for example seeds {failed[:5]}"
    assert counts.total() == count
    assert counts["refused"] > 0.8 * count


@pytest.mark.parametrize("count", HOW_MANY)
def test_a_damaged_shard_without_its_hash_neither_crashes_nor_hangs(tmp_path: Path, count: int):
    """The file's own checksums are 32 bits each: they miss about one accident in ten thousand."""
    counts, failed = outcomes(judge_alone(tmp_path), range(count))
    assert set(counts) <= HARMLESS | {"silent"}, f"{dict(counts)}, seeds {failed[:5]}"
    assert counts["silent"] <= count / 1000
    assert counts["refused"] > 0.8 * count


def test_every_swap_of_two_files_is_refused(tmp_path: Path):
    publish_folder(tmp_path)
    files = sorted(tmp_path.iterdir())
    contents = [file.read_bytes() for file in files]
    for file, content in zip(files, contents, strict=True):
        for other in contents:
            if other != content:
                file.write_bytes(other)
                with pytest.raises((DamagedError, UsageError)):
                    read_folder(tmp_path)
        file.write_bytes(content)


def test_a_crash_and_a_hang_are_noticed(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("corruption.ALARM_S", 1)

    def judge(seed: int) -> str:
        if seed == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        if seed == 5:
            time.sleep(60)
        if seed == 6:
            raise RuntimeError("a fault of ours")
        return "same"

    counts, failed = outcomes(judge, range(8))
    assert counts == {"same": 5, f"crash ({signal.SIGKILL:d})": 1, "hang": 1, "crash (99)": 1}
    assert failed == [3, 5, 6]
