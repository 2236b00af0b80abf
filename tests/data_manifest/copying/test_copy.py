"""Copies of shard folders: whole, checked, resumed, and nobody else's file replaced."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from disks import FullDisk
from odd_values import noted
from shard_folders import publish_folder
from web_folders import WebFolder, served

from data_manifest.copying.copy import copy_shards
from data_manifest.manifest import open_manifest
from data_manifest.remote.answers import Patience
from data_manifest.settings import CacheSettings, CopySettings
from data_manifest.validate import findings
from shared.addresses import Address, read_place
from shared.console import Console
from shared.errors import DamagedError, LockedError, NoSpaceError, PoseGanError, UsageError
from shared.files import Disk
from shared.folder_lock import folder_lock

QUICK = Patience(tries=3, first_wait_s=0.01)
SHARD = "train-00000.h5"


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("copied") / "shards"
    publish_folder(folder)
    return folder


@pytest.fixture
def web(shards: Path) -> Iterator[WebFolder]:
    with served(shards) as found:
        yield found


def copy(
    src: object, dst: object, *, disk: Disk | None = None, dry_run: bool = False, cache: str = ""
) -> None:
    """Copy without a word."""
    settings = CopySettings(src=read_place(str(src)), dst=read_place(str(dst)), dry_run=dry_run)
    kept = CacheSettings(cache=Path(cache) if cache else None)
    copy_shards(settings, Console(mute=True), kept, patience=QUICK, disk=disk)


def content(folder: Path) -> dict[str, bytes]:
    """The files of a shard folder, without what says whose it is."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name[0] != "."}


def kept(folder: Path) -> dict[str, object]:
    """Everything in a folder but who held it last."""
    return {name: found for name, found in noted(folder).items() if name != ".lock"}


def refused(kind: type[PoseGanError], src: object, dst: object, **how: object) -> str:
    with pytest.raises(kind) as caught:
        copy(src, dst, **how)  # type: ignore[arg-type]
    assert "\n" not in caught.value.message
    return caught.value.message


def test_a_local_copy_is_the_folder_and_keeps_every_promise(shards: Path, tmp_path: Path) -> None:
    copy(shards, tmp_path / "copy")
    assert content(tmp_path / "copy") == content(shards)
    assert findings(tmp_path / "copy") == []
    before = kept(tmp_path / "copy")
    copy(shards, tmp_path / "copy")
    assert kept(tmp_path / "copy") == before


def test_a_copy_from_the_web_is_the_folder(web: WebFolder, shards: Path, tmp_path: Path) -> None:
    web.faults[SHARD] += ["cut", "wrong", "503"]
    copy(web.address, tmp_path / "copy")
    assert content(tmp_path / "copy") == content(shards)


@pytest.mark.parametrize("file", ["train-00001.h5", "pairs-train.csv", "test-00000.h5"])
def test_a_copy_cut_short_has_no_manifest_and_goes_on(
    web: WebFolder, shards: Path, tmp_path: Path, file: str
) -> None:
    web.always[file] = "503"
    refused(UsageError, web.address, tmp_path / "copy")
    assert not (tmp_path / "copy" / "manifest.json").exists()
    web.always.clear()
    asked = dict(web.asked)
    copy(web.address, tmp_path / "copy")
    assert content(tmp_path / "copy") == content(shards)
    assert web.asked[SHARD] == asked[SHARD] == 1


def test_a_damaged_file_of_a_copy_is_copied_anew(shards: Path, tmp_path: Path) -> None:
    copy(shards, tmp_path / "copy")
    (tmp_path / "copy" / SHARD).write_bytes(b"rotten")
    copy(shards, tmp_path / "copy")
    assert content(tmp_path / "copy") == content(shards)


def test_a_damaged_source_is_never_copied(shards: Path, tmp_path: Path) -> None:
    copy(shards, tmp_path / "source")
    data = bytearray((tmp_path / "source" / SHARD).read_bytes())
    data[100] ^= 1
    (tmp_path / "source" / SHARD).write_bytes(data)
    assert SHARD in refused(DamagedError, tmp_path / "source", tmp_path / "copy")
    (tmp_path / "source" / SHARD).unlink()
    assert "no such file" in refused(DamagedError, tmp_path / "source", tmp_path / "copy")
    assert not (tmp_path / "copy" / "manifest.json").exists()


