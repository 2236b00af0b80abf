"""What a run will need, before it starts: images, pairs, bytes and time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from preprocess.pairing.catalogue import Catalogue, Status
from preprocess.pairing.given import GivenFiles
from preprocess.pairing.shard_plans import OVERHEAD_BYTES, image_bytes, pair_bytes
from preprocess.pairing.splits import count_split_pairs
from preprocess.settings import PrepareSettings
from preprocess.sources.images import check_images
from shared.console import Console

SAMPLE_IMAGES: Final = 128
PAIRS_PER_S: Final = 60_000
"""Transforms, tables and writing, one worker."""

POSE_PIXELS_PER_S: Final = {"cpu": 5_000_000, "cuda": 100_000_000}
"""Rough speed of the ``auto`` models: pixels of the network's input a second."""

CSV_BYTES: Final = 220
"""What an image or a pair takes up in the tables, at most."""


@dataclass(frozen=True)
class Estimate:
    """What a run will need at most.

    Args:
        num_images: Images that may enter shards.
        num_pairs: Split to its number of pairs.
        num_bytes: Size of everything written.
    """

    num_images: int
    num_pairs: dict[str, int]
    num_bytes: int


def estimate(catalogue: Catalogue, settings: PrepareSettings, given: GivenFiles) -> Estimate:
    """Estimate a run as if every image that is valid so far stayed valid."""
    num_images = len(catalogue.rows(Status.VALID))
    num_pairs = {
        split: count_split_pairs(split, catalogue, settings, given) for split in ("train", "test")
    }
    all_pairs = sum(num_pairs.values())
    rows = num_images * image_bytes(settings.shards.image_size) + all_pairs * pair_bytes()
    num_shards = rows // settings.shards.shard_bytes + 2
    tables = (len(catalogue) + all_pairs) * CSV_BYTES
    return Estimate(num_images, num_pairs, rows + num_shards * OVERHEAD_BYTES + tables)


def say_estimate(
    expected: Estimate,
    catalogue: Catalogue,
    settings: PrepareSettings,
    console: Console,
    clock: Callable[[], float],
    *,
    workers: int,
) -> None:
    """Say what a run would do; some images are read to learn how fast this machine is."""
    pairs = ", ".join(f"{count:,} {split} pairs" for split, count in expected.num_pairs.items())
    console.result(f"images: {len(catalogue):,}, of them at most {expected.num_images:,} valid")
    console.result(f"pairs: at most {pairs}")
    console.result(f"bytes: at most {expected.num_bytes:,} in {settings.out}")
    seconds = _seconds(expected, catalogue, settings, clock, workers)
    console.result(f"time: about {seconds:.0f} s with {workers} workers")
    console.result("nothing was written: this was a dry run")


def _seconds(
    expected: Estimate,
    catalogue: Catalogue,
    settings: PrepareSettings,
    clock: Callable[[], float],
    workers: int,
) -> float:
    sample = catalogue.images[:: max(1, len(catalogue) // SAMPLE_IMAGES)]
    start = clock()
    check_images([image.path for image in sample])
    image_s = (clock() - start) / max(len(sample), 1)
    pairs = sum(expected.num_pairs.values())
    seconds = 2 + (len(catalogue) * image_s + pairs / PAIRS_PER_S) / workers
    if not settings.keypoints:
        height, width = settings.pose.pose_size
        devices = settings.pose.device.split(",")
        on_cuda = devices[0].startswith("cuda")
        speed = POSE_PIXELS_PER_S["cuda"] * len(devices) if on_cuda else POSE_PIXELS_PER_S["cpu"]
        seconds += expected.num_images * height * width / speed
    return seconds
