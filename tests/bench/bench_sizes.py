"""Time and memory of stage 1, opening, streaming and scoring as a data set grows.

A Market-1501 is made 1, 4 and 16 times as large: its names and key points are multiplied (every
copy has people of its own), its pixels repeated. Each step is a process of its own, with one
worker and one thread; its processor time and its largest memory are what the system says when it
has ended.

    python tests/bench/bench_sizes.py [--times 1 4 16] [--folder FOLDER]

writes ``tests/bench/results/sizes.json`` and from it ``tests/bench/SIZES.md``; ``--page`` writes
the page alone.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

# The root comes first, or its packages would be taken from tests/.
REPOSITORY = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "tests"), str(Path(__file__).parent)]

from size_pages import write_page  # noqa: E402
from small_market import image_name, jpeg  # noqa: E402

from data_manifest.manifest import open_manifest  # noqa: E402
from data_manifest.published_files import keypoints_text  # noqa: E402
from shared.files import publish_json  # noqa: E402

RESULT = Path(__file__).parent / "results" / "sizes.json"
PICTURES = 200
TRAIN, TEST, TEST_VALID = 12_936, 19_732, 13_115
PEOPLE = 751
SCORED = 500
"""Pairs that are scored at one time the size."""

BATCHES = 400


def make_market(folder: Path, times: int) -> None:
    """Write Market-1501 so many times: a few pictures, linked, and key points for every name."""
    rng = np.random.default_rng(0)
    store = folder / "pictures"
    store.mkdir()
    for number in range(PICTURES):
        (store / f"{number}.jpg").write_bytes(jpeg(rng, quality=90))
    from bench_prep import market_joints

    joints = market_joints()[0]
    names: list[str] = []
    for split, count in (("train", TRAIN), ("test", TEST)):
        home = folder / "Market" / f"bounding_box_{split}"
        home.mkdir(parents=True)
        for number in range(count * times):
            copy, row = divmod(number, count)
            person = 1 + row * PEOPLE // count + 2 * PEOPLE * copy + (split == "test") * PEOPLE
            if split == "test" and row >= TEST_VALID:
                person = -1 if row % 5 < 3 else 0
            name = image_name(person, 1 + row % 6, number)
            os.link(store / f"{number % PICTURES}.jpg", home / name)
            names.append(name)
    poses = joints[np.arange(len(names)) % len(joints)]
    (folder / "keypoints.csv").write_text(keypoints_text(folder, tuple(names), poses))


def make_everything(folder: Path, times: int) -> None:
    """Write the data set, and pictures to be scored."""
    make_market(folder, times)
    for name in ("drawn", "real"):
        (folder / name).mkdir()
        for number in range(SCORED * times):
            file = folder / "pictures" / f"{(number + 7 * (name == 'drawn')) % PICTURES}.jpg"
            os.link(file, folder / name / f"{number:07d}.jpg")


def measured(command: list[str]) -> dict[str, float]:
    """Run a process to its end: wall-clock and processor seconds, and memory in MiB."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(REPOSITORY)}
    begin = time.perf_counter()
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    said = process.stderr.read() if process.stderr else b""
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(command)}: {process.returncode}\n{said.decode()[-2000:]}")
    return {
        "seconds": round(time.perf_counter() - begin, 1),
        "cpu": round(used.ru_utime + used.ru_stime, 1),
        "mib": round(used.ru_maxrss / 1024),
    }


def script(name: str) -> str:
    """The path of a command of the project."""
    return str(Path(sys.executable).with_name(name))


