"""Stage 1 on a drawn data set, once with its true key points and once with the demo weights.

Run ``python tests/bench/bench_stand_in.py [--market FOLDER] [--split train|test]``. The folder is
one that ``draw-market`` made, of any size; without it a small one is drawn. The tables lay pairs,
parts and seconds side by side, and hold the pose model's joints against the truth: a joint counts
as right within 0.2 torso lengths (PCK).
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from data_manifest.manifest import Manifest, open_manifest
from data_manifest.shard import read_shard
from shared.console import Console
from shared.geometry import torso_lengths
from shared.skeleton import JOINTS

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path += [str(REPOSITORY), str(REPOSITORY / "tests")]
from truth_files import read_truth  # noqa: E402

RIGHT = 0.2
"""Tolerance of a joint, in lengths of the true torso."""


def main() -> None:
    """Prepare the folder twice and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--market", type=Path)
    parser.add_argument("--split", choices=["train", "test"], default="test")
    options = parser.parse_args()
    console = Console()
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch)
        market = options.market
        if market is None:
            market = work / "market"
            command("draw-market", "--out", market)
        true, found = prepared_twice(market, work)
        for title in ("pairs", "parts of the train pairs", "time"):
            side_by_side(console, title, true, found)
        console.table(
            f"Joints of the {options.split} images against the truth",
            ("joint", "visible", "found", "right (PCK 0.2 torso)"),
            correctness(market, work / "found", found, options.split),
        )


def command(name: str, *arguments: object) -> None:
    """Run one of the project's commands."""
    program = Path(sys.executable).with_name(name)
    subprocess.run([program, *map(str, arguments)], check=True, stdout=subprocess.DEVNULL)


def prepared_twice(market: Path, work: Path) -> tuple[Manifest, Manifest]:
    """Run prep-market with the true key points and with the demo weights."""
    keypoints = [
        argument
        for path in sorted(market.glob("keypoints-*.csv"))
        for argument in ("--keypoints", path)
    ]
    command("prep-market", "--src", market, "--out", work / "true", *keypoints)
    command("prep-market", "--src", market, "--out", work / "found", "--pose-model", "demo")
    return open_manifest(work / "true"), open_manifest(work / "found")


def side_by_side(console: Console, title: str, true: Manifest, found: Manifest) -> None:
    """Print a table of both summaries: the first column, then the others of each."""
    left, right = (manifest.summary[title] for manifest in (true, found))
    columns = [f"{column}, {kind}" for kind in ("true", "demo") for column in left["columns"][1:]]
    of_right = {row[0]: row[1:] for row in right["rows"]}
    rows = [[*row, *of_right.get(row[0], [""] * (len(row) - 1))] for row in left["rows"]]
    known = {row[0] for row in left["rows"]}
    blank = [""] * (len(left["columns"]) - 1)
    rows += [[row[0], *blank, *row[1:]] for row in right["rows"] if row[0] not in known]
    console.table(title, (left["columns"][0], *columns), rows)


def correctness(market: Path, shards: Path, manifest: Manifest, split: str) -> list[list[object]]:
    """Hold the joints of a split's shards against what was drawn.

    Returns:
        A row a joint, and one for all: how many are visible, and the shares of those that the
        model reports and that it reports in the right place.
    """
    truth = read_truth(market / f"visibility-{split}.csv")
    row_of = {name: row for row, name in enumerate(truth.names)}
    entries = [read_shard(shards / entry.file) for entry in manifest.of_split(split)]
    joints = np.concatenate([arrays.joints for arrays in entries]).astype(np.float64)
    names = [name.decode() for arrays in entries for name in arrays.names]
    rows = [row_of[name] for name in names]
    true, visible = truth.joints[rows], truth.visible[rows]
    gap = np.linalg.norm(joints - true, axis=-1) / torso_lengths(true)[:, None]
    found, right = np.isfinite(gap), gap <= RIGHT
    everything = [("all", visible, found, right)]
    each = [
        (joint, visible[:, [j]], found[:, [j]], right[:, [j]]) for j, joint in enumerate(JOINTS)
    ]
    return [
        [name, int(v.sum()), f"{100 * f[v].mean():.1f} %", f"{100 * r[v].mean():.1f} %"]
        for name, v, f, r in each + everything
    ]


if __name__ == "__main__":
    main()
