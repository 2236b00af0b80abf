"""A run between its steps: what it feeds its networks, what it counts, when it gives up."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from drawn_shards import publish_shards
from torch import Tensor
from training_runs import QUIET, small_settings, train

import train.trainer as train_trainer
from data_manifest.manifest import open_manifest
from shared.errors import DamagedError, DivergedError
from train.checkpoint import Checkpoints, load_run, read_checkpoint
from train.data.batch import Batch, make_batch
from train.data.order import Order
from train.data.store import Store, load_store, shards_of
from train.data.train_split import TrainSplit, choose_path
from train.settings.tree import TrainSettings
from train.state import TrainState
from train.step import StepReport, train_step
from train.watch.logbook import read_log
from train.watch.status import Meter
from train.world import OneProcess

pytestmark = pytest.mark.long

CPU = torch.device("cpu")
CONFIG = """[run]
status_images = 8
score_pairs = 2
sheet_pairs = 1
[data]
sigma = 4.0
mirror = 0.5
[generator]
fidelity = false
"""


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish_shards(tmp_path_factory.mktemp("shards"), train_shards=3, images=3)


@pytest.fixture(scope="module")
def store(shards: Path) -> Store:
    return load_store(shards, shards_of(open_manifest(shards), "train", shards))


@pytest.fixture
def settings(shards: Path, tmp_path: Path) -> TrainSettings:
    return settings_of(shards, tmp_path, max_images=12)


def settings_of(shards: Path, folder: Path, config: str = CONFIG, **flags: Any) -> TrainSettings:
    path = folder / "run.toml"
    path.write_text(config)
    return small_settings(shards, config=path, **{"channels": 1, "seed": 7, **flags})


class Fed:
    """Notes the batches that a run draws; steps may be told to come out not finite."""

    def __init__(self, patches: pytest.MonkeyPatch, bad: set[int] | None = None) -> None:
        self.batches: list[Batch] = []
        self.steps = 0
        self._bad = bad or set()
        patches.setattr(train_trainer, "train_step", self._step)

    def _step(self, state: TrainState, objective: Any, draw: Any, world: Any) -> StepReport:
        def noted() -> Batch:
            self.batches.append(draw())
            return self.batches[-1]

        report = train_step(state, objective, noted, world)
        self.steps += 1
        if self.steps not in self._bad:
            return report
        finite = torch.tensor(False)
        return StepReport(
            finite=finite, discriminator=report.discriminator, generator=report.generator
        )


def batch_of(store: Store, order: Order, number: int) -> Batch:
    picks = order.batch(number, 4)
    pairs = torch.cat([torch.from_numpy(each.pairs) for each in picks])
    mirrored = torch.cat([torch.from_numpy(each.mirrored) for each in picks])
    return make_batch(store.gather(pairs), mirrored, sigma=4.0)


def equal(first: Batch, second: Batch) -> bool:
    def plain(value: Tensor) -> Tensor:
        return value.nan_to_num(-7.0)

    return all(
        torch.equal(plain(value), plain(vars(second)[name])) for name, value in vars(first).items()
    )


def order_of(shards: Path, **more: Any) -> Order:
    entries = shards_of(open_manifest(shards), "train", shards)
    return Order([entry.num_pairs for entry in entries], seed=7, mirror=0.5, **more)


@pytest.mark.long
def test_a_run_is_fed_the_order_of_its_seed_mirrored_and_at_its_sigma(
    shards: Path, store: Store, settings: TrainSettings, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    fed = Fed(monkeypatch)
    train(settings, shards, tmp_path / "run")
    order = order_of(shards)
    assert len(fed.batches) == 6  # two a step
    for number, batch in enumerate(fed.batches):
        assert equal(batch, batch_of(store, order, number)), number


@pytest.mark.long
def test_a_run_that_goes_on_is_fed_from_where_it_stood_along_its_detour(
    shards: Path, store: Store, settings: TrainSettings, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    out = tmp_path / "run"
    train(settings, shards, out)
    content = load_run(out, QUIET)[1]
    content["counters"]["detour"] = 3
    Checkpoints(out, console=QUIET).save(12, content, best_images=None)
    fed = Fed(monkeypatch)
    train(settings_of(shards, tmp_path, max_images=20), shards, out)
    order = order_of(shards, detour=3)
    assert len(fed.batches) == 4
    for number, batch in enumerate(fed.batches, start=6):
        assert equal(batch, batch_of(store, order, number)), number


@pytest.mark.long
def test_skipped_steps_in_a_row_are_counted_and_others_forgive_them(
    shards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    Fed(monkeypatch, bad={1, 2, 3, 5, 6, 7, 9, 10})
    train(settings_of(shards, tmp_path, max_images=40), shards, tmp_path / "run")
    said = capfd.readouterr().err
    assert said.count("skipped") == 8 and "going back" not in said
    assert load_run(tmp_path / "run", QUIET)[1]["counters"]["skipped"] == 2


@pytest.mark.long
def test_a_run_that_went_back_takes_another_order_and_gives_up_at_the_second_time(
    shards: Path, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fed = Fed(monkeypatch, bad=set(range(1, 40)))
    with pytest.raises(DivergedError, match="4 steps in a row were not finite"):
        train(settings_of(shards, tmp_path, max_images=64), shards, tmp_path / "run")
    assert fed.steps == 8
    assert equal(fed.batches[0], batch_of(store, order_of(shards), 0))
    detour = order_of(shards, detour=1)
    for number in range(8):
        assert equal(fed.batches[8 + number], batch_of(store, detour, number)), number
    record = json.loads((tmp_path / "run" / "diverged.json").read_text())
    assert record["step"] == 4
    split = TrainSplit(
        shards,
        shards_of(open_manifest(shards), "train", shards),
        path="stream",
        image_size=(64, 48),
        device=CPU,
    )
    told = [split.describe(detour, batch=4, number=number) for number in (6, 7)]
    assert record["batches"] == told


def test_the_record_of_a_batch_says_what_was_mirrored(shards: Path) -> None:
    split = TrainSplit(
        shards,
        shards_of(open_manifest(shards), "train", shards),
        path="stream",
        image_size=(64, 48),
        device=CPU,
    )
    order = order_of(shards)
    told = [each["mirrored"] for each in split.describe(order, batch=16, number=1)]
    marks = [mark for picks in order.batch(1, 16) for mark in picks.mirrored.tolist()]
    assert told == marks and len(set(marks)) == 2


@pytest.mark.long
def test_a_run_reports_and_shows_at_its_end_wherever_that_is(
    shards: Path, settings: TrainSettings, tmp_path: Path
) -> None:
    train(settings, shards, tmp_path / "run")
    told = [(record["images"], record["kind"]) for record in read_log(tmp_path / "run")]
    assert told == [(8, "status"), (12, "status"), (12, "scores")]
    assert (tmp_path / "run" / "sheets" / "sheet-0000000012.png").exists()


def test_a_meter_begins_anew_after_every_line() -> None:
    from train.outcomes import Outcome

    now = 0.0
    meter = Meter(lambda: now)
    for value, waited, paused in ((1.0, 2.0, 1.0), (5.0, 0.5, 0.0)):
        figures = {"l1": torch.tensor(value), "gradient": torch.tensor(value)}
        judge = {"loss": torch.tensor(value), "gradient": torch.tensor(value)}
        report = StepReport(finite=torch.tensor(True), discriminator=judge, generator=figures)
        meter.note(Outcome(step=1, images=8, finite=True, report=report))
        meter.waiting(waited)
        meter.paused(paused)
        now += 5.0
        groups = meter.take(OneProcess(CPU))
        assert groups["losses"] == {"l1": value}
        assert groups["gradients"] == {"generator": value, "discriminator": value}
        assert groups["speed"]["samples_per_s"] == pytest.approx(8 / (5 - paused))
        assert groups["data_wait"] == pytest.approx(waited / (5 - paused))


def test_a_checkpoint_of_another_version_is_not_taken_for_ours(tmp_path: Path) -> None:
    path = Checkpoints(tmp_path, console=QUIET).save(4, {"version": 99}, best_images=None)
    with pytest.raises(DamagedError, match="version 1, found 99"):
        read_checkpoint(path)


def test_checkpoints_of_long_runs_stay_in_their_order(tmp_path: Path) -> None:
    kept = Checkpoints(tmp_path, keep=2, console=QUIET)
    for images in (8, 9_999_999_996, 10_000_000_000, 10_000_000_004):
        kept.save(images, {"counters": {"images": images}}, best_images=None)
    assert kept.paths() == [kept.path_of(10_000_000_000), kept.path_of(10_000_000_004)]
    found = kept.load_newest()
    assert found is not None and found[0] == kept.path_of(10_000_000_004)


@pytest.mark.parametrize(
    ("needed", "gpu", "ram", "path"),
    [(40, 100, 100, "device"), (60, 100, 200, "ram"), (60, 100, 100, "stream")],
)
def test_samples_lie_as_near_as_half_of_the_free_memory_allows(
    needed: int, gpu: int, ram: int, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _: (gpu, 1000))
    monkeypatch.setattr("train.data.train_split.free_ram_bytes", lambda: ram)
    assert choose_path(needed, torch.device("cuda")) == path
    assert choose_path(needed, CPU) == ("device" if needed < ram / 2 else "stream")
