"""Folders that an older version made go on: shards, kept poses and a run stopped half-way."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path
from typing import Any

import pytest
from small_market import hashes
from training_runs import QUIET, train

from preprocess.pipeline import run
from preprocess.settings import PoseSettings, PrepareSettings, RunSettings, ShardSettings
from preprocess.sources.registry import find_source
from shared.errors import UsageError
from shared.weights import WEIGHTS
from train.inference.painter import open_painter
from train.planned_run import resolved
from train.settings.tree import TrainSettings
from train.watch.logbook import read_log

ARCHIVE = Path(__file__).parents[1] / "archive" / "v0.1"


@pytest.fixture
def old(tmp_path: Path) -> Path:
    shutil.copytree(ARCHIVE, tmp_path / "old")
    return tmp_path / "old"


class NoPoses:
    """A pose model that must not be asked: every pose is kept from before."""

    key = f"{WEIGHTS['demo-pose'].sha256} 256x128 single person 0.25 rule 1"

    def estimate(self, images: Any) -> Any:
        raise AssertionError(f"{len(images)} poses estimated anew")


def prepare(old: Path) -> None:
    settings = PrepareSettings(
        src=old / "market",
        out=old / "shards",
        pose=PoseSettings(pose_model="demo"),
        shards=ShardSettings(image_size=(64, 48), shard_bytes=100_000, num_test_pairs=12),
        run=RunSettings(),
    )
    source = find_source(old / "market")
    run(settings, source, QUIET, open_estimator=lambda *_: NoPoses())


def test_a_finished_shard_folder_is_only_verified(old: Path) -> None:
    shards = old / "shards"
    times = {path: path.stat().st_mtime_ns for path in shards.iterdir()}
    prepare(old)
    assert {path: path.stat().st_mtime_ns for path in times} == times


def test_missing_shards_are_made_again_from_kept_poses_to_the_bit(old: Path) -> None:
    shards = old / "shards"
    before = hashes(shards)
    (shards / "train-00001.h5").unlink()
    (shards / "test-00000.h5").unlink()
    prepare(old)
    assert hashes(shards) == before


def settings_of(old: Path) -> TrainSettings:
    flags = {"channels": 1, "batch": 2, "max_images": 48, "device": "cpu"}
    return resolved(old / "shards", preset="dsc", config=old / "run.toml", **flags)


def test_a_run_with_fidelity_is_refused_in_one_line_for_it_saw_other_maps(old: Path) -> None:
    """To go on would teach networks what they were not taught before; nothing of it is changed."""
    before = hashes(old / "run")
    with pytest.raises(UsageError, match=r"version 0\.1 began, which saw others") as refused:
        train(settings_of(old), old / "shards", old / "run")
    assert "\n" not in str(refused.value) and "settings.json" in str(refused.value)
    with pytest.raises(UsageError, match=r"version 0\.1 began, which saw others"):
        open_painter(old / "run", device="cpu")
    assert hashes(old / "run") == before


@pytest.mark.long
def test_a_run_without_fidelity_goes_on_from_its_checkpoint(old: Path) -> None:
    """The same folder, its settings without fidelity as a demo run's were."""
    path = old / "run" / "settings.json"
    saved = json.loads(path.read_text())
    saved["generator"]["fidelity"] = False
    path.write_text(json.dumps(saved))
    with (old / "run.toml").open("a") as config:
        config.write("[generator]\nfidelity = false\n")
    whole = [json.loads(line) for line in (old / "whole-log.jsonl").read_text().splitlines()]
    earlier = read_log(old / "run")
    train(settings_of(old), old / "shards", old / "run")
    found = read_log(old / "run")
    assert found[: len(earlier)] == earlier
    assert [record["images"] for record in found] == [record["images"] for record in whole]
    assert all(math.isfinite(r["losses"]["l1"]) for r in found if r["kind"] == "status")
