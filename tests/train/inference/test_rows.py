"""Rows of their own in the tables of a run: pasted people, and what saw the target's background."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from commands import call
from drawn_shards import publish_shards
from PIL import Image
from training_runs import small_settings, train

from shared.files import read_json

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish_shards(tmp_path_factory.mktemp("shards"), train_shards=1, images=3)


def scored(shards: Path, out: Path, **flags: object) -> Path:
    settings = small_settings(shards, preset="full", max_images=4, **flags)
    run = train(settings, shards, out / "run")
    more = ("--protocols", "l1", "--limit", 3, "--device", "cpu", "--quiet")
    done = call("eval-gan", "--run", run, "--shards", shards, "--out", out / "scores", *more)
    assert done.exit_code == 0, done.output
    return out / "scores"


def test_pasted_people_are_scored_in_a_row_of_their_own(shards: Path, tmp_path: Path) -> None:
    scores = scored(shards, tmp_path)
    report = read_json(scores / "metrics.json")
    assert list(report["rows"]) == ["pasted"]
    assert not {"pasted"} & (report["controls"].keys() | report["lead"].keys())
    names = sorted(path.name for path in (scores / "panels").iterdir())
    assert names == sorted(path.name for path in (scores / "pasted").iterdir())
    gaps, plain_gaps = [], []
    for name in names:
        panels = np.asarray(Image.open(scores / "panels" / name)).astype(float)
        _, target, plain = np.split(panels, 3, axis=1)
        pasted = np.asarray(Image.open(scores / "pasted" / name)).astype(float)
        gaps.append(np.abs(pasted - target).mean() / 255)
        plain_gaps.append(np.abs(plain - target).mean() / 255)
    entry = report["rows"]["pasted"]["l1"]["range1"]
    assert entry["value"] == pytest.approx(np.mean(gaps)) and entry["n"] == 3
    assert report["l1"]["range1"]["value"] == pytest.approx(np.mean(plain_gaps))
    assert "generated, pasted" in (scores / "table.md").read_text()
    assert "\npasted,l1,range1," in (scores / "table.csv").read_text()


def test_what_saw_the_targets_background_says_so(shards: Path, tmp_path: Path) -> None:
    scores = scored(shards, tmp_path, background="target")
    report = read_json(scores / "metrics.json")
    assert list(report["rows"]) == ["pasted", "target-background"]
    assert "it sees the target" in report["protocols"]["target-background"]
    assert "sees the target's background" in (scores / "table.md").read_text()
    same = [
        (scores / "pasted" / path.name).read_bytes() == path.read_bytes()
        for path in (scores / "target-background").iterdir()
    ]
    assert len(same) == 3 and not any(same)


def test_pictures_drawn_before_there_were_rows_get_theirs(shards: Path, tmp_path: Path) -> None:
    scores = scored(shards, tmp_path)
    for path in (scores / "pasted").iterdir():
        path.unlink()
    before = {path.name: path.read_bytes() for path in (scores / "panels").iterdir()}
    more = ("--protocols", "l1", "--limit", 3, "--device", "cpu", "--quiet")
    run = tmp_path / "run"
    done = call("eval-gan", "--run", run, "--shards", shards, "--out", scores, *more)
    assert done.exit_code == 0, done.output
    assert {path.name for path in (scores / "pasted").iterdir()} == before.keys()
    after = {path.name: path.read_bytes() for path in (scores / "panels").iterdir()}
    assert after == before
