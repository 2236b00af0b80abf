"""What the dry run says of memory."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from train.losses.objective import make_objective
from train.settings.presets import resolve
from train.state import TrainState
from train.step_memory import StepMemory, stand_in, step_memory

CPU = torch.device("cpu")


def memory_of(size: tuple[int, int] = (64, 32), **generator: Any) -> StepMemory:
    wanted = {"image_size": size, "base_channels": 8, **generator}
    settings = resolve("demo", {"generator": wanted})
    state = TrainState(settings, CPU)
    return step_memory(settings, state, make_objective(settings.loss, None, CPU))


def test_what_a_sample_takes_grows_with_its_pixels() -> None:
    small, large = memory_of((128, 64)).sample, memory_of((256, 128)).sample
    assert large == pytest.approx(4 * small, rel=0.1)


def test_wider_networks_take_more() -> None:
    narrow, wide = memory_of(), memory_of(base_channels=16)
    assert wide.networks > 2 * narrow.networks
    assert wide.sample > 1.1 * narrow.sample


def test_a_sample_takes_no_less_than_the_first_maps_of_the_generator() -> None:
    assert memory_of().sample > 4 * 8 * 64 * 32  # float32, 8 channels


def test_the_stand_in_has_all_its_parts() -> None:
    settings = resolve("demo", {"generator": {"image_size": (64, 32)}})
    batch = stand_in(settings, CPU)
    assert len(batch) == 1 and bool((batch.status > 0).all())
    assert batch.source_image.shape == (1, 3, 64, 32)