def steps_of(folder: Path) -> dict[str, list[str]]:
    """The commands to be measured, in their order."""
    shards, here = folder / "shards", [sys.executable, __file__, "--folder", str(folder), "--step"]
    prepare = [script("prep-market"), "--src", str(folder / "Market"), "--out", str(shards),
               "--keypoints", str(folder / "keypoints.csv"), "--workers", "1"]  # fmt: skip
    scores = [script("eval-gan"), "--generated", str(folder / "drawn"), "--real",
              str(folder / "real"), "--out", str(folder / "scores")]  # fmt: skip
    return {
        "read, hash and decode": [sys.executable, "-c", DECODE, str(folder / "Market")],
        "stage 1": prepare,
        "hash the folder": [sys.executable, "-c", HASH, str(shards)],
        "verify it": prepare,
        "dry run": [*prepare, "--dry-run"],
        "open for streaming": [*here, "open"],
        f"stream {BATCHES} batches": [*here, "stream"],
        "score": scores,
    }


DECODE: Final = """
import hashlib, pathlib, sys, simplejpeg
for path in sorted(pathlib.Path(sys.argv[1]).rglob("*.jpg")):
    data = path.read_bytes()
    hashlib.sha256(data).hexdigest()
    simplejpeg.decode_jpeg(data, colorspace="RGB")
"""
"""The yardstick of stage 1: read, hash and decode each file once, and nothing else."""

HASH: Final = """
import hashlib, pathlib, sys
for path in pathlib.Path(sys.argv[1]).iterdir():
    if path.is_file():
        with path.open("rb") as stream:
            hashlib.file_digest(stream, "sha256").hexdigest()
"""
"""The yardstick of verifying."""


def stream(folder: Path, batches: int) -> None:
    """Open the train split for streaming and draw batches of 64."""
    import torch

    from train.data.order import Order, Share
    from train.data.train_split import TrainSplit

    torch.set_num_threads(1)
    manifest = open_manifest(folder / "shards")
    split = TrainSplit(
        folder / "shards",
        manifest.of_split("train"),
        path="stream",
        image_size=manifest.image_size,
        device=torch.device("cpu"),
    )
    order = Order(split.shard_sizes, seed=0, window_shards=split.window_shards)
    feed = split.feed(Share(order, 64), first=0)
    for _ in range(batches):
        feed.draw()
    feed.close()


STEPS: Mapping[str, Callable[[Path, int], None]] = {
    "make": make_everything,
    "open": lambda folder, _: stream(folder, 1),
    "stream": lambda folder, _: stream(folder, BATCHES),
}


def run(folder: Path, times: int) -> dict[str, Any]:
    """Measure every step at a size."""
    # In a process of its own: a child's largest memory counts from what its parent has.
    here = [sys.executable, __file__, "--folder", str(folder), "--times", str(times)]
    subprocess.run([*here, "--step", "make"], check=True)
    found: dict[str, Any] = {}
    for name, command in steps_of(folder).items():
        found[name] = measured(command)
        print(times, name, found[name], flush=True)
    manifest = open_manifest(folder / "shards")
    return {
        "times": times,
        "images": (TRAIN + TEST) * times,
        "pairs": manifest.num_pairs("train") + manifest.num_pairs("test"),
        "bytes": manifest.num_bytes,
        "scored": SCORED * times,
        "steps": found,
    }


def main() -> None:
    """Measure, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, nargs="+", default=[1, 4, 16])
    parser.add_argument("--folder", type=Path, help="Where the data go for a while.")
    parser.add_argument("--step", choices=tuple(STEPS), help=argparse.SUPPRESS)
    parser.add_argument("--page", action="store_true", help="Write the page alone.")
    options = parser.parse_args()
    if options.step:
        STEPS[options.step](options.folder, options.times[0])
        return
    if not options.page:
        rows = []
        for times in options.times:
            folder = Path(tempfile.mkdtemp(dir=options.folder))
            try:
                rows.append(run(folder, times))
            finally:
                shutil.rmtree(folder)
            publish_json(
                RESULT,
                {
                    "date": datetime.datetime.now(tz=datetime.UTC).date().isoformat(),
                    "machine": f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the end",
                    "rows": rows,
                },
            )
    write_page(Path(__file__).with_name("SIZES.md"), json.loads(RESULT.read_text()))


if __name__ == "__main__":
    main()
