"""Several systems beside each other: the same pairs, paired differences, one sheet."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from commands import call
from PIL import Image
from scored_pictures import Results, make_results, save

from train.inference import systems as _loaded  # noqa: F401 - an import of its own asks `uname`

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Generated images in all forms, and a worse system ``other`` in GFLA's."""
    made = make_results(tmp_path_factory.mktemp("results"), count=6)
    (made.folder / "other").mkdir()
    for i, (a, b) in enumerate(zip(made.sources, made.targets, strict=True)):
        worse = (0.3 * made.real[i] + 0.7 * made.source[i]).astype(np.uint8)
        save(made.folder / "other" / f"{a}_2_{b}_vis.png", worse)
    return made


def compared(results: Results, out: Path, *systems: str, more: tuple[object, ...] = ()) -> Any:
    folders = [results.folder / name for name in systems]
    common = ("--real", results.folder / "real", "--protocols", "ssim/pose-gan,l1", "--out", out)
    return call("eval-gan", *folders, *common, *more)


def test_each_system_has_the_scores_that_it_has_alone(results: Results, tmp_path: Path) -> None:
    done = compared(results, tmp_path / "out", "def-gan", "other")
    assert done.exit_code == 0, done.stderr
    report = json.loads((tmp_path / "out" / "comparison.json").read_text())
    assert list(report["systems"]) == ["def-gan", "other"] and report["less"] == "def-gan"
    pairs = {}
    for name in ("def-gan", "other"):
        arguments = ("--panels", results.folder / name, "--real", results.folder / "real")
        alone = tmp_path / f"alone-{name}"
        call("eval-gan", *arguments, "--protocols", "ssim/pose-gan,l1", "--out", alone)
        expected = json.loads((alone / "metrics.json").read_text())
        assert report["systems"][name]["ssim"] == expected["ssim"]
        assert report["systems"][name]["l1"] == expected["l1"]
        pairs[name] = pd.read_csv(alone / "pairs.csv").sort_values("target")
    for metric, key in (("ssim", "pose-gan"), ("l1", "range1")):
        found = report["differences"]["other"][metric][key]
        own, base = (pairs[name][f"{metric}/{key}"].to_numpy() for name in ("other", "def-gan"))
        assert found["value"] == pytest.approx((own - base).mean(), abs=1e-12)
        draws = np.random.default_rng(1).integers(0, 6, (4000, 6))
        low, high = np.quantile((own - base)[draws].mean(1), (0.025, 0.975))
        spread = high - low
        assert found["low"] == pytest.approx(low, abs=0.2 * spread)
        assert found["high"] == pytest.approx(high, abs=0.2 * spread)
    assert report["differences"]["other"]["ssim"]["pose-gan"]["high"] < 0


def test_table_and_sheet_show_every_system(results: Results, tmp_path: Path) -> None:
    out = tmp_path / "out"
    compared(results, out, "def-gan", "patn", "other")
    text = (out / "comparison.md").read_text()
    head = text.splitlines()[0]
    assert head.split(" | ")[1:4] == ["def-gan", "patn", "other"] and "black" in head
    assert "Less def-gan" in text and "+0.0000 (+0.0000 to +0.0000)" in text
    with Image.open(out / "comparison.png") as sheet:
        assert sheet.width > 5 * 64 and sheet.height > 6 * 128
    assert compared(results, out, "def-gan", "other").exit_code == 0  # the same folder again


def test_systems_of_different_pairs_are_refused_or_meet_in_what_they_share(
    results: Results, tmp_path: Path
) -> None:
    few = tmp_path / "few"
    shutil.copytree(results.folder / "other", few)
    sorted(few.iterdir())[0].unlink()
    arguments = (results.folder / "def-gan", few, "--real", results.folder / "real")
    arguments += ("--protocols", "l1", "--out", tmp_path / "out")
    done = call("eval-gan", *arguments, "--quiet")
    assert done.exit_code == 2 and "--allow-missing" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1 and not (tmp_path / "out").exists()
    done = call("eval-gan", *arguments, "--allow-missing")
    assert done.exit_code == 0, done.stderr
    report = json.loads((tmp_path / "out" / "comparison.json").read_text())
    assert {one["pairs"] for one in report["systems"].values()} == {5}


def test_wrong_systems_are_one_line_and_exit_code_2(results: Results, tmp_path: Path) -> None:
    for systems, more in (
        (("def-gan",), ()),
        (("def-gan", "def-gan"), ()),
        (("def-gan", "patn"), ("--panels", results.folder / "patn")),
        (("def-gan", "nowhere"), ()),
    ):
        done = compared(results, tmp_path / "out", *systems, more=(*more, "--quiet"))
        assert done.exit_code == 2, (systems, done.stderr)
        assert len(done.stderr.strip().splitlines()) == 1 and not (tmp_path / "out").exists()
    done = call("eval-gan", results.folder / "def-gan", results.folder / "patn")
    assert done.exit_code == 2 and "--out" in done.stderr
