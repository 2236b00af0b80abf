"""Train the judge of identity with a few seeds on drawn people and examine it on others.

Run: ``python tests/bench/study_judge.py [--market FOLDER] [--seeds 0,1] [--steps N]``

Without ``--market`` the data set of ``draw-market``'s defaults is drawn first. Each seed leaves one
JSON file in ``tests/bench/results/`` and is not trained again while that file lies there. One
thread; minutes a seed.
"""

from __future__ import annotations

import os

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"  # before NumPy and torch are imported: one core each

import argparse  # noqa: E402
import datetime  # noqa: E402
import json  # noqa: E402
import platform  # noqa: E402
import subprocess  # noqa: E402
import sys  # noqa: E402
import tempfile  # noqa: E402
import time  # noqa: E402
from dataclasses import replace  # noqa: E402
from pathlib import Path  # noqa: E402

sys.path.insert(0, str(Path(__file__).parents[2]))

import torch  # noqa: E402

from preprocess.commands.draw_market import draw_market  # noqa: E402
from shared.console import Console  # noqa: E402
from train.reid.judge import Judge  # noqa: E402
from train.reid.lesson import LESSON, Lesson  # noqa: E402
from train.reid.people import find_pictures, read_people  # noqa: E402
from train.reid.training import lesson_as_plain, train  # noqa: E402
from train.scoring.gallery import examined, open_gallery  # noqa: E402

RESULTS = Path(__file__).parent / "results"
CPU = torch.device("cpu")


def study(market: Path, lesson: Lesson) -> dict[str, object]:
    """Train by a lesson on a Market's train folder and examine on its test folder."""
    console = Console(quiet=True)
    paths = find_pictures(market)
    with console.stage("read", len(paths)) as stage:
        people = read_people(paths, stage)
    start = time.process_time()
    with console.stage("train", lesson.steps) as stage:
        network = train(people, lesson, CPU, stage)
    seconds = time.process_time() - start
    place = market / "bounding_box_test"
    gallery = open_gallery(place, (), Judge(network, "", {}))
    return {
        **{key: round(value, 4) for key, value in examined(gallery, place).items()},
        "gallery": gallery.origin,
        "train_sha256": people.sha256,
        "cpu_seconds": round(seconds),
        "parameters": sum(parameter.numel() for parameter in network.parameters()),
        "lesson": lesson_as_plain(lesson),
        "command": "python " + " ".join(sys.argv),
        "date": datetime.date.today().isoformat(),
        "commit": _commit(),
        "machine": f"{platform.machine()}, one thread, torch {torch.__version__}",
        "load": round(os.getloadavg()[0], 1),
    }


def _commit() -> str:
    arguments = ("git", "rev-parse", "--short", "HEAD")
    return subprocess.check_output(arguments, text=True, cwd=Path(__file__).parent).strip()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--market", type=Path)
    parser.add_argument("--seeds", default="0,1")
    parser.add_argument("--steps", type=int, default=LESSON.steps)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        market = chosen.market or Path(folder) / "market"
        if chosen.market is None:
            draw_market(["--out", str(market), "--quiet"], standalone_mode=False)
        for seed in map(int, chosen.seeds.split(",")):
            result = RESULTS / f"judge-{chosen.steps}-steps-seed-{seed}.json"
            if not result.exists():
                found = study(market, replace(LESSON, seed=seed, steps=chosen.steps))
                RESULTS.mkdir(exist_ok=True)
                result.write_text(json.dumps(found, indent=2) + "\n")
            row = json.loads(result.read_text())
            figures = ("real_rank_1", "real_map", "mean_rank_1", "cpu_seconds")
            print(f"seed {seed}:", ", ".join(f"{key} {row[key]}" for key in figures), flush=True)


if __name__ == "__main__":
    main()
