"""Training a judge: the lesson, step by step."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

import torch

from shared.console import Stage
from shared.errors import DivergedError, problem
from train.device import put_on
from train.muon import Muon
from train.reid.lesson import Lesson, batch_rows, changed, cost
from train.reid.network import ReidNetwork
from train.reid.people import People


def train(people: People, lesson: Lesson, device: torch.device, stage: Stage) -> ReidNetwork:
    """Train a network to tell people apart.

    Args:
        people: Whom it learns.
        lesson: How.
        device: Where.
        stage: Progress, counted in steps.

    Returns:
        The network in evaluation mode, on the device.

    Raises:
        DivergedError: The loss is no longer finite.
    """
    generator = torch.Generator().manual_seed(lesson.seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(lesson.seed)
        network = put_on(device, ReidNetwork(people.count))
    optimizer = Muon(network.parameters(), lesson.rate, lesson.betas)
    for step in range(lesson.steps):
        for group in optimizer.param_groups:
            group["lr"] = lesson.rate_at(step)
        rows = batch_rows(people.identities, lesson, generator)
        pixels = changed(people.images[rows], lesson, generator)
        pixels = pixels.to(device, memory_format=torch.channels_last)
        loss = cost(network, pixels, people.identities[rows].to(device), lesson)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        value = float(loss.detach())
        if not math.isfinite(value):
            remedy = "look at the images, or take another train folder"
            raise DivergedError(problem(f"step {step}", "a finite loss", value, remedy))
        stage.note = f"loss {value:.2f}"
        stage.advance()
    return network.eval()


def lesson_as_plain(lesson: Lesson) -> dict[str, Any]:
    """Return a lesson as plain values, to be kept beside the weights."""
    return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(lesson).items()}
