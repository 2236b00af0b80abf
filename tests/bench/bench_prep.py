"""Speed of stage 1: transforms, decoding and the whole stage without a network.

Figures count as ratios inside one process: yardstick and candidate take turns, medians.
Run by ``make bench`` or ``python tests/bench/bench_prep.py``; nothing is asserted about time.
"""

from __future__ import annotations

import io
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image
from skimage.transform import estimate_transform

from data_manifest.published_files import read_keypoints, write_keypoints
from preprocess.pairing.pairs import all_pairs
from preprocess.sources.images import check_images, fast_decoder
from shared.console import Console
from shared.geometry import limb_quads, valid_poses
from shared.pair_geometry import transforms_of_pairs
from shared.skeleton import HEAD_JOINTS, JOINT, TORSO_JOINTS, TRANSFORM_LIMB_END

# The root comes first, or its packages would be taken from tests/.
REPOSITORY = Path(__file__).resolve().parents[2]
sys.path += [str(REPOSITORY), str(REPOSITORY / "tests")]
from poses import random_poses  # noqa: E402
from small_market import image_name, jpeg  # noqa: E402

REPEATS = 5
MARKET_TRAIN, MARKET_TEST = 12_936, 19_732
SHARED = Path(os.environ.get("POSEGAN_SHARED_DATA", REPOSITORY.parent / "shared" / "data"))


def medians(*works: Callable[[], object]) -> list[float]:
    """Median seconds of each work, taking turns."""
    seconds: list[list[float]] = [[] for _ in works]
    for _ in range(REPEATS):
        for times, work in zip(seconds, works, strict=True):
            start = time.perf_counter()
            work()
            times.append(time.perf_counter() - start)
    return [statistics.median(times) for times in seconds]


def market_joints() -> tuple[np.ndarray, np.ndarray, str]:
    """Joints and identities of as many valid images as Market-1501 has."""
    published = SHARED / "market-annotation-train.csv"
    if published.exists():
        table = read_keypoints(published)
        valid = valid_poses(table.joints)
        who = np.array([int(name.split("_")[0]) for name in table.names])
        return table.joints[valid], who[valid], "published annotations"
    rng = np.random.default_rng(0)
    joints = random_poses(rng, 12_116)
    joints[:, list(TORSO_JOINTS)] = random_poses(rng, 12_116, missing=0)[:, list(TORSO_JOINTS)]
    return joints, np.sort(rng.integers(1, 560, 12_116)), "random poses"


def with_skimage(source: np.ndarray, target: np.ndarray) -> None:
    """The ten transforms of one pair, one skimage call each."""
    torso = list(TORSO_JOINTS)
    estimate_transform("affine", target[torso], source[torso])
    head = [*HEAD_JOINTS, JOINT["LSho"], JOINT["RSho"]]
    both = np.isfinite(source[head]).all(axis=1) & np.isfinite(target[head]).all(axis=1)
    if both.sum() > 2:
        rows = np.array(head)[both]
        estimate_transform("affine", target[rows], source[rows])
    quads = limb_quads(np.stack([source, target]), TRANSFORM_LIMB_END)
    for limb in range(8):
        if np.isfinite(quads[:, limb]).all():
            estimate_transform("affine", quads[1, limb], quads[0, limb])


def bench_transforms() -> list[tuple[str, str, str, str]]:
    joints, who, name = market_joints()
    pairs = all_pairs(who)
    some = pairs[:: len(pairs) // 200]
    yardstick, ours = medians(
        lambda: [with_skimage(joints[a], joints[b]) for a, b in some],
        lambda: transforms_of_pairs(joints, pairs),
    )
    slow, fast = len(some) / yardstick, len(pairs) / ours
    row = f"ten transforms of a pair ({name})"
    return [(row, f"{slow:,.0f} pairs/s (skimage)", f"{fast:,.0f} pairs/s", f"{fast / slow:.0f} x"),
            ("", "", f"{ours:.2f} s for {len(pairs):,} pairs", "")]  # fmt: skip


def bench_decoding(folder: Path) -> list[tuple[str, str, str, str]]:
    rng = np.random.default_rng(0)
    paths = [folder / f"{number}.jpg" for number in range(1000)]
    for path in paths:
        path.write_bytes(jpeg(rng, quality=90))

    def plain_pillow() -> None:
        for path in paths:
            np.asarray(Image.open(io.BytesIO(path.read_bytes())).convert("RGB"))

    yardstick, ours = medians(plain_pillow, lambda: check_images(paths))
    slow, fast = len(paths) / yardstick, len(paths) / ours
    decoder = "pillow" if fast_decoder() is None else "simplejpeg"
    row = f"read, hash and decode 128 x 64 JPEGs ({decoder})"
    return [(row, f"{slow:,.0f} images/s (pillow, no hash)", f"{fast:,.0f} images/s",
             f"{fast / slow:.1f} x")]  # fmt: skip


def bench_stage(folder: Path) -> list[tuple[str, str, str, str]]:
    """All of Market-1501 in number, names and pairs, without the network's forward pass."""
    joints, who, _ = market_joints()
    rng = np.random.default_rng(0)
    pictures = [jpeg(rng, quality=90) for _ in range(200)]
    names: list[str] = []
    for split, count, first in (("train", MARKET_TRAIN, 0), ("test", MARKET_TEST, 5000)):
        home = folder / "Market" / f"bounding_box_{split}"
        home.mkdir(parents=True)
        for number in range(count):
            person = int(who[number % len(who)]) + first
            if split == "test" and number >= 13_115:
                person = -1 if number % 5 < 3 else 0
            name = image_name(person, 1 + number % 6, number)
            (home / name).write_bytes(pictures[number % len(pictures)])
            names.append(name)
    poses = joints[np.arange(len(names)) % len(joints)]
    write_keypoints(folder / "keypoints.csv", tuple(names), poses)
    workers = os.cpu_count() or 1
    command = [
        str(Path(sys.executable).with_name("prep-market")), "--src", str(folder / "Market"),
        "--out", str(folder / "out"), "--keypoints", str(folder / "keypoints.csv"),
        "--workers", str(workers),
    ]  # fmt: skip
    start, before = time.perf_counter(), cpu_seconds()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    seconds, busy = time.perf_counter() - start, cpu_seconds() - before
    row = f"stage 1 without the network, {len(names):,} images, {workers} workers"
    return [(row, "goal 10 s", f"{seconds:.1f} s", ""), ("", "", f"{busy:.1f} s of CPU", "")]


def cpu_seconds() -> float:
    """CPU time of the processes that were started and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:
        rows = bench_transforms()
        (Path(folder) / "jpegs").mkdir()
        rows += bench_decoding(Path(folder) / "jpegs")
        rows += bench_stage(Path(folder))
    Console().table("stage 1", ["what", "yardstick", "here", "ratio"], rows)


if __name__ == "__main__":
    main()
