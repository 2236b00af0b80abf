"""A run of two ranks, each a thread: the same samples, decisions taken together, one writer."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest
import torch
from disks import FailingDisk
from drawn_shards import publish_shards
from torch import nn
from training_runs import QUIET, digest, small_settings
from worlds import CPU, Rank, together

import train.set_up
import train.trainer
from shared.errors import DivergedError, LockedError, NoSpaceError, StoppedError, UsageError
from shared.folder_lock import folder_lock
from shared.stopping import StopRequest
from train.data.order import Order
from train.loop import run
from train.settings.tree import TrainSettings
from train.state import TrainState
from train.step import StepReport, train_step
from train.watch.logbook import read_log
from train.world import OneProcess, kept_by_first, seed_of_step, share_of_batch

pytestmark = pytest.mark.long

OFTEN = "[run]\nstatus-images = 4\nsheet-images = 8\ncheckpoint-images = 8\nsheet-pairs = 2\n"


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish_shards(tmp_path_factory.mktemp("shards"), train_shards=2)


@pytest.fixture
def without_dropout(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ranks draw their own dropout; without it they compute what one process does.

    Threads share torch's generator too, so the networks are made by one of them at a time.
    """
    one_at_a_time = threading.Lock()

    def made_alone(*inputs: Any) -> TrainState:
        with one_at_a_time:
            return TrainState(*inputs)

    monkeypatch.setattr(train.set_up, "TrainState", made_alone)
    monkeypatch.setattr(nn.Dropout, "forward", lambda _self, features: features)


def settings_of(shards: Path, tmp_path: Path, **flags: Any) -> TrainSettings:
    config = tmp_path / "often.toml"
    config.write_text(OFTEN)
    given = {"channels": 1, "max_images": 16, **flags}
    return small_settings(shards, config=config, **given)


def train_on(world: Rank | None, settings: TrainSettings, shards: Path, out: Path, **more: Any):  # type: ignore[no-untyped-def]
    """A run in which every rank but the first is given a folder that must never appear."""
    own = out if world is None or world.is_first else out.with_name("never")
    stop = more.pop("stop", StopRequest())
    newest = run(settings, shards, own, console=QUIET, world=world, stop=stop, **more)
    assert not out.with_name("never").exists()
    return newest


def losses(out: Path) -> list[dict[str, float]]:
    return [record["losses"] for record in read_log(out) if record["kind"] == "status"]


