"""Samples a second from disk or RAM to a batch of tensors, beside the usual ways.

One core, global shuffle, batches of raw samples (two uint8 images, joints, quads, transforms).
Candidates and yardsticks take turns in one process; the table shows medians. It asserts nothing.

    python tests/bench/bench_data.py [--pairs 263632] [--images 12116] [--seconds 1]
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import io
import platform
import statistics
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from data_manifest.arrays import ShardArrays
from data_manifest.manifest import ShardEntry
from data_manifest.shard import shard_bytes
from shared.console import Console
from train.data.batch import make_batch
from train.data.feed import PrefetchFeed, fill
from train.data.order import Order, Share
from train.data.store import Store, empty_samples, store_from
from train.data.stream import ResidentWindows, StreamedWindows

# The root comes first, or its packages would be taken from tests/.
REPOSITORY = Path(__file__).resolve().parents[2]
sys.path += [str(REPOSITORY), str(REPOSITORY / "tests")]
from drawn_shards import random_arrays  # noqa: E402

SIZE = (128, 64)
BATCH = 64
ROUNDS = 5
YARDSTICK = "plain index_select of the two images"
CPU = torch.device("cpu")

Run = Callable[[float], float]


def large_shard(number: int, num_images: int, num_pairs: int) -> ShardArrays:
    """A shard of Market's size: drawn rows, repeated, with random pairs."""
    rng = np.random.default_rng(number)
    small = random_arrays(number, identities=(2,), images=8, size=SIZE)
    rows = rng.integers(0, 8, num_images)
    pairs = rng.integers(0, num_images - 1, (num_pairs, 2), dtype=np.int32)
    pairs[:, 1] = (pairs[:, 0] + 1 + pairs[:, 1] % (num_images - 1)) % num_images
    picked = rng.integers(0, len(small.pairs), num_pairs)
    names = [f"0002_c1s1_{row:06d}_00.jpg".encode() for row in range(num_images)]
    return ShardArrays(
        images=rng.integers(0, 256, (num_images, *SIZE, 3), dtype=np.uint8),
        joints=small.joints[rows],
        present=small.present[rows],
        scores=small.scores[rows],
        quads=small.quads[rows],
        names=np.array(names),
        identities=np.full(num_images, 2, np.int32),
        cameras=np.ones(num_images, np.int16),
        people=np.full(num_images, -1, np.int16),
        person_scores=np.ones(num_images, np.float32),
        margins=np.full(num_images, np.nan, np.float32),
        pairs=pairs,
        pair_order=np.arange(num_pairs, dtype=np.int64) + number * num_pairs,
        transforms=small.transforms[picked],
        status=small.status[picked],
    )


def counted(step: Callable[[], int]) -> Run:
    """Turn a step that gives its samples into a run of so many seconds: samples a second."""

    def run(seconds: float) -> float:
        begin, count = time.perf_counter(), 0
        while (passed := time.perf_counter() - begin) < seconds:
            count += step()
        return count / passed

    return run


def fed(feed: PrefetchFeed) -> Run:
    def step() -> int:
        return len(feed.draw().mirrored)

    return counted(step)


def gathered(store: Store) -> Run:
    order = Order((store.num_pairs,), seed=0)
    windows, out = ResidentWindows(store), empty_samples(BATCH, SIZE)
    numbers = iter(range(2**60))

    def step() -> int:
        fill(windows, order.batch(next(numbers), BATCH), out)
        return BATCH

    return counted(step)


def plain_select(store: Store) -> Run:
    """What torch alone needs to copy the two images of random pairs together."""
    out = torch.empty(2, BATCH, *SIZE, 3, dtype=torch.uint8)
    order = torch.randperm(store.num_pairs)
    numbers = iter(range(2**60))

    def step() -> int:
        start = next(numbers) * BATCH % (store.num_pairs - BATCH)
        pairs = order[start : start + BATCH]
        torch.index_select(store.images, 0, store.sources[pairs], out=out[0])
        torch.index_select(store.images, 0, store.targets[pairs], out=out[1])
        return BATCH

    return counted(step)


def fancy_index(store: Store) -> Run:
    """The same by ``images[rows]``."""
    order = torch.randperm(store.num_pairs)
    numbers = iter(range(2**60))

    def step() -> int:
        start = next(numbers) * BATCH % (store.num_pairs - BATCH)
        pairs = order[start : start + BATCH]
        torch.stack((store.images[store.sources[pairs]], store.images[store.targets[pairs]]))
        return BATCH

    return counted(step)


