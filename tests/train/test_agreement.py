"""Weights that all ranks hold: compared at a checkpoint, and made equal where they parted."""

from __future__ import annotations

import io
from contextlib import redirect_stderr

import pytest
import torch
from worlds import CPU, Rank, together

from shared.console import Console
from train.agreement import fingerprint_of, keep_equal
from train.settings.presets import resolve
from train.state import TrainState
from train.world import OneProcess


def small_state() -> TrainState:
    size = {"generator": {"image_size": (64, 48), "base_channels": 1}}
    return TrainState(resolve("dsc", size, {"discriminator": {"base_channels": 1}}), CPU)


def test_the_fingerprint_sees_every_weight_and_every_moment() -> None:
    state = small_state()
    found = {fingerprint_of(state)}
    for network in (state.generator, state.discriminator, state.average):
        next(network.parameters()).data.add_(1e-3)
        found.add(fingerprint_of(state))
    for name in ("generator", "discriminator"):
        for weight in getattr(state, name).parameters():
            weight.grad = torch.zeros_like(weight)
        getattr(state, f"{name}_optimizer").step()
        found.add(fingerprint_of(state))
    assert len(found) == 6
    assert fingerprint_of(small_state()) == fingerprint_of(small_state())


@pytest.mark.parametrize("parted", [False, True])
def test_all_go_on_with_the_weights_of_the_first(parted: bool) -> None:
    states = [small_state() for _ in range(2)]
    if parted:
        next(states[1].average.parameters()).data += 1e-6
    before = fingerprint_of(states[0])
    said = io.StringIO()

    def keep(world: Rank) -> None:
        keep_equal(states[world.rank], world, Console(mute=not world.is_first))

    with redirect_stderr(said):
        assert together(2, keep) == [None, None]
    assert [fingerprint_of(state) for state in states] == [before, before]
    word = "had parted" if parted else f"are equal: SHA-256 {before[:16]}"
    assert word in said.getvalue()


def test_one_process_has_nobody_to_compare_with() -> None:
    said = io.StringIO()
    with redirect_stderr(said):
        keep_equal(small_state(), OneProcess(CPU), Console())
    assert said.getvalue() == ""
