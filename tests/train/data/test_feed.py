from __future__ import annotations

from pathlib import Path

import pytest
import torch
from drawn_shards import publish_shards

from data_manifest.manifest import ShardEntry, open_manifest
from shared.errors import DamagedError, UsageError
from train.data.feed import Feed
from train.data.order import Order, Share
from train.data.store import load_store, shards_of
from train.data.train_split import STREAM_WINDOW, DataHome, TrainSplit, choose_path

SIZE = (64, 48)
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish_shards(tmp_path_factory.mktemp("shards"), size=SIZE, train_shards=5, images=3)


def entries(folder: Path) -> tuple[ShardEntry, ...]:
    return shards_of(open_manifest(folder), "train", folder)


def open_feed(folder: Path, path: DataHome, *, first: int = 0, window: int = 2) -> Feed:
    split = TrainSplit(folder, entries(folder), path=path, image_size=SIZE, device=CPU)
    order = Order(split.shard_sizes, seed=7, window_shards=window, mirror=0.5)
    return split.feed(Share(order, 5), first=first)


def drawn(feed: Feed, count: int) -> list[dict[str, torch.Tensor]]:
    batches = []
    for _ in range(count):
        each = feed.draw()
        copies = {name: t.clone().nan_to_num(-9) for name, t in each.samples.tensors().items()}
        batches.append({**copies, "mirrored": each.mirrored.clone()})
    feed.close()
    return batches


def test_all_paths_give_the_same_samples(folder: Path) -> None:
    on_device, in_ram, streamed = (
        drawn(open_feed(folder, path), 30) for path in ("device", "ram", "stream")
    )
    for a, b, c in zip(on_device, in_ram, streamed, strict=True):
        for name in a:
            assert torch.equal(a[name], b[name]), name
            assert torch.equal(a[name], c[name]), name


@pytest.mark.parametrize("path", ["device", "ram", "stream"])
def test_a_feed_opened_later_goes_on_in_place(folder: Path, path: DataHome) -> None:
    whole = drawn(open_feed(folder, path), 17)
    rest = drawn(open_feed(folder, path, first=11), 6)
    for expected, found in zip(whole[11:], rest, strict=True):
        assert all(torch.equal(expected[name], found[name]) for name in expected)


def test_samples_belong_to_their_pairs(folder: Path) -> None:
    store = load_store(folder, entries(folder))
    order = Order([e.num_pairs for e in entries(folder)], seed=7, window_shards=2, mirror=0.5)
    batch = drawn(open_feed(folder, "stream"), 1)[0]
    pairs = torch.cat([torch.from_numpy(picks.pairs) for picks in order.batch(0, 5)])
    assert torch.equal(batch["source_images"], store.images[store.sources[pairs]])
    assert torch.equal(batch["target_images"], store.images[store.targets[pairs]])
    assert torch.equal(batch["transforms"], store.transforms[pairs])


def test_a_damaged_shard_stops_the_stream_with_its_name(tmp_path: Path) -> None:
    folder = publish_shards(tmp_path / "shards", size=SIZE, train_shards=2)
    path = folder / "train-00001.h5"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    feed = open_feed(folder, "stream", window=1)
    with pytest.raises(DamagedError, match=r"train-00001\.h5"):
        drawn(feed, 40)
    feed.close()


def test_a_folder_without_train_pairs_is_refused_with_the_remedy(folder: Path) -> None:
    manifest = open_manifest(folder)
    with pytest.raises(UsageError, match="two valid images"):
        shards_of(manifest, "validation", folder)


def test_the_path_follows_the_memory() -> None:
    assert choose_path(1, CPU) == "device"
    assert choose_path(2**60, CPU) == "stream"


def test_streaming_asks_for_a_few_shards_at_a_time(folder: Path) -> None:
    split = TrainSplit(folder, entries(folder), path="stream", image_size=SIZE, device=CPU)
    assert split.window_shards == STREAM_WINDOW
    assert (
        TrainSplit(folder, entries(folder), path="ram", image_size=SIZE, device=CPU).window_shards
        == 0
    )


def test_a_batch_is_described_by_shard_and_row(folder: Path) -> None:
    split = TrainSplit(folder, entries(folder), path="stream", image_size=SIZE, device=CPU)
    order = Order(split.shard_sizes, seed=7)
    told = split.describe(order, batch=4, number=3)
    begins = {e.file: sum(split.shard_sizes[:k]) for k, e in enumerate(entries(folder))}
    pairs = [begins[str(each["shard"])] + int(str(each["pair_row"])) for each in told]
    assert pairs == order.batch(3, 4)[0].pairs.tolist()
