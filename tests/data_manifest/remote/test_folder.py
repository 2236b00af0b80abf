"""Shards elsewhere: fetched once, checked, resumed; each fault of a server ends as it should."""

from __future__ import annotations

import pickle
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from far_folders import QUICK, SHARD, far, names, read_far, read_near, refusal
from web_folders import SILENT_S, WebFolder

from data_manifest.listed import read_all, read_listed
from data_manifest.manifest import Manifest, open_manifest
from data_manifest.remote import transfer
from data_manifest.remote.answers import HaltedError, Patience, asked, pause
from data_manifest.remote.cache import Cache
from data_manifest.remote.folder import RemoteFolder, as_folder, opened
from data_manifest.settings import CacheSettings
from data_manifest.shard import read_shard
from shared.addresses import Address
from shared.errors import DamagedError, PoseGanError, StoppedError, UsageError


def test_shards_elsewhere_are_those_of_the_folder_and_come_once(
    web: WebFolder, shards: Path, tmp_path: Path
) -> None:
    manifest = open_manifest(shards)
    assert open_manifest(far(web, tmp_path / "cache")) == manifest
    assert read_far(far(web, tmp_path / "cache")) == read_near(shards)
    assert read_far(far(web, tmp_path / "cache")) == read_near(shards)
    assert all(web.asked[entry.file] == 1 for entry in manifest.shards)
    assert names(tmp_path / "cache") == sorted(f"{s.sha256}.file" for s in manifest.shards)


def test_one_shard_can_be_read_by_itself(web: WebFolder, shards: Path, tmp_path: Path) -> None:
    entry = open_manifest(shards).shards[1]
    arrays = read_listed(far(web, tmp_path), entry)
    np.testing.assert_array_equal(arrays.joints, read_shard(shards / entry.file).joints)
    assert set(web.asked) == {entry.file}


@pytest.mark.parametrize("fault", ["cut", "slow", "wrong", "redirected", "503", "429"])
def test_a_fault_that_passes_is_overcome(
    web: WebFolder, shards: Path, tmp_path: Path, fault: str
) -> None:
    web.faults[SHARD].append(fault)
    assert read_far(far(web, tmp_path)) == read_near(shards)
    assert web.asked[SHARD] == (1 if fault == "slow" else 2)


def test_a_manifest_that_is_cut_is_asked_for_again(web: WebFolder, tmp_path: Path) -> None:
    web.faults["manifest.json"] += ["cut", "503"]
    assert isinstance(open_manifest(far(web, tmp_path)), Manifest)
    assert web.asked["manifest.json"] == 3


def test_a_broken_transfer_goes_on_where_it_broke(
    web: WebFolder, shards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfer, "BLOCK_BYTES", 16_000)
    monkeypatch.setattr(transfer, "LEAST_BYTES", 4_000)
    web.faults[SHARD] += ["", "cut", "", "503"]
    assert read_far(far(web, tmp_path)) == read_near(shards)
    starts = web.parts[SHARD]
    assert starts[:3] == [0, 16_000, 16_000] and starts == sorted(starts) and max(starts) > 40_000


def test_what_a_killed_command_left_is_taken_up(
    web: WebFolder, shards: Path, tmp_path: Path
) -> None:
    entry = next(s for s in open_manifest(shards).shards if s.file == SHARD)
    folder = far(web, tmp_path)
    web.always[SHARD] = "503"
    refusal(folder, UsageError)
    part = tmp_path / f"{entry.sha256}.part"
    part.write_bytes((shards / SHARD).read_bytes()[:5_000])
    web.always.clear()
    web.parts[SHARD].clear()
    assert read_far(far(web, tmp_path)) == read_near(shards)
    assert web.parts[SHARD] == [5_000] and not part.exists()