def test_nothing_of_anybody_else_is_replaced(shards: Path, tmp_path: Path) -> None:
    for number, name in enumerate((SHARD, "manifest.json", "holiday.png", f".{SHARD}.copy")):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / name).write_text("the only copy")
        assert name in refused(UsageError, shards, folder)
        assert noted(folder) == {name: b"the only copy"}
    copy(shards, tmp_path / "copy")
    before = kept(tmp_path / "copy")
    publish_other(tmp_path / "other")
    assert "a copy of other shards" in refused(UsageError, tmp_path / "other", tmp_path / "copy")
    assert kept(tmp_path / "copy") == before


def publish_other(folder: Path) -> None:
    from drawn_shards import publish_shards

    publish_shards(folder, train_shards=1)


def test_a_folder_is_not_copied_onto_itself_nor_while_somebody_holds_it(
    shards: Path, tmp_path: Path
) -> None:
    assert "another folder than SRC" in refused(UsageError, shards, shards)
    with folder_lock(tmp_path / "copy"):
        refused(LockedError, shards, tmp_path / "copy")


def test_a_full_disk_is_told_and_the_copy_goes_on(shards: Path, tmp_path: Path) -> None:
    refused(NoSpaceError, shards, tmp_path / "copy", disk=FullDisk(room=30_000))
    assert not (tmp_path / "copy" / "manifest.json").exists()
    copy(shards, tmp_path / "copy")
    assert content(tmp_path / "copy") == content(shards)


def test_a_dry_run_writes_nothing(web: WebFolder, shards: Path, tmp_path: Path) -> None:
    copy(shards, tmp_path / "copy", dry_run=True)
    copy(web.address, tmp_path / "copy", dry_run=True)
    assert list(tmp_path.iterdir()) == []


def test_a_web_server_takes_no_copy(web: WebFolder, shards: Path) -> None:
    assert "found a web server" in refused(UsageError, shards, web.address)


def test_a_forged_manifest_leads_nowhere(web: WebFolder, shards: Path, tmp_path: Path) -> None:
    from data_manifest.manifest import publish_manifest

    copy(shards, tmp_path / "forged")
    manifest = open_manifest(shards)
    for files in ({"../evil.csv": "0" * 64}, {"images.csv": "../../evil"}):
        forged = type(manifest)(**{**vars(manifest), "files": files})
        publish_manifest(tmp_path / "forged", forged)
        refused(DamagedError, tmp_path / "forged", tmp_path / "copy")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["forged"]


def test_a_copy_in_another_file_system_is_whole_and_not_replaced(
    shards: Path, tmp_path: Path
) -> None:
    import fsspec

    there = fsspec.filesystem("memory")
    copy(shards, "memory://bucket/copy")
    found = {Path(name).name: there.cat_file(name) for name in there.find("/bucket/copy")}
    marker = json.loads(found.pop(".posegan.json"))
    assert found == content(shards) and marker["made_by"] == "copy-shards"
    copy("memory://bucket/copy", tmp_path / "back", cache=str(tmp_path / "cache"))
    assert content(tmp_path / "back") == content(shards)
    publish_other(tmp_path / "other")
    assert "other shards" in refused(UsageError, tmp_path / "other", "memory://bucket/copy")
    there.pipe_file("/bucket/else/" + SHARD, b"the only copy")
    assert "not of copy-shards" in refused(UsageError, shards, "memory://bucket/else")
    assert there.find("/bucket/else") == ["/bucket/else/" + SHARD]
    assert isinstance(read_place("memory://bucket/copy"), Address)
    there.rm("/bucket", recursive=True)


def test_a_copy_elsewhere_that_was_cut_short_goes_on(shards: Path, tmp_path: Path) -> None:
    import fsspec

    there = fsspec.filesystem("memory")
    copy(shards, "memory://cut/copy")
    there.rm_file("/cut/copy/manifest.json")
    there.rm_file("/cut/copy/test-00000.h5")
    there.pipe_file(f"/cut/copy/{SHARD}", b"torn")
    copy(shards, "memory://cut/copy")
    assert there.cat_file(f"/cut/copy/{SHARD}") == (shards / SHARD).read_bytes()
    assert there.exists("/cut/copy/manifest.json")
    copy("memory://cut/copy", "memory://cut/again", cache=str(tmp_path / "cache"))
    assert there.cat_file(f"/cut/again/{SHARD}") == (shards / SHARD).read_bytes()
    there.rm("/cut", recursive=True)
