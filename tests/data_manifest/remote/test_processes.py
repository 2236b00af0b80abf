"""Commands that share one cache as processes: side by side, and killed while files come."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest
from commands import program
from far_folders import SHARD, names
from shard_folders import publish_folder
from web_folders import SILENT_S, WebFolder

from data_manifest.manifest import open_manifest

pytestmark = pytest.mark.process
LIMIT_S = 120
SMALL_BLOCKS = (
    "from data_manifest.remote import transfer; "
    "transfer.BLOCK_BYTES, transfer.LEAST_BYTES = 2_000, 500; "
)
"""So that the drawn shards, a few kilobytes each, come in several requests."""


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that keeps every promise, tables and all."""
    folder = tmp_path_factory.mktemp("elsewhere") / "shards"
    publish_folder(folder)
    return folder


def begin(web: WebFolder, cache: Path) -> subprocess.Popen[str]:
    words = [web.address, "--verify", "--cache", str(cache)]
    return subprocess.Popen(
        program("inspect-shards", *words, before=SMALL_BLOCKS),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def require_done(process: subprocess.Popen[str]) -> None:
    _, errors = process.communicate(timeout=LIMIT_S)
    assert process.returncode == 0, errors


def require_whole(cache: Path, shards: Path) -> None:
    """Demand that every shard lies in the cache by its hash, and nothing half-way."""
    entries = open_manifest(shards).shards
    assert not [name for name in names(cache) if name.endswith(".part")]
    for entry in entries:
        assert (cache / f"{entry.sha256}.file").read_bytes() == (shards / entry.file).read_bytes()


def test_two_commands_on_one_cache_fetch_each_shard_once(
    web: WebFolder, shards: Path, tmp_path: Path
) -> None:
    for entry in open_manifest(shards).shards:
        web.faults[entry.file].append("slow")
    readers = [begin(web, tmp_path / "cache") for _ in range(2)]
    for reader in readers:
        require_done(reader)
    require_whole(tmp_path / "cache", shards)
    for entry in open_manifest(shards).shards:
        assert web.parts[entry.file] == sorted(set(web.parts[entry.file])), "fetched twice"


def test_what_a_killed_command_fetched_is_kept_and_the_next_goes_on(
    web: WebFolder, shards: Path, tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    for entry in open_manifest(shards).shards:
        web.always[entry.file] = "slow"
    for num_requests in (2, 4, 6):
        reader = begin(web, cache)
        wait_for(web, num_requests, reader)
        reader.kill()
        reader.communicate(timeout=LIMIT_S)
    web.always.clear()
    require_done(begin(web, cache))
    require_whole(cache, shards)
    assert web.parts[SHARD].count(0) == 1, "what had come was fetched once more"


def wait_for(web: WebFolder, num_requests: int, reader: subprocess.Popen[str]) -> None:
    """Wait until the slow shard was asked for so many times."""
    deadline = time.monotonic() + LIMIT_S
    while len(web.parts[SHARD]) <= num_requests and time.monotonic() < deadline:
        assert reader.poll() is None, reader.communicate()[1]
        time.sleep(0.01)


@pytest.mark.parametrize("name", ["manifest.json", SHARD])
def test_sigterm_ends_a_training_that_waits_for_a_silent_server(
    web: WebFolder, tmp_path: Path, name: str
) -> None:
    web.always[name] = "silent"
    words = [web.address, "--out", tmp_path / "run", "--cache", tmp_path / "cache"]
    process = subprocess.Popen(
        program("train-gan", "--preset", "dsc", "--device", "cpu", "--shards", *words),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    deadline = time.monotonic() + LIMIT_S
    while not web.asked[name] and time.monotonic() < deadline:
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.01)
    begin = time.monotonic()
    process.terminate()
    _, said = process.communicate(timeout=LIMIT_S)
    assert time.monotonic() - begin < SILENT_S / 4
    assert (process.returncode, said.count("error: ")) == (75, 1), said
