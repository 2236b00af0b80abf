from __future__ import annotations

import errno
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from disks import FailingDisk
from drawn_shards import publish_shards
from PIL import Image
from training_runs import QUIET, digest, small_settings, train

import train.trainer as train_trainer
from shared.errors import (
    DamagedError,
    DivergedError,
    LockedError,
    NoSpaceError,
    StoppedError,
    UsageError,
)
from shared.files import Disk
from shared.folder_lock import folder_lock
from shared.stopping import StopRequest
from train.checkpoint import Checkpoints
from train.loop import run
from train.run_folder import read_settings
from train.state import TrainState
from train.step import StepReport, train_step
from train.watch.logbook import read_log

pytestmark = pytest.mark.long


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
        ".posegan.json", "settings.json", "log.jsonl", "curves.png", "sheets",
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
    with pytest.raises(UsageError, match="an empty folder or one that train-gan made"):
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
    assert len(record["batches"]) == settings.batches_per_step == 3
    assert len(record["batches"][0]) == 4
    assert record["batches"][0][0]["shard"].startswith("train-0000")
    assert not list((tmp_path / "run").glob("checkpoint*"))


def spoil_weights_after(images: int, times: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a weight become NaN in a step whose own figures are finite."""
    spoiled = 0

    def step(state: TrainState, *others: Any) -> StepReport:
        nonlocal spoiled
        report = train_step(state, *others)
        if state.images == images and spoiled < times:
            spoiled += 1
            next(state.generator.parameters()).data.fill_(float("nan"))
        return report

    monkeypatch.setattr(train_trainer, "train_step", step)


def test_weights_not_finite_at_the_last_save_are_trained_anew(
    shards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    spoil_weights_after(12, 1, monkeypatch)
    newest = train(small_settings(shards, max_images=12), shards, tmp_path / "run")
    assert newest == tmp_path / "run" / "checkpoint-0000000012.pt"
    assert newest.exists()
    assert "weights are not finite: going back to 0 images" in capfd.readouterr().err
    found = Checkpoints(tmp_path / "run", console=QUIET).load_newest()
    assert found is not None
    assert found[1]["counters"]["detour"] == 1
    assert all(value.isfinite().all() for value in found[1]["generator"].values())
    kinds = [(record["images"], record["kind"]) for record in read_log(tmp_path / "run")]
    assert kinds == [(12, "status"), (12, "scores")]


def test_weights_never_finite_at_the_last_save_end_with_divergence(
    shards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil_weights_after(12, 9, monkeypatch)
    with pytest.raises(DivergedError, match="weights are not finite, also after going back to 0"):
        train(small_settings(shards, max_images=12), shards, tmp_path / "run")
    assert (tmp_path / "run" / "diverged.json").exists()


def test_a_stop_with_weights_not_finite_names_what_is_saved(
    shards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "run"
    train(small_settings(shards, max_images=8), shards, out)
    spoil_weights_after(12, 1, monkeypatch)
    stop, step = StopRequest(), train_trainer.train_step

    def stopped(*inputs: Any) -> StepReport:
        stop.signal_name = "SIGTERM"
        return step(*inputs)

    monkeypatch.setattr(train_trainer, "train_step", stopped)
    settings = small_settings(shards, max_images=80)
    with pytest.raises(StoppedError, match=r"8 images; checkpoint-0000000008\.pt is saved"):
        run(settings, shards, out, console=QUIET, stop=stop)


def test_a_signal_before_the_first_step_saves_nothing(shards: Path, tmp_path: Path) -> None:
    stop = StopRequest()
    stop.signal_name = "SIGHUP"
    with pytest.raises(StoppedError, match="SIGHUP after 0 images; nothing is saved"):
        run(small_settings(shards), shards, tmp_path / "run", console=QUIET, stop=stop)
    assert not list((tmp_path / "run").glob("checkpoint*"))


def test_a_file_in_the_place_of_the_sheets_is_one_line(shards: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    train(small_settings(shards, max_images=4), shards, out)
    for sheet in (out / "sheets").iterdir():
        sheet.unlink()
    (out / "sheets").rmdir()
    (out / "sheets").write_text("")
    with pytest.raises(UsageError, match="a folder for sample sheets, found a file"):
        train(small_settings(shards, max_images=8), shards, out)


def test_a_run_folder_deleted_while_training_is_one_line(
    shards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import shutil

    def step(*inputs: Any) -> StepReport:
        shutil.rmtree(tmp_path / "run", ignore_errors=True)
        return train_step(*inputs)

    monkeypatch.setattr(train_trainer, "train_step", step)
    with pytest.raises(UsageError, match="No such file or directory"):
        train(small_settings(shards, max_images=8), shards, tmp_path / "run")


class FullForTheLog(Disk):
    """A disk on which no log line has room any more."""

    def append(self, path: Path) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_disk_full_for_the_log_leaves_a_checkpoint_of_this_moment(
    shards: Path, tmp_path: Path
) -> None:
    config = tmp_path / "often.toml"
    config.write_text("[run]\nstatus_images = 8\n")
    settings = small_settings(shards, config=config, max_images=16)
    with pytest.raises(NoSpaceError, match=r"log\.jsonl"):
        train(settings, shards, tmp_path / "run", FullForTheLog())
    assert [path.name for path in (tmp_path / "run").glob("*.pt")] == ["checkpoint-0000000008.pt"]
    train(settings, shards, tmp_path / "run")
    train(settings, shards, tmp_path / "fresh")
    assert digest(tmp_path / "run") == digest(tmp_path / "fresh")


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


def test_a_warm_start_needs_a_generator_of_the_same_form(
    shards: Path, undisturbed: Path, tmp_path: Path
) -> None:
    wide = small_settings(shards, init_from=undisturbed, channels=3)
    with pytest.raises(UsageError, match="generator of the same form"):
        train(wide, shards, tmp_path / "wide")


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


def test_a_settings_file_of_something_else_is_damage_in_a_run(shards: Path, tmp_path: Path) -> None:
    settings = small_settings(shards, max_images=4)
    train(settings, shards, tmp_path)
    (tmp_path / "settings.json").write_text("[]")
    with pytest.raises(DamagedError, match="settings of a run"):
        train(settings, shards, tmp_path)


def test_a_folder_with_a_settings_file_of_another_program_is_not_taken(
    shards: Path, tmp_path: Path
) -> None:
    (tmp_path / "settings.json").write_text("[]")
    with pytest.raises(UsageError, match=r"one that train-gan made, found settings\.json"):
        train(small_settings(shards), shards, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["settings.json"]
    assert (tmp_path / "settings.json").read_text() == "[]"


def test_deterministic_asks_torch_for_it(shards: Path, tmp_path: Path) -> None:
    settings = small_settings(shards, max_images=4, deterministic=True)
    try:
        train(settings, shards, tmp_path / "run")
        assert torch.are_deterministic_algorithms_enabled()
    finally:
        torch.use_deterministic_algorithms(False)
