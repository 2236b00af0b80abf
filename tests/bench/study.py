"""A resumable study: named rows through the real training and the real scores, one JSON a run.

Run ``python tests/bench/study.py variants --shards demo/shards`` (``make variants``), or
``equal-time``, ``papers`` or ``trials``. A run that has its JSON under
``tests/bench/results/STUDY/`` is skipped (remove the file to do it anew); one that was stopped goes
on where it was. ``--readme`` writes the table of the variants between its markers in the README and
computes nothing.

Everything is computed with one thread. Time is this process's own CPU time, so that a loaded
machine changes no figure but the wall clock's; where the other cores are idle both are the same.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path += [str(REPOSITORY), str(Path(__file__).parent)]

import torch  # noqa: E402
from study_rows import Row, equal_time, papers, trials, variants  # noqa: E402
from study_table import write_readme  # noqa: E402

from data_manifest.manifest import open_manifest  # noqa: E402
from shared.console import Console  # noqa: E402
from shared.errors import PoseGanError  # noqa: E402
from shared.files import publish  # noqa: E402
from shared.provenance import versions  # noqa: E402
from train.checkpoint import load_run  # noqa: E402
from train.inference.generate import generate_pairs  # noqa: E402
from train.loop import run as train  # noqa: E402
from train.nets.generators import make_generator  # noqa: E402
from train.run_folder import shards_fingerprint  # noqa: E402
from train.scoring.evaluate import score  # noqa: E402
from train.scoring.settings import EvalSettings  # noqa: E402
from train.settings.presets import resolve  # noqa: E402
from train.settings.tree import TrainSettings  # noqa: E402

RESULTS = Path(__file__).parent / "results"
SCORES = ("ssim/pose-gan", "ssim-inside", "ssim-outside", "mask-ssim", "sharpness")
JUDGED = ("rank-1", "map", "fid/reid")
ENDLESS = 1_000_000_000


def main() -> None:
    """Run what is missing of a study."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("study", choices=("variants", "equal-time", "papers", "trials"))
    parser.add_argument("--shards", type=Path, help="What prep-market made.")
    parser.add_argument("--runs", type=Path, default=Path("runs/study"), help="Run folders.")
    parser.add_argument("--images", type=int, default=1_000, help="Of all but equal-time.")
    parser.add_argument("--minutes", type=float, default=20.0, help="Of equal-time, CPU time.")
    parser.add_argument("--seeds", type=int, default=1, help="So many, from 0.")
    parser.add_argument("--rows", nargs="*", default=[], help="These alone.")
    parser.add_argument("--reid", type=Path, help="A judge of train-reid.")
    parser.add_argument("--readme", action="store_true", help="Write the README's table.")
    options = parser.parse_args()
    if options.readme:
        write_readme(REPOSITORY / "README.md", RESULTS / "variants")
        return
    if options.shards is None:
        parser.error("--shards is needed")
    torch.set_num_threads(1)
    try:
        _run_missing(options, Console())
    except PoseGanError as error:
        sys.exit(f"{parser.prog}: {error.message}")


def _run_missing(options: argparse.Namespace, console: Console) -> None:
    for seed in range(options.seeds):
        for row in _rows(options):
            if options.rows and row.name not in options.rows:
                continue
            path = RESULTS / options.study / f"{row.name}-{seed}.json"
            if path.exists():
                console.say(f"{path.name}: done before")
                continue
            folder = options.runs / options.study / f"{row.name}-{seed}"
            result = run_row(row, seed, options.shards, folder, options.reid, console)
            path.parent.mkdir(parents=True, exist_ok=True)
            publish(path, (json.dumps(result, indent=1) + "\n").encode())


def _rows(options: argparse.Namespace) -> list[Row]:
    if options.study == "equal-time":
        return equal_time(options.minutes)
    return {"variants": variants, "papers": papers, "trials": trials}[options.study](options.images)


def settings_of(row: Row, seed: int, shards: Path) -> TrainSettings:
    """Return the settings of a run: the preset, the row's changes, its length, and the shards."""
    manifest = open_manifest(shards)
    length: dict[str, Any] = {
        "max_images": row.images or ENDLESS,
        "max_hours": row.minutes / 60,
        "sheet_images": 0,
        "checkpoint_images": 2_000,
        "device": "cpu",
    }
    found = {
        "shards": shards_fingerprint(manifest),
        "generator": {"image_size": manifest.image_size},
    }
    return resolve(row.preset, {"seed": seed}, *row.layers, {"run": length}, found)


def run_row(
    row: Row, seed: int, shards: Path, folder: Path, reid: Path | None, console: Console
) -> dict[str, Any]:
    """Train, draw and score one row; return what is kept of it."""
    settings = settings_of(row, seed, shards)
    checkpoint = train(settings, shards, folder, console=console, clock=time.process_time)
    counters = load_run(folder, console)[1]["counters"]
    out = folder / "scores"
    made = generate_pairs(folder, shards, out, console=console, limit=row.pairs, device_name="cpu")
    given = EvalSettings(
        out=out,
        panels=made.panels,
        keypoints=made.keypoints,
        image_size=made.image_size,
        protocols=SCORES + (JUDGED if reid else ()),
        reid=reid,
        gallery=shards if reid else None,
        device="cpu",
    )
    report = score(given, console)
    generator = make_generator(settings.generator)
    images, seconds = counters["images"], counters["seconds"]
    return {
        "row": row.name,
        "adds": row.adds,
        "seed": seed,
        "preset": row.preset,
        "changes": [dict(layer) for layer in row.layers],
        "images": images,
        "minutes": row.minutes,
        "cpu_seconds": round(seconds, 1),
        "ms_a_sample": round(1000 * seconds / images, 1),
        "parameters": sum(p.numel() for p in generator.parameters()),
        "pairs": report["pairs"],
        "scores": {name: report[name] for name in report if _is_score(report[name])},
        "controls": {
            name: {metric: _values(entries) for metric, entries in table.items()}
            for name, table in report["controls"].items()
        },
        "shards": settings.shards,
        "checkpoint": checkpoint.name,
        "machine": f"{os.cpu_count()} cores, one thread, load {os.getloadavg()[0]:.1f}",
        "versions": versions("torch"),
        "commit": _commit(),
        "date": datetime.datetime.now(tz=datetime.UTC).date().isoformat(),
    }


def _is_score(value: Any) -> bool:
    entries = list(value.values()) if isinstance(value, Mapping) else []
    return bool(entries) and all(isinstance(e, Mapping) and "value" in e for e in entries)


def _values(entries: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    return {protocol: entry["value"] for protocol, entry in entries.items()}


def _commit() -> str:
    command = ["git", "-C", str(REPOSITORY), "describe", "--always", "--dirty"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


if __name__ == "__main__":
    main()
