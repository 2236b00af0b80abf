from __future__ import annotations

from pathlib import Path

import pytest
import torch
from drawn_shards import publish_shards

from data_manifest.manifest import open_manifest
from train.data.batch import make_batch
from train.data.order import Order, Share
from train.data.store import shards_of
from train.data.train_split import DataHome, TrainSplit

pytestmark = pytest.mark.long

MIB = 2**20


def resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096


@pytest.mark.parametrize("path", ["device", "ram", "stream"])
@pytest.mark.parametrize("batches", [1000, pytest.param(10_000, marks=pytest.mark.soak)])
def test_memory_does_not_grow(tmp_path: Path, path: DataHome, batches: int) -> None:
    folder = publish_shards(tmp_path / "shards", train_shards=4, images=3)
    entries = shards_of(open_manifest(folder), "train", folder)
    cpu = torch.device("cpu")
    split = TrainSplit(folder, entries, path=path, image_size=(64, 48), device=cpu)
    order = Order(split.shard_sizes, seed=0, window_shards=2, mirror=0.5)
    feed = split.feed(Share(order, 2), first=0)
    warm = 0
    for number in range(batches):
        drawn = feed.draw()
        make_batch(drawn.samples, drawn.mirrored, sigma=6.0)
        if number == batches // 10:
            warm = resident_bytes()
    feed.close()
    assert resident_bytes() - warm < 50 * MIB
