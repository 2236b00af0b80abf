"""The processes that train together, as one of them sees it: the seam for several GPUs.

A run is handed its world as it is handed its clock. With :class:`OneProcess` every question is
answered on the spot. A world of several processes answers it for all of them at once, so every
process must ask the same questions in the same order.

Convention:
    ``data.batch`` and all counts of images belong to the world as a whole; rank r of w takes the
    r-th of w equal parts of every batch. Only the first process touches the disk and the console.
    Flags are plain booleans of the host: asking about them never waits for the device.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from shared.errors import StoppedError, UsageError, problem

T = TypeVar("T")
Mean = TypeVar("Mean", Tensor, float)


class LostError(StoppedError):
    """Another process of the run is gone or does not answer (exit code 75)."""


class World(Protocol):
    """The processes of a run.

    Raises:
        LostError: From every question, where another process can no longer be asked.
    """

    @property
    def rank(self) -> int:
        """Number of this process, from 0."""

    @property
    def size(self) -> int:
        """Number of processes."""

    @property
    def num_here(self) -> int:
        """Number of them on this machine, which share its memory."""

    @property
    def device(self) -> torch.device:
        """Where this process computes."""

    @property
    def is_first(self) -> bool:
        """Whether this process is the one that writes and speaks."""

    def all_true(self, flag: bool) -> bool:
        """Whether the flag is true on every process."""

    def any_true(self, flag: bool) -> bool:
        """Whether the flag is true on at least one process."""

    def mean(self, value: Mean) -> Mean:
        """The mean over all processes; a tensor stays on its device."""

    def average_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Replace each gradient by its mean over all processes."""

    def by_first(self, action: Callable[[], T]) -> T:
        """Let the first process act while the others wait; all get what it got, or its error.

        Args:
            action: What the first does. Its result, and any error, can be pickled; tensors in it
                arrive on the CPU.
        """


class OneProcess:
    """A world of one.

    Args:
        device: Where it computes.
    """

    rank = 0
    size = 1
    num_here = 1
    is_first = True

    def __init__(self, device: torch.device) -> None:
        self.device = device

    def all_true(self, flag: bool) -> bool:
        """Return the flag."""
        return flag

    def any_true(self, flag: bool) -> bool:
        """Return the flag."""
        return flag

    def mean(self, value: Mean) -> Mean:
        """Return the value."""
        return value

    def average_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Leave the gradients as they are: nobody else has any."""

    def by_first(self, action: Callable[[], T]) -> T:
        """Call the action."""
        return action()


def kept_by_first(world: World, make: Callable[[], T]) -> T | None:
    """Make something that the first process alone keeps, such as a lock or an open log.

    Returns:
        What was made; None on the other processes. An error of the first is everybody's.
    """
    made: list[T] = []
    world.by_first(lambda: made.append(make()))
    return made[0] if made else None


def share_of_batch(world: World, batch: int) -> int:
    """Return how many samples of every batch fall to one process.

    Raises:
        UsageError: The batch cannot be shared out equally.
    """
    if batch % world.size:
        raise UsageError(
            problem(
                "--batch",
                f"a multiple of the {world.size} processes",
                batch,
                "choose another batch or another number of processes",
            )
        )
    return batch // world.size


def seed_of_step(world: World, seed: int, steps: int) -> int | None:
    """Return the seed of a process's dropout in one step; None for the first process.

    The first process draws on from where it stands, as its checkpoint keeps. The others could not
    keep theirs, so they begin anew at every step, and a resumed run repeats what they drew.
    """
    if world.is_first:
        return None
    state = np.random.SeedSequence((seed, steps, world.rank)).generate_state(1, np.uint64)
    return int(state[0])
