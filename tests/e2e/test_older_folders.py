"""Folders that an older version made go on: shards, kept poses and a run stopped half-way."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from small_market import hashes
from training_runs import QUIET, train

from preprocess.pipeline import run
from preprocess.settings import PoseSettings, PrepareSettings, RunSettings, ShardSettings
from preprocess.sources.registry import find_source
from shared.weights import WEIGHTS
from train.planned_run import resolved
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


@pytest.mark.long
def test_a_run_goes_on_as_if_never_stopped(old: Path) -> None:
    settings = resolved(
        old / "shards",
        preset="dsc",
        config=old / "run.toml",
        channels=1,
        batch=2,
        max_images=48,
        device="cpu",
    )
    train(settings, old / "shards", old / "run")
    expected = [json.loads(line) for line in (old / "whole-log.jsonl").read_text().splitlines()]
    found = read_log(old / "run")
    assert [record["images"] for record in found] == [record["images"] for record in expected]
    for group in ("losses", "discriminator", "ssim"):
        for one, other in zip(found, expected, strict=True):
            assert one.get(group) == (
                pytest.approx(other[group], rel=1e-4) if group in other else None
            )
