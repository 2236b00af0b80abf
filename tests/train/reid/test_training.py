"""Training a judge: what decides it, what it leaves alone, and a training that diverges."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from shared.console import Stage
from shared.errors import DivergedError
from train.muon import Muon
from train.reid.lesson import Lesson
from train.reid.network import SIZE, ReidNetwork
from train.reid.people import People
from train.reid.training import train

CPU = torch.device("cpu")
SHORT = Lesson(steps=2, people=2, pictures=2, warm_steps=1)


def people() -> People:
    generator = torch.Generator().manual_seed(3)
    images = torch.randint(0, 256, (6, *SIZE, 3), generator=generator, dtype=torch.uint8)
    return People(images=images, identities=torch.tensor([0, 0, 1, 1, 2, 2]), sha256="")


def trained(lesson: Lesson) -> ReidNetwork:
    return train(people(), lesson, CPU, Stage("train", lesson.steps, lambda: 0.0))


def weights(network: ReidNetwork) -> torch.Tensor:
    return torch.cat([parameter.detach().flatten() for parameter in network.parameters()])


def test_the_lesson_decides_the_weights_and_nothing_else_does() -> None:
    torch.manual_seed(1)
    first = weights(trained(SHORT))
    torch.manual_seed(2)
    state = torch.get_rng_state()
    network = trained(SHORT)
    assert torch.equal(weights(network), first) and torch.equal(torch.get_rng_state(), state)
    assert not network.training
    for other in ({"seed": 1}, {"betas": (0.5, 0.9)}, {"rate": 2e-3}, {"smoothing": 0.3}):
        assert not torch.equal(weights(trained(dataclasses.replace(SHORT, **other))), first), other


def test_the_seed_decides_the_first_weights() -> None:
    still = dataclasses.replace(SHORT, steps=0)
    assert not torch.equal(weights(trained(still)), weights(trained(Lesson(steps=0, seed=7))))


def test_every_step_learns_at_its_own_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    rates: list[float] = []
    step = Muon.step

    def noted(self: Muon, *given: object) -> object:
        rates.append(self.param_groups[0]["lr"])
        return step(self, *given)

    monkeypatch.setattr(Muon, "step", noted)
    lesson = Lesson(steps=4, people=2, pictures=2, warm_steps=2)
    trained(lesson)
    assert rates == [lesson.rate_at(number) for number in range(4)] and len(set(rates)) > 2


def test_a_loss_that_is_no_number_ends_it() -> None:
    with pytest.raises(DivergedError, match="a finite loss"):
        trained(dataclasses.replace(SHORT, steps=5, rate=1e30))