def jpeg_files(folder: Path, store: Store, count: int = 512) -> Run:
    """The field's way: two JPEG files a pair, opened by PIL."""
    paths = []
    for row in range(count):
        paths.append(folder / f"{row}.jpg")
        Image.fromarray(store.images[row].numpy()).save(paths[-1])
    rng = np.random.default_rng(0)

    def step() -> int:
        rows = rng.integers(0, count, 2 * BATCH)
        np.stack([np.asarray(Image.open(paths[row])) for row in rows])
        return BATCH

    return counted(step)


def webdataset(folder: Path, store: Store, count: int = 2048) -> Run:
    """WebDataset with raw arrays of both images in a tar file."""
    import webdataset as wds

    path = folder / "pairs.tar"
    with tarfile.open(path, "w") as tar:
        for pair in range(count):
            rows = [int(store.sources[pair]), int(store.targets[pair])]
            data = store.images[rows].numpy().tobytes()
            entry = tarfile.TarInfo(f"{pair:06d}.bin")
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    data_set = wds.WebDataset(str(path), shardshuffle=False).shuffle(1000).batched(BATCH)

    def batches() -> Iterator[int]:
        while True:
            for batch in data_set:
                arrays = [np.frombuffer(data, np.uint8) for data in batch[-1]]
                yield len(np.stack(arrays))

    samples = batches()
    return counted(lambda: next(samples))


def finished_batches(store: Store) -> Run:
    """Gathered, scaled to [-1, 1] and with heat maps: what a network sees."""
    order = Order((store.num_pairs,), seed=0, mirror=0.5)
    numbers = iter(range(2**60))

    def step() -> int:
        (picks,) = order.batch(next(numbers), BATCH)
        samples = store.gather(torch.from_numpy(picks.pairs))
        return len(make_batch(samples, torch.from_numpy(picks.mirrored), sigma=6.0))

    return counted(step)


def write_shards(
    folder: Path, *, shards: int, images: int, pairs: int
) -> tuple[list[ShardArrays], list[ShardEntry]]:
    """Make shards of Market's size and write them."""
    arrays, entries = [], []
    for number in range(shards):
        shard = large_shard(number, images // shards, pairs // shards)
        data = shard_bytes(shard, "train")
        file = f"train-{number:05d}.h5"
        (folder / file).write_bytes(data)
        arrays.append(shard)
        entries.append(
            ShardEntry(
                file=file,
                split="train",
                num_bytes=len(data),
                sha256=hashlib.sha256(data).hexdigest(),
                num_images=len(shard.images),
                num_pairs=len(shard.pairs),
                identities=(2,),
            )
        )
    return arrays, entries


def measure(folder: Path, given: argparse.Namespace) -> dict[str, float]:
    """Let all ways take turns; give their medians."""
    arrays, entries = write_shards(
        folder, shards=given.shards, images=given.images, pairs=given.pairs
    )
    store = store_from(arrays)
    sizes = [entry.num_pairs for entry in entries]
    resident, windowed = Order(sizes, seed=0), Order(sizes, seed=0, window_shards=3)
    feeds = [
        PrefetchFeed(windows, Share(order, BATCH), first=0, image_size=SIZE, device=CPU)
        for windows, order in (
            (ResidentWindows(store), resident),
            (StreamedWindows(folder, entries, windowed), windowed),
        )
    ]
    runs: dict[str, Run] = {
        YARDSTICK: plain_select(store),
        "gather in the caller's thread": gathered(store),
        "--data ram: prefetch thread": fed(feeds[0]),
        "--data stream: windows of 3 shards": fed(feeds[1]),
        "fancy indexing of the two images": fancy_index(store),
        "PIL, two JPEG files a pair": jpeg_files(folder, store),
        "gathered, scaled, heat maps drawn": finished_batches(store),
    }
    if importlib.util.find_spec("webdataset"):
        runs["WebDataset, raw arrays in a tar"] = webdataset(folder, store)
    speeds: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(ROUNDS):
        for label, run in runs.items():
            speeds[label].append(run(given.seconds))
    for feed in feeds:
        feed.close()
    return {label: statistics.median(values) for label, values in speeds.items()}


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=263_632)
    parser.add_argument("--images", type=int, default=12_116)
    parser.add_argument("--shards", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=1.0, help="length of a measurement")
    given = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as name:
        medians = measure(Path(name), given)
    rows = [(k, f"{v:,.0f}", f"{v / medians[YARDSTICK]:.2f} x") for k, v in medians.items()]
    title = (
        f"samples a second, batch {BATCH}, {given.pairs:,} pairs of {given.images:,} images; "
        f"torch {torch.__version__}, {platform.machine()}, one core"
    )
    Console().table(title, ("way", "samples/s", "of index_select"), rows)


if __name__ == "__main__":
    main()