@pytest.mark.parametrize("knows_parts", [True, False])
def test_a_part_of_other_bytes_is_begun_anew(
    web: WebFolder, shards: Path, tmp_path: Path, knows_parts: bool
) -> None:
    entry = next(s for s in open_manifest(shards).shards if s.file == SHARD)
    web.always[SHARD] = "503"
    refusal(far(web, tmp_path), UsageError)
    (tmp_path / f"{entry.sha256}.part").write_bytes(b"x" * 7_000)
    web.always.clear()
    web.knows_parts = knows_parts
    assert read_far(far(web, tmp_path)) == read_near(shards)


def test_a_server_that_knows_no_parts_serves_too(
    web: WebFolder, shards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfer, "BLOCK_BYTES", 16_000)
    web.knows_parts = False
    web.faults[SHARD].append("cut")
    assert read_far(far(web, tmp_path)) == read_near(shards)


@pytest.mark.parametrize(
    ("file", "fault", "kind", "said"),
    [
        ("manifest.json", "404", UsageError, "expected a shard folder with manifest.json"),
        ("manifest.json", "403", UsageError, "found access refused (403); give its library cre"),
        ("manifest.json", "503", UsageError, "found HTTP status 503; check the network"),
        ("manifest.json", "400", UsageError, "found HTTP status 400; check the address"),
        ("manifest.json", "wrong", DamagedError, "manifest.json: expected"),
        (SHARD, "404", DamagedError, f"{SHARD}: expected a file that the manifest lists"),
        (SHARD, "403", UsageError, "found access refused (403)"),
        (SHARD, "503", UsageError, "found HTTP status 503; check the network"),
        (SHARD, "wrong", DamagedError, "found other bytes, twice"),
        (SHARD, "cut", UsageError, "found a transfer that broke off; check the network"),
    ],
)
def test_a_fault_that_stays_is_one_line_with_the_right_code(
    web: WebFolder, tmp_path: Path, file: str, fault: str, kind: type[PoseGanError], said: str
) -> None:
    web.always[file] = fault
    message = refusal(far(web, tmp_path), kind)
    assert said in message and message.startswith(web.address)


def test_no_server_is_one_line(tmp_path: Path, web: WebFolder) -> None:
    folder = far(web, tmp_path, address="http://127.0.0.1:9/shards")
    assert "found no connection; check the network" in refusal(folder, UsageError)


