from __future__ import annotations

import torch

from train.outcomes import Outcomes
from train.step import StepReport


class Flag:
    """Stands for a flag on the device and notes that somebody waited for it."""

    def __init__(self, value: bool, asked: list[int], number: int) -> None:
        self._value, self._asked, self._number = value, asked, number

    def __bool__(self) -> bool:
        self._asked.append(self._number)
        return self._value


def outcomes_on(device: str, asked: list[int]) -> Outcomes:
    outcomes = Outcomes(torch.device(device))
    for number in (1, 2, 3):
        report = StepReport(finite=Flag(number != 2, asked, number), discriminator={}, generator={})  # type: ignore[arg-type]
        outcomes.put(step=number, images=4, report=report)
    return outcomes


def test_on_the_cpu_every_step_is_looked_at_at_once() -> None:
    asked: list[int] = []
    found = list(outcomes_on("cpu", asked).settled(everything=False))
    assert [(each.step, each.finite) for each in found] == [(1, True), (2, False), (3, True)]
    assert asked == [1, 2, 3]


def test_on_a_gpu_the_last_step_waits_for_the_next_one_or_for_a_boundary() -> None:
    asked: list[int] = []
    outcomes = outcomes_on("cuda", asked)
    assert [each.step for each in outcomes.settled(everything=False)] == [1, 2]
    assert asked == [1, 2]
    assert [each.step for each in outcomes.settled(everything=True)] == [3]


def test_forgotten_steps_are_never_asked_about() -> None:
    asked: list[int] = []
    outcomes = outcomes_on("cuda", asked)
    outcomes.forget()
    assert not list(outcomes.settled(everything=True))
    assert not asked
