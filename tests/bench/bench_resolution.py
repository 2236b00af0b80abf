"""People drawn at 512 x 256 by a generator of layers trained at 128 x 64, against enlarging.

Run ``python tests/bench/bench_resolution.py [--run RUN] [--people 24] [--out FILE]``. It draws
pairs of people whom no training saw with the project's own drawing at 512 x 256 (not enlarged),
draws them anew with the painter at the photo's own size, and compares with its small result
enlarged. Without a run it trains a small generator for a minute. The table is printed and left as
JSON under ``tests/bench/results/``.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image

# The root comes first, or its packages would be taken from tests/.
REPOSITORY = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "tests")]
from large_people import SMALL, People, Pictures, draw_people, scores_of, systems, trained_on  # noqa: E402

from shared.console import Console  # noqa: E402
from train.inference.painter import open_painter  # noqa: E402

LARGE = (512, 256)
UNSEEN = 30_000
"""First identity of the people; no recipe of a training set reaches so far."""


def main() -> None:
    """Measure, print the table, leave JSON and a sheet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--run", type=Path, help="of a generator of layers; else a small one is made"
    )
    parser.add_argument("--people", type=int, default=24, help="pairs")
    parser.add_argument("--seed", type=int, default=1, help="of the drawn world")
    out = REPOSITORY / "tests" / "bench" / "results" / "resolution.json"
    parser.add_argument("--out", type=Path, default=out, help="where the JSON goes")
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.run:
        painter = open_painter(options.run, device="cpu")
    else:
        painter = trained_on(draw_people(options.seed, 24, SMALL))
    people = draw_people(options.seed, options.people, LARGE, UNSEEN)
    begin = time.process_time()
    pictures = systems(painter, people)
    seconds = (time.process_time() - begin) / options.people
    table = {name: scores_of(each, people) for name, each in pictures.items()}
    console = Console()
    rows = [[name, *(f"{row[key]:.4f}" for key in row)] for name, row in table.items()]
    heads = ("drawn", "ssim/pose-gan", "mask-ssim/pose-gan", "sharpness")
    console.table(f"{options.people} pairs of unseen drawn people at 512 x 256", heads, rows)
    report = {
        "pairs": options.people,
        "size": LARGE,
        "network_size": painter.image_size,
        "origin": painter.origin,
        "cpu_s_a_pair": round(seconds, 3),
        "scores": table,
    }
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(report, indent=2) + "\n")
    sheet(people, pictures).save(options.out.with_suffix(".jpg"), quality=88)


def sheet(people: People, pictures: dict[str, Pictures], count: int = 6) -> Image.Image:
    """Put sources, drawn pictures and targets of a few pairs beside each other."""
    columns = [people.sources, *(each for name, each in pictures.items() if name[0] != "s")]
    columns.insert(2, pictures["small result enlarged"])
    columns.append(people.targets)
    rows = [np.concatenate([column[row] for column in columns], axis=1) for row in range(count)]
    return Image.fromarray(np.concatenate(rows))


if __name__ == "__main__":
    main()
