"""Checkpoints that hold something else than this run's state are one plain line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

from shared.errors import DamagedError, UsageError
from train.settings.presets import resolve
from train.state import TrainState
from train.tensor_file import misfit

pytestmark = pytest.mark.long

Content = dict[str, Any]
CPU = torch.device("cpu")


def small_state() -> TrainState:
    settings = resolve(
        "dsc", {"generator": {"base_channels": 2}, "discriminator": {"base_channels": 2}}
    )
    return TrainState(settings, CPU)


@pytest.fixture(scope="module")
def content() -> Content:
    """The content of a state whose optimisers have made a step."""
    state = small_state()
    for network, optimizer in (
        (state.generator, state.generator_optimizer),
        (state.discriminator, state.discriminator_optimizer),
    ):
        for parameter in network.parameters():
            parameter.grad = torch.ones_like(parameter)
        optimizer.step()
    return state.content()


def first_of(content: Content, name: str) -> str:
    return next(iter(content[name]))


def changed(content: Content, change: Callable[[Content], Any]) -> Content:
    """A copy that is changed two levels deep at most."""
    copy = {k: dict(v) if isinstance(v, dict) else v for k, v in content.items()}
    optimizer = copy["generator_optimizer"]
    optimizer["state"] = {k: dict(v) for k, v in optimizer["state"].items()}
    optimizer["param_groups"] = [dict(group) for group in optimizer["param_groups"]]
    change(copy)
    return copy


def test_whole_content_is_taken_over(content: Content) -> None:
    state = small_state()
    state.restore(content)
    assert torch.equal(
        state.content()["generator"][first_of(content, "generator")],
        content["generator"][first_of(content, "generator")],
    )
    assert len(state.generator_optimizer.state) == len(list(state.generator.parameters()))


CHANGES: dict[str, Callable[[Content], Any]] = {
    "no generator": lambda c: c.pop("generator"),
    "generator a list": lambda c: c.update(generator=[1, 2]),
    "a weight missing": lambda c: c["average"].pop(first_of(c, "average")),
    "a weight more": lambda c: c["discriminator"].update(more=torch.zeros(1)),
    "a weight of another shape": lambda c: c["generator"].update(
        {first_of(c, "generator"): torch.zeros(1, 2, 3)}
    ),
    "a weight of numbers": lambda c: c["generator"].update({first_of(c, "generator"): 1.0}),
    "a complex weight": lambda c: c["generator"].update(
        {n: t.to(torch.complex64) for n, t in list(c["generator"].items())[:1]}
    ),
    "no optimiser": lambda c: c.pop("generator_optimizer"),
    "optimiser a text": lambda c: c.update(generator_optimizer="Adam"),
    "no groups": lambda c: c["generator_optimizer"].update(param_groups=[]),
    "groups without parameters": lambda c: c["generator_optimizer"]["param_groups"][0].pop(
        "params"
    ),
    "a rate of text": lambda c: c["generator_optimizer"]["param_groups"][0].update(lr="fast"),
    "betas of text": lambda c: c["generator_optimizer"]["param_groups"][0].update(betas="ab"),
    "one beta": lambda c: c["generator_optimizer"]["param_groups"][0].pop("betas"),
    "no step": lambda c: c["generator_optimizer"]["state"][0].pop("step"),
    "a moment of another shape": lambda c: c["generator_optimizer"]["state"][0].update(
        exp_avg=torch.zeros(7)
    ),
    "a moment of text": lambda c: c["generator_optimizer"]["state"][0].update(exp_avg="x"),
    "no counters": lambda c: c.pop("counters"),
    "counters a list": lambda c: c.update(counters=[1]),
    "a counter missing": lambda c: c["counters"].pop("detour"),
    "a counter of text": lambda c: c["counters"].update(images="many"),
    "a counter of a fraction": lambda c: c["counters"].update(steps=1.5),
    "a counter true": lambda c: c["counters"].update(skipped=True),
    "no random numbers": lambda c: c.pop("random"),
    "random numbers of text": lambda c: c["random"].update(cpu="dice"),
    "too few random numbers": lambda c: c["random"].update(cpu=torch.zeros(3, dtype=torch.uint8)),
}


@pytest.mark.parametrize("name", CHANGES)
def test_odd_content_is_damage_in_one_plain_line(content: Content, name: str) -> None:
    with pytest.raises(DamagedError) as caught:
        small_state().restore(changed(content, CHANGES[name]))
    said = caught.value.message
    assert said.startswith("checkpoint, ") and "the state of this run" in said
    assert len(said) < 250 and "state_dict" not in said and "Error" not in said, said


@pytest.mark.parametrize("name", ["a weight missing", "a weight more"])
def test_a_warm_start_from_another_network_is_one_plain_line(content: Content, name: str) -> None:
    def change(copy: Content) -> None:
        copy["generator"], copy["discriminator"] = copy["average"], copy["average"]
        CHANGES[name](copy)

    with pytest.raises(UsageError, match="a generator of the same form, found another network"):
        small_state().warm_start(changed(content, change))


def test_an_average_that_is_none_is_refused_by_a_warm_start() -> None:
    with pytest.raises(UsageError, match="a NoneType and no tensors by name"):
        small_state().warm_start({})


def test_weights_of_a_network_fit_it() -> None:
    assert misfit(nn.Linear(2, 3), nn.Linear(2, 3).state_dict()) == ""
    assert "shape (3, 4), not (3, 2)" in misfit(nn.Linear(2, 3), nn.Linear(4, 3).state_dict())


def state_of(**sections: Any) -> TrainState:
    small = {"generator": {"base_channels": 2}, "discriminator": {"base_channels": 2}}
    return TrainState(resolve("dsc", small, sections), CPU)


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"data": {"sigma": 5.0}}, "data.sigma: was 6.0, now 5.0"),
        ({"seed": 9}, "seed: was 0, now 9"),
        ({"data": {"mirror": 0.5}}, "data.mirror: was 0.0, now 0.5"),
    ],
)
def test_a_checkpoint_of_other_settings_is_no_state_of_this_run(
    content: Content, other: dict[str, Any], words: str
) -> None:
    """It fits in form, for none of these changes a network."""
    state = state_of(**other)
    with pytest.raises(DamagedError, match="the state of this run") as refused:
        state.restore(content)
    assert words in refused.value.message


def test_settings_that_are_none_are_refused(content: Content) -> None:
    for odd in (None, [], "text", {}, {"data": 3}):
        with pytest.raises(DamagedError, match="the state of this run"):
            small_state().restore({**content, "settings": odd})


def test_weights_that_learned_with_another_sigma_are_none_to_begin_with(content: Content) -> None:
    state = state_of(data={"sigma": 5.0})
    with pytest.raises(UsageError, match=r"learned with data\.sigma = 6\.0, not 5\.0"):
        state.warm_start(content)
    state_of(seed=9).warm_start(content)
