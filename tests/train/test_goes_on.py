"""What a run takes over from its checkpoint or from another run, value by value."""

from __future__ import annotations

import copy
import math
from pathlib import Path
from typing import Any

import pytest
import torch
from drawn_shards import publish_shards
from torch import Tensor
from training_runs import QUIET, digest, small_settings, train

import train.trainer as train_trainer
from shared.errors import DamagedError
from train.checkpoint import Checkpoints, load_run
from train.loop import run
from train.settings.presets import resolve
from train.state import TrainState
from train.step import StepReport, train_step

pytestmark = pytest.mark.long

CPU = torch.device("cpu")
COUNTERS = {
    "steps": 5,
    "images": 20,
    "seconds": 7.25,
    "detour": 2,
    "skipped": 3,
    "window_shards": 6,
    "best_score": 0.5,
    "best_images": 12,
}
OFTEN = "[run]\nsheet_images = 8\ncheckpoint_images = 8\nkeep = 1\nscore_pairs = 4\n"


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish_shards(tmp_path_factory.mktemp("shards"), train_shards=3, images=3)


@pytest.fixture(scope="module")
def often(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("config") / "often.toml"
    path.write_text(OFTEN)
    return path


def small_state() -> TrainState:
    size = {"generator": {"image_size": (64, 48), "base_channels": 1}}
    return TrainState(resolve("dsc", size, {"discriminator": {"base_channels": 1}}), CPU)


def edit_counters(out: Path, **counters: Any) -> None:
    """Publish the newest checkpoint anew with other counters."""
    _, content = load_run(out, QUIET)
    content["counters"].update(counters)
    Checkpoints(out, console=QUIET).save(content["counters"]["images"], content, best_images=None)


def counters_of(out: Path) -> dict[str, Any]:
    counters: dict[str, Any] = load_run(out, QUIET)[1]["counters"]
    return counters


def spoiled(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: value + 1 for name, value in weights.items()}


@pytest.mark.parametrize("name", COUNTERS)
def test_every_counter_is_kept_and_restored(name: str) -> None:
    first, second = small_state(), small_state()
    assert getattr(second, name) != COUNTERS[name]
    setattr(first, name, COUNTERS[name])
    second.restore(first.content())
    assert getattr(second, name) == COUNTERS[name]


@pytest.mark.parametrize("network", ["generator", "discriminator", "average"])
def test_every_network_is_restored_from_its_own_weights(network: str) -> None:
    state = small_state()
    content = copy.deepcopy(state.content())
    wanted = content[network] = spoiled(content[network])
    state.restore(content)
    for name, value in getattr(state, network).state_dict().items():
        assert torch.equal(value, wanted[name]), name


@pytest.mark.parametrize("network", ["generator", "discriminator"])
def test_an_optimiser_goes_on_with_its_own_moments(network: str) -> None:
    first, second = small_state(), small_state()
    weights = list(getattr(first, network).parameters())
    for weight in weights:
        weight.grad = torch.full_like(weight, 3.0)
    getattr(first, f"{network}_optimizer").step()
    second.restore(first.content())
    moments = getattr(second, f"{network}_optimizer").state_dict()["state"]
    assert len(moments) == len(weights)
    for moment in moments.values():
        assert moment["step"] == 1
        assert torch.allclose(moment["exp_avg"], torch.tensor(1.5))


def test_randomness_goes_on_where_it_was() -> None:
    first, second = small_state(), small_state()
    content = copy.deepcopy(first.content())
    expected = torch.rand(5)
    second.restore(content)
    assert torch.equal(torch.rand(5), expected)


@pytest.mark.parametrize("lost", ["average", "generator_optimizer", "counters", "random"])
def test_a_checkpoint_without_one_of_its_parts_is_damage(lost: str) -> None:
    content = dict(small_state().content())
    del content[lost]
    with pytest.raises(DamagedError, match="the state of this run"):
        small_state().restore(content)


def test_a_run_begins_without_any_history() -> None:
    state = small_state()
    assert (state.steps, state.images, state.detour, state.skipped) == (0, 0, 0, 0)
    assert math.isnan(state.best_score) and state.best_images == -1
    for average, weight in zip(
        state.average.parameters(), state.generator.parameters(), strict=True
    ):
        assert torch.equal(average, weight) and not average.requires_grad
    assert not state.average.training and state.generator.training


@pytest.mark.long
def test_a_run_goes_on_with_the_window_that_it_began_with(
    shards: Path, often: Path, tmp_path: Path
) -> None:
    """The window may be set anew, but the order of samples depends on the one of the start."""
    begun = tmp_path / "begun.toml"
    begun.write_text(OFTEN + "window_shards = 1\n")
    train(small_settings(shards, config=begun, channels=1, max_images=24), shards, tmp_path / "a")
    train(small_settings(shards, config=begun, channels=1, max_images=8), shards, tmp_path / "b")
    train(small_settings(shards, config=often, channels=1, max_images=24), shards, tmp_path / "b")
    assert counters_of(tmp_path / "b")["window_shards"] == 1
    assert digest(tmp_path / "a") == digest(tmp_path / "b")


def test_the_best_checkpoint_of_before_is_still_the_best(
    shards: Path, often: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    train(small_settings(shards, config=often, channels=1, max_images=8), shards, out)
    assert counters_of(out)["best_images"] == 8
    edit_counters(out, best_score=2.0)  # more than any similarity
    train(small_settings(shards, config=often, channels=1, max_images=24), shards, out)
    found = counters_of(out)
    assert (found["best_score"], found["best_images"]) == (2.0, 8)
    assert sorted(path.stem for path in out.glob("*.pt")) == [
        "checkpoint-0000000008",
        "checkpoint-0000000024",
    ]


def test_a_better_score_takes_the_place_of_the_best(
    shards: Path, often: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    train(small_settings(shards, config=often, channels=1, max_images=8), shards, out)
    edit_counters(out, best_score=-2.0)  # less than any similarity
    train(small_settings(shards, config=often, channels=1, max_images=16), shards, out)
    found = counters_of(out)
    assert found["best_images"] == 16 and found["best_score"] > -1
    assert [path.stem for path in out.glob("*.pt")] == ["checkpoint-0000000016"]


@pytest.mark.long
def test_a_run_that_went_back_keeps_to_its_other_order(
    shards: Path, often: Path, tmp_path: Path
) -> None:
    short = small_settings(shards, config=often, channels=1, max_images=8)
    longer = small_settings(shards, config=often, channels=1, max_images=16)
    for name, detour in (("straight", 0), ("detour", 1), ("again", 1)):
        train(short, shards, tmp_path / name)
        edit_counters(tmp_path / name, detour=detour)
        train(longer, shards, tmp_path / name)
        assert counters_of(tmp_path / name)["detour"] == detour
        edit_counters(tmp_path / name, detour=0)
    digests = [digest(tmp_path / name) for name in ("straight", "detour", "again")]
    assert digests[0] != digests[1] == digests[2]


def test_a_warm_start_begins_with_the_average_of_the_other_run_in_both(
    shards: Path, often: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = train(
        small_settings(shards, config=often, channels=1, max_images=8), shards, tmp_path / "o"
    )
    content = load_run(other, QUIET)[1]
    assert any((content["average"][k] != v).any() for k, v in content["generator"].items())
    begun: list[TrainState] = []

    def step(state: TrainState, *others: Any) -> StepReport:
        if not begun:
            begun.append(copy.deepcopy(state))
        return train_step(state, *others)

    monkeypatch.setattr(train_trainer, "train_step", step)
    warm = small_settings(
        shards, config=often, channels=1, max_images=4, init_from=other.parent, seed=5
    )
    train(warm, shards, tmp_path / "warm")
    for network in (begun[0].generator, begun[0].average):
        for name, value in network.state_dict().items():
            assert torch.equal(value, content["average"][name]), name
    assert (begun[0].images, begun[0].steps) == (0, 0)
    judge = begun[0].discriminator.state_dict()
    assert any(not torch.equal(judge[k], v) for k, v in content["discriminator"].items())


def test_hours_are_hours_of_the_clock(shards: Path, often: Path, tmp_path: Path) -> None:
    """A clock of 120 s a look: a step of two draws looks five times and takes ten minutes."""
    now = 0.0

    def clock() -> float:
        nonlocal now
        now += 120.0
        return now

    settings = small_settings(shards, config=often, channels=1, max_images=60, max_hours=0.75)
    run(settings, shards, tmp_path / "run", console=QUIET, clock=clock)
    found = counters_of(tmp_path / "run")
    assert 45 * 60 <= found["seconds"] < 45 * 60 + 20 * 60
    assert 3 <= found["steps"] <= 5


def test_hours_of_an_earlier_part_count(shards: Path, often: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    train(small_settings(shards, config=often, channels=1, max_images=8), shards, out)
    edit_counters(out, seconds=3600.0)
    longer = small_settings(shards, config=often, channels=1, max_images=4000, max_hours=1.0)
    assert train(longer, shards, out).name == "checkpoint-0000000008.pt"