@pytest.mark.parametrize("ranks", [1, 2, 4])
def test_a_batch_is_the_same_samples_however_many_share_it(ranks: int) -> None:
    order = Order((30, 34), seed=2, window_shards=1, mirror=0.5)
    for number in range(12):
        parts = [order.batch(number, 8 // ranks, rank=rank, world=ranks) for rank in range(ranks)]
        shared = [pair for part in parts for picks in part for pair in picks.pairs.tolist()]
        whole = [pair for picks in order.batch(number, 8) for pair in picks.pairs.tolist()]
        assert shared == whole


def test_two_ranks_learn_what_one_learns_and_end_with_equal_weights(
    shards: Path, tmp_path: Path, without_dropout: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_of(shards, tmp_path)
    states: list[Any] = []

    def noted(state: Any, *others: Any) -> StepReport:
        if all(state is not each for each in states):
            states.append(state)
        return train_step(state, *others)

    train_on(None, settings, shards, tmp_path / "one")
    monkeypatch.setattr(train.trainer, "train_step", noted)
    ended = together(2, lambda world: train_on(world, settings, shards, tmp_path / "two"))
    assert ended == [tmp_path / "two" / "checkpoint-0000000016.pt"] * 2
    for one, two in zip(losses(tmp_path / "one"), losses(tmp_path / "two"), strict=True):
        assert two == pytest.approx(one, rel=2e-3)
    first, second = states
    assert (first.images, first.steps) == (second.images, second.steps) == (16, 4)
    for name in ("generator", "discriminator", "average"):
        pairs = zip(
            getattr(first, name).parameters(), getattr(second, name).parameters(), strict=True
        )
        assert all(torch.equal(a, b) for a, b in pairs), name
    kinds = [(record["kind"], record["images"]) for record in read_log(tmp_path / "two")]
    assert kinds == [(r["kind"], r["images"]) for r in read_log(tmp_path / "one")]
    names = {path.name for path in (tmp_path / "two").rglob("*") if "checkpoint" not in path.name}
    assert {"settings.json", "log.jsonl", "curves.png", "sheet-0000000016.png"} <= names


def test_a_run_goes_on_with_another_number_of_ranks(
    shards: Path, tmp_path: Path, without_dropout: None
) -> None:
    whole = settings_of(shards, tmp_path)
    half = settings_of(shards, tmp_path, max_images=8)
    train_on(None, whole, shards, tmp_path / "one")
    together(2, lambda world: train_on(world, half, shards, tmp_path / "run"))
    train_on(None, whole, shards, tmp_path / "run")
    for one, two in zip(losses(tmp_path / "one"), losses(tmp_path / "run"), strict=True):
        assert two == pytest.approx(one, rel=2e-3)


def test_a_signal_to_one_rank_stops_all_with_one_checkpoint(shards: Path, tmp_path: Path) -> None:
    settings = settings_of(shards, tmp_path, max_images=4000)
    stops = [StopRequest(), StopRequest()]

    def clock_of(world: Rank):  # type: ignore[no-untyped-def]
        asked = 0

        def clock() -> float:
            nonlocal asked
            asked += 1
            if world.rank == 1 and asked > 10:
                stops[1].signal_name = "SIGTERM"
            return float(asked)

        return clock

    out = tmp_path / "run"
    first, second = together(
        2,
        lambda world: train_on(
            world, settings, shards, out, stop=stops[world.rank], clock=clock_of(world)
        ),
    )
    assert isinstance(first, StoppedError) and isinstance(second, StoppedError)
    assert "another process" in first.message and "SIGTERM" in second.message
    assert len(list(out.glob("checkpoint-*.pt"))) == 1
    assert not (tmp_path / "never").exists()


def test_hours_of_one_rank_end_the_run_of_all(shards: Path, tmp_path: Path) -> None:
    settings = settings_of(shards, tmp_path, max_images=4000, max_hours=1.0)

    def clock_of(world: Rank):  # type: ignore[no-untyped-def]
        now = 0.0

        def clock() -> float:
            nonlocal now
            now += 500.0 if world.rank == 1 else 0.001
            return now

        return clock

    out = tmp_path / "run"
    ended = together(2, lambda world: train_on(world, settings, shards, out, clock=clock_of(world)))
    assert ended[0] == ended[1]
    assert Path(str(ended[0])).exists()
    assert read_log(out)[-1]["images"] < 100


def poisoned_on(rank: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let one rank's loss be infinite while its gradient stays finite."""
    from train.losses.objective import Objective

    plain = Objective.generator

    def generator(self: Objective, *inputs: torch.Tensor) -> dict[str, torch.Tensor]:
        terms = plain(self, *inputs)
        if threading.current_thread().name == f"rank {rank}":
            terms["l1"] = terms["l1"] + float("inf")
        return terms

    monkeypatch.setattr(Objective, "generator", generator)


@pytest.mark.long
def test_a_rank_that_diverges_takes_all_back_and_then_ends_all(
    shards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    poisoned_on(1, monkeypatch)
    out = tmp_path / "run"
    settings = settings_of(shards, tmp_path, max_images=4000)
    ended = together(2, lambda world: train_on(world, settings, shards, out))
    assert all(isinstance(each, DivergedError) for each in ended), ended
    record = json.loads((out / "diverged.json").read_text())
    assert [len(batch) for batch in record["batches"]] == [4] * settings.batches_per_step


def test_a_full_disk_and_a_held_folder_of_the_first_end_all(shards: Path, tmp_path: Path) -> None:
    settings = settings_of(shards, tmp_path)
    full = together(
        2,
        lambda world: train_on(world, settings, shards, tmp_path / "run", disk=FailingDisk(30, 28)),
    )
    assert all(isinstance(each, NoSpaceError) for each in full), full
    with folder_lock(tmp_path / "run"):
        held = together(2, lambda world: train_on(world, settings, shards, tmp_path / "run"))
    assert all(isinstance(each, LockedError) for each in held), held


def test_a_batch_that_cannot_be_shared_out_is_refused(shards: Path, tmp_path: Path) -> None:
    settings = settings_of(shards, tmp_path, batch=3)
    ended = together(2, lambda world: train_on(world, settings, shards, tmp_path / "run"))
    assert all(isinstance(each, UsageError) for each in ended)
    assert "a multiple of the 2 processes, found 3" in str(ended[0])
    assert share_of_batch(OneProcess(CPU), 3) == 3


def test_what_the_first_keeps_the_others_do_not_have() -> None:
    assert together(2, lambda world: kept_by_first(world, lambda: "lock")) == ["lock", None]


def test_only_the_first_draws_on_and_the_others_begin_anew_at_every_step() -> None:
    seeds = together(3, lambda world: (seed_of_step(world, 7, 1), seed_of_step(world, 7, 2)))
    assert seeds[0] == (None, None)
    assert len({seed for pair in seeds[1:] for seed in pair}) == 4  # type: ignore[union-attr]


def test_one_process_answers_on_the_spot(shards: Path, tmp_path: Path) -> None:
    settings = settings_of(shards, tmp_path, max_images=8)
    train_on(None, settings, shards, tmp_path / "default")
    run(settings, shards, tmp_path / "given", console=QUIET, world=OneProcess(CPU))
    assert digest(tmp_path / "default") == digest(tmp_path / "given")
