from __future__ import annotations

import pytest
import torch

from train.outcomes import Outcome
from train.settings.presets import resolve
from train.settings.tree import TrainSettings
from train.state import TrainState
from train.step import StepReport
from train.watch.status import Meter, seconds_left, status_line
from train.world import OneProcess

CPU = torch.device("cpu")


def outcome(value: float, *, finite: bool = True) -> Outcome:
    figure = {"l1": torch.tensor(value), "gradient": torch.tensor(2 * value)}
    judge = {"loss": torch.tensor(value / 2), "gradient": torch.tensor(3 * value)}
    report = StepReport(finite=finite, discriminator=judge, generator=figure)
    return Outcome(step=1, images=4, finite=finite, report=report)


def test_means_leave_out_what_was_not_finite() -> None:
    now = 0.0
    meter = Meter(lambda: now)
    for each in (outcome(1.0), outcome(float("nan"), finite=False), outcome(4.0)):
        meter.note(each)
    meter.paused(1.0)
    meter.waiting(0.5)
    now = 3.0
    groups = meter.take(OneProcess(CPU))
    assert groups["losses"] == {"l1": 2.5}
    assert groups["discriminator"] == {"loss": 1.25}
    assert groups["gradients"] == {"generator": 5.0, "discriminator": 7.5}
    assert groups["speed"] == {"samples_per_s": 6.0}
    assert groups["data_wait"] == 0.25
    assert not meter.has_news
    assert "left" not in status_line(groups)


def test_without_a_finite_step_the_line_says_so() -> None:
    meter = Meter(lambda: 1.0)
    meter.note(outcome(1.0, finite=False))
    assert "no finite step" in status_line(meter.take(OneProcess(CPU)))


@pytest.mark.parametrize(
    ("hours", "seconds", "left"), [(0.0, 0.0, 50.0), (1.0, 3590.0, 10.0), (1.0, 9999.0, 0.0)]
)
def test_the_time_left_is_that_of_the_nearer_limit(
    hours: float, seconds: float, left: float
) -> None:
    size = {"generator": {"image_size": (64, 48), "base_channels": 1}}
    run = {"run": {"max_images": 1000, "max_hours": hours}}
    settings: TrainSettings = resolve("dsc", size, {"discriminator": {"base_channels": 1}}, run)
    state = TrainState(settings, CPU)
    state.images, state.seconds = 500, seconds
    assert seconds_left(state, settings.run, 10.0) == left
