"""What a run says about itself while it goes on: mean losses, speed, waiting, memory, time left."""

from __future__ import annotations

import resource
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from train.outcomes import Outcome
from train.settings.tree import RunSettings
from train.state import TrainState
from train.world import World

BYTES_PER_MIB = 2**20


class Meter:
    """Collects figures between two status lines.

    Args:
        clock: Monotonic time in seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._sums: dict[str, dict[str, Tensor]] = {}
        self._count = 0
        self._images = 0
        self._waited = 0.0
        self._paused = 0.0
        self._begin = clock()

    @property
    def has_news(self) -> bool:
        """Whether any step was noted since the last line."""
        return self._images > 0

    def note(self, outcome: Outcome) -> None:
        """Add a step's figures, without waiting for the device."""
        self._images += outcome.images
        if not outcome.finite:
            return
        self._count += 1
        losses, judge = dict(outcome.report.generator), dict(outcome.report.discriminator)
        norms = {"generator": losses.pop("gradient"), "discriminator": judge.pop("gradient")}
        groups = {"losses": losses, "discriminator": judge, "gradients": norms}
        for group, figures in groups.items():
            sums = self._sums.setdefault(group, {})
            for name, value in figures.items():
                sums[name] = sums[name] + value if name in sums else value.clone()

    def waiting(self, seconds: float) -> None:
        """Add time in which training waited for samples."""
        self._waited += seconds

    def paused(self, seconds: float) -> None:
        """Add time that went into sheets and checkpoints; it does not count for the speed."""
        self._paused += seconds

    def take(self, world: World) -> dict[str, Any]:
        """Return the figures as groups of numbers, means over all processes, and begin anew.

        Speed, waiting and memory are this process's own.
        """
        groups: dict[str, Any] = {
            group: dict(zip(sums, self._means(list(sums.values()), world), strict=True))
            for group, sums in self._sums.items()
        }
        seconds = max(self._clock() - self._begin - self._paused, 1e-9)
        groups["speed"] = {"samples_per_s": self._images / seconds}
        groups["data_wait"] = self._waited / seconds
        groups["memory_mib"] = memory_mib(world.device)
        self._sums, self._count, self._images = {}, 0, 0
        self._waited = self._paused = 0.0
        self._begin = self._clock()
        return groups

    def _means(self, sums: list[Tensor], world: World) -> list[float]:
        totals: list[float] = world.mean(torch.stack(sums)).tolist()
        return [total / self._count for total in totals]


def memory_mib(device: torch.device) -> float:
    """Return the largest memory used so far: of the GPU, or of this process."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / BYTES_PER_MIB
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def status_line(groups: dict[str, Any]) -> str:
    """Write a status record as one line for people; the time left stands before it."""
    terms = [f"{name} {value:.3f}" for name, value in groups.get("losses", {}).items()]
    judge = groups.get("discriminator", {}).get("loss")
    return (
        f"| {', '.join(terms) or 'no finite step'}"
        + (f" | D {judge:.3f}" if judge is not None else "")
        + f" | {groups['speed']['samples_per_s']:.0f} samples/s, data wait "
        f"{100 * groups['data_wait']:.1f} %, {groups['memory_mib'] / 1024:.1f} GiB"
    )


def seconds_left(state: TrainState, run: RunSettings, samples_per_s: float) -> float:
    """Estimate how long a run still takes: until its images or its hours are used up."""
    by_images = max(0, run.max_images - state.images) / max(samples_per_s, 1e-9)
    if run.max_hours:
        return min(by_images, max(0.0, 3600 * run.max_hours - state.seconds))
    return by_images