@pytest.mark.parametrize("fault", ["404", "403", "503", "wrong", "cut", ""])
def test_credentials_are_never_said(
    web: WebFolder, tmp_path: Path, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    secret = web.address.replace("//", "//user:pa55word@") + "?sig=T0KEN&x=1"
    said: list[str] = []
    caplog.set_level("DEBUG")
    for file in ("manifest.json", SHARD):
        folder = far(web, tmp_path / file, address=secret)
        if fault:
            web.always = {file: fault}
            said.append(refusal(folder, PoseGanError))
        else:
            read_far(folder)
        said += [str(folder), repr(folder), repr(folder.address), str(vars(folder))]
        marker = tmp_path / file / ".posegan.json"
        said.append(marker.read_text() if marker.exists() else "")
    whole = "\n".join([*said, caplog.text])
    assert "pa55word" not in whole and "T0KEN" not in whole and "user" not in whole
    assert all("sig=T0KEN&x=1 Basic " in word for word in web.words), web.words[:2]


def test_shards_that_follow_are_fetched_meanwhile(
    web: WebFolder, shards: Path, tmp_path: Path
) -> None:
    entries = open_manifest(shards).shards
    arrays = read_all(far(web, tmp_path), entries)
    next(arrays)
    for _ in range(200):
        if all(web.asked[entry.file] for entry in entries):
            break
        threading.Event().wait(0.02)
    assert all(web.asked[entry.file] == 1 for entry in entries)
    arrays.close()


def test_the_main_thread_leaves_where_it_is_asked_to(
    web: WebFolder, shards: Path, tmp_path: Path
) -> None:
    def leave() -> None:
        raise StoppedError("stopped by SIGTERM before the work began")

    web.always = {entry.file: "503" for entry in open_manifest(shards).shards}
    cache = Cache(tmp_path, 10**9)
    patience = Patience(tries=6, first_wait_s=5)
    folder = RemoteFolder(Address(web.address), cache, patience=patience, leave=leave)
    refusal(folder, StoppedError)


def test_a_reader_that_is_no_longer_wanted_gives_up(web: WebFolder, tmp_path: Path) -> None:
    web.always[SHARD] = "503"
    folder = RemoteFolder(
        Address(web.address), Cache(tmp_path, 10**9), patience=Patience(first_wait_s=60)
    )
    entries = open_manifest(folder).shards
    over = threading.Event()
    threading.Timer(0.3, over.set).start()
    with pytest.raises(StoppedError):
        list(read_all(folder, entries, halted=over.is_set))
    with pytest.raises(HaltedError):
        pause(60, over.is_set)


def test_a_server_that_says_nothing_is_not_waited_for(
    web: WebFolder, shards: Path, tmp_path: Path
) -> None:
    entries = open_manifest(shards).shards
    web.always[SHARD] = "silent"
    folder, over, begin = far(web, tmp_path), threading.Event(), time.monotonic()
    threading.Timer(0.5, over.set).start()
    with pytest.raises(StoppedError):
        list(read_all(folder, entries, halted=over.is_set))
    assert time.monotonic() - begin < SILENT_S / 4
    web.always.clear()
    assert read_far(far(web, tmp_path)) == read_near(shards)


@pytest.mark.parametrize("name", ["manifest.json", SHARD])
def test_the_main_thread_leaves_a_silent_server(web: WebFolder, tmp_path: Path, name: str) -> None:
    begin = time.monotonic()

    def leave() -> None:
        if time.monotonic() - begin > 0.5:
            raise StoppedError("asked to end")

    web.always[name] = "silent"
    folder = far(web, tmp_path, leave=leave)
    with pytest.raises(StoppedError, match="asked to end"):
        for entry in open_manifest(folder).shards:
            read_listed(folder, entry)
    assert time.monotonic() - begin < SILENT_S / 4


def test_waits_double_up_to_a_bound() -> None:
    waits = [Patience().wait_s(failures) for failures in range(1, 8)]
    assert waits == [0.5, 1, 2, 4, 8, 8, 8]
    assert asked(lambda: 3, QUICK) == 3


def test_an_opened_folder_goes_to_another_process(
    web: WebFolder, shards: Path, tmp_path: Path
) -> None:
    folder = far(web, tmp_path)
    assert read_far(folder) == read_near(shards)
    again = pickle.loads(pickle.dumps(folder))
    assert read_far(again) == read_near(shards)
    assert web.asked["manifest.json"] == 1


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("nosuch://user:pw@host/x", "nosuch://host/x: expected an address that fsspec opens"),
        ("gs://bucket/x", "expected the library gcsfs, found it is not installed; pip install gcs"),
    ],
)
def test_what_cannot_be_opened_is_one_line(address: str, said: str, tmp_path: Path) -> None:
    folder = RemoteFolder(Address(address), Cache(tmp_path, 10**9), patience=QUICK)
    assert said in refusal(folder, UsageError)


def test_a_missing_extra_is_one_line_that_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    folder = opened(Address("https://h/x?t=1"), CacheSettings(cache=tmp_path))
    with pytest.raises(UsageError) as caught:
        open_manifest(folder)
    assert caught.value.message == (
        "https://h/x: expected the extra remote, found it is not installed; "
        "pip install 'posegan[remote]'"
    )


def test_texts_are_taken_for_paths_or_addresses(shards: Path) -> None:
    assert as_folder(str(shards)) == shards
    assert isinstance(as_folder("s3://bucket/x"), RemoteFolder)
    with pytest.raises(UsageError):
        as_folder("")
