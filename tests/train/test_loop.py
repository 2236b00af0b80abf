from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from disks import FailingDisk
from drawn_shards import publish_shards
from PIL import Image
from training_runs import QUIET, digest, small_settings, train

from shared.errors import (
    DamagedError,
    DivergedError,
    LockedError,
    NoSpaceError,
    UsageError,
)
from shared.files import folder_lock
from train.checkpoint import Checkpoints
from train.run_folder import read_settings
from train.watch.logbook import read_log


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish_shards(tmp_path_factory.mktemp("shards"), train_shards=3)


@pytest.fixture(scope="module")
def undisturbed(shards: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "whole"
    train(small_settings(shards), shards, out)
    return out


def test_a_run_leaves_everything_a_reader_looks_for(undisturbed: Path) -> None:
    names = {path.name for path in undisturbed.iterdir()} - {".lock"}
    assert names == {
        "settings.json", "log.jsonl", "curves.png", "sheets",
        "checkpoint-0000000048.pt", "checkpoint-0000000048.pt.sha256",
    }  # fmt: skip
    sheet = undisturbed / "sheets" / "sheet-0000000048.png"
    with Image.open(sheet) as picture:
        assert picture.size[0] > 6 * 96
    kinds = [record["kind"] for record in read_log(undisturbed)]
    assert kinds == ["status", "scores"]
    scores = read_log(undisturbed)[-1]
    assert list(scores["ssim"]) == ["generator", "source copied", "mean image", "black image"]
    assert read_settings(undisturbed).preset == "dsc"


@pytest.mark.parametrize("path", ["ram", "stream"])
def test_a_run_in_two_parts_ends_as_the_undisturbed_one(
    shards: Path, tmp_path: Path, path: str
) -> None:
    window = tmp_path / "window.toml"
    window.write_text("[run]\nwindow_shards = 2\n")
    whole = small_settings(shards, config=window, data="device")
    train(whole, shards, tmp_path / "whole")
    train(small_settings(shards, config=window, max_images=20), shards, tmp_path / "parts")
    train(small_settings(shards, config=window, data=path), shards, tmp_path / "parts")
    assert digest(tmp_path / "parts") == digest(tmp_path / "whole")


def test_a_finished_run_is_left_as_it_is(shards: Path, undisturbed: Path) -> None:
    before = {p.name: p.read_bytes() for p in undisturbed.glob("checkpoint*")}
    log = (undisturbed / "log.jsonl").read_bytes()
    train(small_settings(shards), shards, undisturbed)
    assert {p.name: p.read_bytes() for p in undisturbed.glob("checkpoint*")} == before
    assert (undisturbed / "log.jsonl").read_bytes() == log


def test_other_settings_are_refused_and_named(shards: Path, undisturbed: Path) -> None:
    with pytest.raises(UsageError, match=r"data\.batch: was 4, now 5.*choose another --out"):
        train(small_settings(shards, batch=5), shards, undisturbed)


def test_other_shards_are_refused(shards: Path, undisturbed: Path, tmp_path: Path) -> None:
    others = publish_shards(tmp_path / "others", train_shards=2)
    with pytest.raises(UsageError, match="shards: was"):
        train(small_settings(others), others, undisturbed)


def test_a_folder_with_other_files_is_not_taken(shards: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("text")
    with pytest.raises(UsageError, match="an empty folder or a run"):
        train(small_settings(shards), shards, tmp_path)


def test_a_locked_folder_is_refused(shards: Path, tmp_path: Path) -> None:
    with folder_lock(tmp_path / "run"), pytest.raises(LockedError, match="process"):
        train(small_settings(shards), shards, tmp_path / "run")


def test_a_full_disk_stops_with_a_whole_checkpoint(shards: Path, tmp_path: Path) -> None:
    settings = small_settings(shards, max_images=24)
    train(settings, shards, tmp_path / "run")
    longer = small_settings(shards, max_images=32)
    with pytest.raises(NoSpaceError, match="free space"):
        train(longer, shards, tmp_path / "run", FailingDisk(14, 28))
    train(longer, shards, tmp_path / "run")
    train(longer, shards, tmp_path / "fresh")
    assert digest(tmp_path / "run") == digest(tmp_path / "fresh")


def test_divergence_goes_back_once_then_stops_and_records_the_batch(
    shards: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    settings = small_settings(shards, max_images=4000)
    wild = 1e30  # the range of the setting allows none that is sure to diverge
    object.__setattr__(settings.optimizer, "generator_rate", wild)
    with pytest.raises(DivergedError, match="lower the learning rates"):
        train(settings, shards, tmp_path / "run")
    said = capfd.readouterr().err
    assert said.count("going back to 0 images") == 1
    assert said.count("skipped") >= 8
    record = json.loads((tmp_path / "run" / "diverged.json").read_text())
    assert len(record["batches"]) == 2
    assert len(record["batches"][0]) == 4
    assert record["batches"][0][0]["shard"].startswith("train-0000")
    assert not list((tmp_path / "run").glob("checkpoint*"))


def test_a_divergence_goes_back_to_the_newest_checkpoint(shards: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    newest = train(small_settings(shards, max_images=24), shards, out)
    content = Checkpoints(out, console=QUIET).load_newest()
    assert content is not None
    state = content[1]
    weights = state["generator"]["decoder.last.weight"]
    weights.fill_(float("nan"))
    Checkpoints(out, console=QUIET).save(24, state, best_images=None)
    with pytest.raises(DivergedError, match="after going back to 24 images"):
        train(small_settings(shards, max_images=80), shards, out)
    assert newest.exists()


def test_a_rotten_newest_checkpoint_costs_one_interval_only(
    shards: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    often = tmp_path / "often.toml"
    often.write_text("[run]\ncheckpoint_images = 16\nsheet_images = 16\nkeep = 3\n")
    settings = small_settings(shards, config=often)
    newest = train(settings, shards, tmp_path / "run")
    expected = digest(tmp_path / "run")
    data = bytearray(newest.read_bytes())
    data[len(data) // 3] ^= 4
    newest.write_bytes(data)
    train(settings, shards, tmp_path / "run")
    assert "going back to the one before it" in capfd.readouterr().err
    assert digest(tmp_path / "run") == expected
    images = [r["images"] for r in read_log(tmp_path / "run") if r["kind"] == "scores"]
    assert images == [16, 32, 48]


def test_the_best_checkpoint_stays(shards: Path, tmp_path: Path) -> None:
    often = tmp_path / "often.toml"
    often.write_text("[run]\ncheckpoint_images = 8\nsheet_images = 8\nkeep = 1\n")
    out = tmp_path / "run"
    train(small_settings(shards, config=often, max_images=64), shards, out)
    scores = {
        record["images"]: record["ssim"]["generator"]
        for record in read_log(out)
        if record["kind"] == "scores"
    }
    best = max(scores, key=lambda images: scores[images])
    kept = [int(path.stem.split("-")[1]) for path in out.glob("checkpoint*.pt")]
    assert sorted(kept) == sorted({best, 64})


def test_a_warm_start_begins_with_the_other_runs_average(
    shards: Path, undisturbed: Path, tmp_path: Path
) -> None:
    settings = small_settings(shards, init_from=undisturbed, max_images=4)
    train(settings, shards, tmp_path / "warm")
    scores = [
        next(r["ssim"]["generator"] for r in read_log(folder) if r["kind"] == "scores")
        for folder in (undisturbed, tmp_path / "warm")
    ]
    assert scores[1] == pytest.approx(scores[0], abs=0.05)
    wide = small_settings(shards, init_from=undisturbed, channels=3)
    with pytest.raises(UsageError, match="generator of the same form"):
        train(wide, shards, tmp_path / "wide")


def test_hours_end_a_run_too(shards: Path, tmp_path: Path) -> None:
    settings = small_settings(shards, max_images=10_000_000, max_hours=1e-9)
    newest = train(settings, shards, tmp_path / "run")
    assert newest.name == "checkpoint-0000000004.pt"


def test_shards_without_test_pairs_serve_with_a_warning(
    shards: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    import shutil
    from dataclasses import replace

    from data_manifest.manifest import open_manifest, publish_manifest

    folder = tmp_path / "train-only"
    shutil.copytree(shards, folder)
    manifest = open_manifest(folder)
    publish_manifest(folder, replace(manifest, shards=manifest.of_split("train")))
    train(small_settings(folder, max_images=4), folder, tmp_path / "run")
    assert "no test pairs" in capfd.readouterr().err


def test_a_settings_file_of_something_else_is_damage(shards: Path, tmp_path: Path) -> None:
    (tmp_path / "settings.json").write_text("[]")
    with pytest.raises(DamagedError, match="settings of a run"):
        train(small_settings(shards), shards, tmp_path)


def test_deterministic_asks_torch_for_it(shards: Path, tmp_path: Path) -> None:
    settings = small_settings(shards, max_images=4, deterministic=True)
    try:
        train(settings, shards, tmp_path / "run")
        assert torch.are_deterministic_algorithms_enabled()
    finally:
        torch.use_deterministic_algorithms(False)
