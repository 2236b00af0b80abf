"""Samples of shards elsewhere are those of the local folder, byte for byte and in one order."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from drawn_shards import publish_shards
from training_runs import digest, small_settings, train
from web_folders import WebFolder, served

from data_manifest.manifest import open_manifest
from data_manifest.remote.answers import Patience
from data_manifest.remote.cache import Cache
from data_manifest.remote.folder import RemoteFolder, ShardFolder
from shared.addresses import Address
from shared.errors import UsageError
from train.data.dataset import MarketPoseDataset
from train.data.feed import Feed
from train.data.order import Order, Share
from train.data.store import shards_of
from train.data.train_split import DataHome, TrainSplit

SIZE = (64, 48)
CPU = torch.device("cpu")
QUICK = Patience(tries=4, first_wait_s=0.01)


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish_shards(tmp_path_factory.mktemp("far") / "shards", train_shards=5, images=3)


@pytest.fixture
def web(shards: Path) -> Iterator[WebFolder]:
    with served(shards) as found:
        yield found


def far(web: WebFolder, cache: Path, max_bytes: int = 10**9) -> RemoteFolder:
    return RemoteFolder(Address(web.address), Cache(cache, max_bytes), patience=QUICK)


def open_feed(folder: ShardFolder, path: DataHome, first: int = 0) -> Feed:
    entries = shards_of(open_manifest(folder), "train", folder)
    split = TrainSplit(folder, entries, path=path, image_size=SIZE, device=CPU)
    order = Order(split.shard_sizes, seed=7, window_shards=2, mirror=0.5)
    return split.feed(Share(order, 5), first=first)


def drawn(feed: Feed, count: int) -> list[dict[str, torch.Tensor]]:
    batches = []
    for _ in range(count):
        each = feed.draw()
        copies = {name: t.clone().nan_to_num(-9) for name, t in each.samples.tensors().items()}
        batches.append({**copies, "mirrored": each.mirrored.clone()})
    feed.close()
    return batches


@pytest.mark.parametrize("path", ["device", "ram", "stream"])
def test_samples_from_elsewhere_are_those_of_the_folder(
    web: WebFolder, shards: Path, tmp_path: Path, path: DataHome
) -> None:
    web.faults["train-00002.h5"] += ["cut", "wrong", "503"]
    near, there = (drawn(open_feed(folder, path), 20) for folder in (shards, far(web, tmp_path)))
    for a, b in zip(near, there, strict=True):
        assert all(torch.equal(a[name], b[name]) for name in a)


def test_a_cache_of_two_shards_feeds_a_stream_of_five(
    web: WebFolder, shards: Path, tmp_path: Path
) -> None:
    room = 2 * max(entry.num_bytes for entry in open_manifest(shards).shards) + 10
    there = drawn(open_feed(far(web, tmp_path, room), "stream"), 20)
    near = drawn(open_feed(shards, "stream"), 20)
    for a, b in zip(near, there, strict=True):
        assert all(torch.equal(a[name], b[name]) for name in a)
    assert sum(path.stat().st_size for path in tmp_path.glob("*.*")) <= room


def test_a_fault_that_stays_ends_the_stream_in_one_line(web: WebFolder, tmp_path: Path) -> None:
    web.always = {f"train-{number:05d}.h5": "503" for number in range(5)}
    feed = open_feed(far(web, tmp_path), "stream")
    with pytest.raises(UsageError) as caught:
        feed.draw()
    feed.close()
    assert "found HTTP status 503; check the network" in caught.value.message


def test_a_feed_that_is_closed_waits_for_no_server(web: WebFolder, tmp_path: Path) -> None:
    folder = RemoteFolder(
        Address(web.address), Cache(tmp_path, 10**9), patience=Patience(first_wait_s=60)
    )
    entries = shards_of(open_manifest(folder), "train", folder)
    web.always = {entry.file: "503" for entry in entries}
    feed = open_feed(folder, "stream")
    while not any(web.asked[entry.file] for entry in entries):
        pass
    feed.close()  # the test's time limit is the assertion


def test_a_data_set_takes_an_address(
    web: WebFolder, shards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POSEGAN_CACHE", str(tmp_path))
    there, near = MarketPoseDataset(web.address), MarketPoseDataset(shards)
    assert len(there) == len(near)
    assert torch.equal(there[3]["source_image"], near[3]["source_image"])
    assert (tmp_path / "shards" / ".posegan.json").exists()


@pytest.mark.long
def test_a_run_goes_on_with_the_same_shards_at_another_address(
    web: WebFolder, shards: Path, tmp_path: Path
) -> None:
    folder = far(web, tmp_path / "cache")
    near, there = small_settings(shards, max_images=8), small_settings(folder, max_images=8)  # type: ignore[arg-type]
    assert near == there and near.run_name == there.run_name
    train(near, shards, tmp_path / "near")
    train(small_settings(folder, max_images=4), folder, tmp_path / "far")  # type: ignore[arg-type]
    train(near, shards, tmp_path / "far")  # begun elsewhere, it goes on here
    assert digest(tmp_path / "near") == digest(tmp_path / "far")
    saved = [(tmp_path / run / "settings.json").read_bytes() for run in ("near", "far")]
    assert saved[0] == saved[1]
    train(there, folder, tmp_path / "near")  # type: ignore[arg-type]  # a finished run, from elsewhere
