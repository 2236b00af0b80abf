"""Samples on their way to the device: three paths, the same batches, also behind queued work."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from data_manifest.manifest import open_manifest
from train.data.batch import Batch, make_batch
from train.data.order import Order, Share
from train.data.store import empty_samples, shards_of
from train.data.train_split import DataHome, TrainSplit

pytestmark = pytest.mark.gpu

CPU = torch.device("cpu")
BATCHES = 9


def batches(shards: Path, path: DataHome, device: torch.device) -> list[Batch]:
    entries = shards_of(open_manifest(shards), "train", shards)
    split = TrainSplit(shards, entries, path=path, image_size=(64, 48), device=device)
    order = Order(split.shard_sizes, seed=3, window_shards=2, mirror=0.5)
    feed = split.feed(Share(order, 5), first=2)
    # Work that keeps the device busy: a copy that did not wait for its turn would be seen.
    busy = torch.randn(2048, 2048, device=device) if device.type == "cuda" else None
    found = []
    try:
        for _ in range(BATCHES):
            if busy is not None:
                for _ in range(20):
                    busy = busy @ busy * 1e-3
            drawn = feed.draw()
            assert drawn.samples.source_images.device.type == device.type
            found.append(make_batch(drawn.samples, drawn.mirrored, sigma=6.0))
    finally:
        feed.close()
    return found


@pytest.mark.parametrize("path", ["device", "ram", "stream"])
def test_every_path_brings_the_samples_of_the_cpu(
    path: DataHome, device: torch.device, shards: Path
) -> None:
    here, there = batches(shards, "device", CPU), batches(shards, path, device)
    assert len(here) == len(there) == BATCHES
    for expected, batch in zip(here, there, strict=True):
        for name, value in vars(expected).items():
            found = vars(batch)[name].cpu()
            torch.testing.assert_close(found, value, atol=2e-6, rtol=2e-6, equal_nan=True, msg=name)
        assert torch.equal(batch.status.cpu(), expected.status)


def test_buffers_for_a_gpu_are_page_locked(device: torch.device) -> None:
    pinned = empty_samples(3, (64, 48), pinned=device.type == "cuda")
    for value in pinned.tensors().values():
        assert value.is_pinned() == (device.type == "cuda")
