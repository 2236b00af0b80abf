"""The cache of shards elsewhere: its bounds, its readers, and what else lies in its folder."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from disks import FullDisk
from far_folders import SHARD, far, names, read_far, read_near, refusal
from web_folders import WebFolder

from data_manifest.listed import read_listed
from data_manifest.manifest import open_manifest
from data_manifest.remote.cache import Cache
from shared.errors import NoSpaceError, UsageError
from shared.files import Disk


def test_a_rotten_copy_is_fetched_anew(web: WebFolder, shards: Path, tmp_path: Path) -> None:
    read_far(far(web, tmp_path))
    entry = next(s for s in open_manifest(shards).shards if s.file == SHARD)
    copy = tmp_path / f"{entry.sha256}.file"
    content = bytearray(copy.read_bytes())
    content[99] ^= 1
    copy.write_bytes(content)
    assert read_far(far(web, tmp_path)) == read_near(shards)
    assert web.asked[SHARD] == 2


def test_the_cache_stays_in_its_bounds_and_removes_what_was_used_longest_ago(
    web: WebFolder, shards: Path, tmp_path: Path
) -> None:
    entries = open_manifest(shards).shards
    room = sum(entry.num_bytes for entry in entries[:3]) + 10
    folder = far(web, tmp_path, room)
    for entry in (*entries[:3], entries[0], entries[3]):  # the second one was used longest ago
        read_listed(folder, entry)
    kept = [entries[2], entries[0], entries[3]]
    assert names(tmp_path) == sorted(f"{entry.sha256}.file" for entry in kept)
    assert sum(path.stat().st_size for path in tmp_path.glob("*.file")) <= room
    assert read_far(folder) == read_near(shards)


def test_a_cache_too_small_for_one_shard_says_so(web: WebFolder, tmp_path: Path) -> None:
    message = refusal(far(web, tmp_path, 1_000), UsageError)
    assert message.startswith("--cache-size: expected ") and "a larger --cache-size" in message


def test_leftovers_of_other_shards_are_removed_when_room_is_needed(
    web: WebFolder, shards: Path, tmp_path: Path
) -> None:
    entries = open_manifest(shards).shards
    web.always[entries[0].file] = "503"
    folder = far(web, tmp_path, entries[1].num_bytes + 100)
    with pytest.raises(UsageError):
        read_listed(folder, entries[0])
    part = tmp_path / f"{entries[0].sha256}.part"
    part.write_bytes(b"x" * 5_000)
    read_listed(folder, entries[1])
    assert names(tmp_path) == [f"{entries[1].sha256}.file"]


def test_what_is_being_read_is_not_removed(web: WebFolder, shards: Path, tmp_path: Path) -> None:
    entries = open_manifest(shards).shards
    folder = far(web, tmp_path, max(entry.num_bytes for entry in entries) + 10)
    with folder.here(entries[0].wanted) as path:
        read_listed(far(web, tmp_path, folder.cache.max_bytes), entries[1])
        assert path.read_bytes() == (shards / entries[0].file).read_bytes()
    read_listed(folder, entries[2])
    assert names(tmp_path) == [f"{entries[2].sha256}.file"]


def test_two_readers_of_one_cache_fetch_each_shard_once(
    web: WebFolder, shards: Path, tmp_path: Path
) -> None:
    web.faults[SHARD].append("slow")
    found: list[list[bytes]] = []
    readers = [
        threading.Thread(target=lambda: found.append(read_far(far(web, tmp_path))))
        for _ in range(4)
    ]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert found == [read_near(shards)] * 4
    assert all(web.asked[entry.file] == 1 for entry in open_manifest(shards).shards)


def test_strangers_files_in_the_cache_are_neither_used_nor_removed(
    web: WebFolder, shards: Path, tmp_path: Path
) -> None:
    entry = open_manifest(shards).shards[0]
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "holiday.png").write_text("the only copy")
    message = refusal(far(web, tmp_path / "a"), UsageError)
    assert "holiday.png; choose another --cache" in message
    assert names(tmp_path / "a") == ["holiday.png"]
    read_far(far(web, tmp_path / "b"))
    (tmp_path / "b" / f"{entry.sha256}.file").unlink()
    marker = tmp_path / "b" / ".posegan.json"
    marker.write_text(marker.read_text().replace(f"{entry.sha256}.file", "0.file"))
    stranger = tmp_path / "b" / f"{entry.sha256}.file"
    stranger.write_text("the only copy")
    assert "not of shard-cache" in refusal(far(web, tmp_path / "b"), UsageError)
    assert stranger.read_text() == "the only copy"


@pytest.mark.parametrize("kind", ["a link", "a pipe", "a folder"])
def test_odd_things_in_the_place_of_a_copy_are_no_harm(
    web: WebFolder, shards: Path, tmp_path: Path, kind: str
) -> None:
    read_far(far(web, tmp_path / "cache"))
    entry = open_manifest(shards).shards[0]
    copy, aside = tmp_path / "cache" / f"{entry.sha256}.file", tmp_path / "aside"
    copy.unlink()
    aside.write_text("the only copy")
    makers = {"a link": lambda: copy.symlink_to(aside), "a pipe": lambda: os.mkfifo(copy)}
    makers.get(kind, copy.mkdir)()
    if kind == "a folder":
        assert "expected a file, found a folder" in refusal(
            far(web, tmp_path / "cache"), UsageError
        )
    else:
        assert read_far(far(web, tmp_path / "cache")) == read_near(shards)
    assert aside.read_text() == "the only copy"


def test_a_full_disk_is_told_and_what_came_is_kept(
    web: WebFolder, shards: Path, tmp_path: Path
) -> None:
    folder = far(web, tmp_path)
    folder.cache = Cache(tmp_path, 10**9, FullDisk(room=60_000))
    assert "space" in refusal(folder, NoSpaceError)
    assert read_far(far(web, tmp_path)) == read_near(shards)


def test_no_space_is_told_before_anything_comes(
    web: WebFolder, shards: Path, tmp_path: Path
) -> None:
    class Small(Disk):
        def free_bytes(self, folder: Path) -> int:
            return 1_000

    folder = far(web, tmp_path)
    folder.cache = Cache(tmp_path, 10**9, Small())
    assert "1,000" in refusal(folder, NoSpaceError)
    assert not [name for name in web.asked if name.endswith(".h5")]
