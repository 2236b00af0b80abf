"""What a run says about itself while it goes on: mean losses, speed, waiting, memory, time left."""

from __future__ import annotations

import resource
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from train.settings.tree import RunSettings
from train.state import TrainState
from train.step import StepReport

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

    def note(self, report: StepReport, images: int) -> None:
        """Add a step's figures."""
        self._images += images
        if not bool(report.finite):
            return
        self._count += 1
        losses, judge = dict(report.generator), dict(report.discriminator)
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

    def take(self, device: torch.device) -> dict[str, Any]:
        """Give the figures as groups of numbers, and begin anew."""
        groups: dict[str, Any] = {
            group: {name: float(total) / self._count for name, total in sums.items()}
            for group, sums in self._sums.items()
        }
        seconds = max(self._clock() - self._begin - self._paused, 1e-9)
        groups["speed"] = {"samples_per_s": self._images / seconds}
        groups["data_wait"] = self._waited / seconds
        groups["memory_mib"] = memory_mib(device)
        self._sums, self._count, self._images = {}, 0, 0
        self._waited = self._paused = 0.0
        self._begin = self._clock()
        return groups


def memory_mib(device: torch.device) -> float:
    """Give the largest memory used so far: of the GPU, or of this process."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / BYTES_PER_MIB
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def status_line(groups: dict[str, Any], seconds_left: float) -> str:
    """Write a status record as one line for people."""
    terms = [f"{name} {value:.3f}" for name, value in groups.get("losses", {}).items()]
    judge = groups.get("discriminator", {}).get("loss")
    return (
        f"| {', '.join(terms) or 'no finite step'}"
        + (f" | D {judge:.3f}" if judge is not None else "")
        + f" | {groups['speed']['samples_per_s']:.0f} samples/s, data wait "
        f"{100 * groups['data_wait']:.1f} %, {groups['memory_mib'] / 1024:.1f} GiB, "
        f"{duration(seconds_left)} left"
    )


def seconds_left(state: TrainState, run: RunSettings, samples_per_s: float) -> float:
    """Estimate how long a run still takes: until its images or its hours are used up."""
    by_images = max(0, run.max_images - state.images) / max(samples_per_s, 1e-9)
    if run.max_hours:
        return min(by_images, max(0.0, 3600 * run.max_hours - state.seconds))
    return by_images


def duration(seconds: float) -> str:
    """Write a duration for people: ``"45 s"``, ``"3 min 20 s"``, ``"2 h 5 min"``."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
