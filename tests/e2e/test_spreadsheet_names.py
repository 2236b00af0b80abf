"""Names that a spreadsheet would run as formulas stand harmless in every table for people."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
from commands import call
from scored_pictures import make_results
from small_market import make_market

NAME = "=cmd|' !A0"


def test_images_csv_marks_them_as_text(tmp_path: Path) -> None:
    market = make_market(tmp_path)
    (market.folder("train") / NAME).touch()
    text = market.keypoints.read_text()
    row = text.splitlines()[1].partition(":")[2]
    market.keypoints.write_text(f"{text}+1+1:{row}\n")
    done = call(
        "prep-market", "--src", market.root, "--out", tmp_path / "out", "--workers", 1,
        "--keypoints", market.keypoints,
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    table = pd.read_csv(tmp_path / "out" / "images.csv")
    assert {f"'{NAME}", "'+1+1"} <= set(table["name"])
    assert set(market.names["train"]) <= set(table["name"])
    assert call("inspect-shards", tmp_path / "out").exit_code == 0


def test_scores_mark_them_as_text(tmp_path: Path) -> None:
    results = make_results(tmp_path)
    for folder, suffix in (("real", "png"), ("generated", "bmp")):
        first = results.folder / folder / f"{results.targets[0]}.{suffix}"
        shutil.copy(first, first.with_name(f"{NAME}.{suffix}"))
    done = call(
        "eval-gan", "--generated", results.folder / "generated", "--real",
        results.folder / "real", "--out", tmp_path / "scores",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    names = pd.read_csv(tmp_path / "scores" / "pairs.csv")["name"].tolist()
    assert names == [*results.targets, f"'{NAME}"]


def test_extract_poses_refuses_them(tmp_path: Path) -> None:
    market = make_market(tmp_path)
    folder = market.folder("train")
    shutil.copy(folder / market.names["train"][0], folder / "=1.jpg")
    done = call(
        "extract-poses", "--src", folder, "--out", tmp_path / "poses.csv",
        "--pose-model", "demo", "--device", "cpu", "--max-bad", 1,
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "=1.jpg: a name that a spreadsheet would run" in " ".join(done.stderr.split())
