"""A world of several ranks that are threads of one process: the stand-in for torch.distributed.

It answers as processes would: every question waits for all ranks, results travel as pickles, and
questions that do not match each other are an error and no hang.
"""

from __future__ import annotations

import pickle
import threading
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

T = TypeVar("T")
CPU = torch.device("cpu")
TIMEOUT_S = 120.0


class LeftAloneError(Exception):
    """Another rank ended while this one waited for it."""


class Meeting:
    """Where the ranks meet, question by question.

    Args:
        size: How many they are.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._changed = threading.Condition()
        self._asked = [0] * size
        self._told: dict[int, dict[int, tuple[str, bytes]]] = {}
        self._somebody_left = False

    def exchange(self, rank: int, question: str, value: Any) -> list[Any]:
        """Hand in one's own value and get everybody's, in the order of ranks."""
        with self._changed:
            number = self._asked[rank]
            self._asked[rank] += 1
            self._told.pop(number - 2, None)
            told = self._told.setdefault(number, {})
            told[rank] = (question, pickle.dumps(value))
            self._changed.notify_all()
            self._changed.wait_for(lambda: len(told) == self.size or self._somebody_left, TIMEOUT_S)
            if len(told) < self.size:
                raise LeftAloneError(f"rank {rank} waits alone: {question}")
        asked = {question for question, _ in told.values()}
        assert len(asked) == 1, f"the ranks ask different questions: {asked}"
        return [pickle.loads(told[each][1]) for each in range(self.size)]

    def leave(self) -> None:
        """Let nobody wait for this rank."""
        with self._changed:
            self._somebody_left = True
            self._changed.notify_all()


class Rank:
    """The world as one thread sees it; see :class:`train.world.World`."""

    def __init__(self, rank: int, meeting: Meeting) -> None:
        self.rank = rank
        self.size = self.num_here = meeting.size
        self.device = CPU
        self.is_first = rank == 0
        self._meeting = meeting

    def _exchange(self, question: str, value: Any) -> list[Any]:
        return self._meeting.exchange(self.rank, question, value)

    def all_true(self, flag: bool) -> bool:
        return all(self._exchange("all", flag))

    def any_true(self, flag: bool) -> bool:
        return any(self._exchange("any", flag))

    def mean(self, value: Any) -> Any:
        told = self._exchange("mean", value)
        return sum(told[1:], start=told[0]) / self.size

    def average_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        kept = [each for each in parameters if each.grad is not None]
        told: list[list[Tensor]] = self._exchange("gradients", [each.grad for each in kept])
        for parameter, grads in zip(kept, zip(*told, strict=True), strict=True):
            parameter.grad = torch.stack(grads).mean(dim=0)

    def by_first(self, action: Callable[[], T]) -> T:
        outcome: tuple[Any, Exception | None] = (None, None)
        if self.is_first:
            try:
                outcome = (action(), None)
            except Exception as error:
                outcome = (None, error)
        result, error = self._exchange("by first", outcome)[0]
        if error is not None:
            raise error
        return result  # type: ignore[no-any-return]


def together(size: int, body: Callable[[Rank], T]) -> list[T | Exception]:
    """Run a body on every rank of a world; give what each returned or raised."""
    meeting = Meeting(size)
    found: list[Any] = [None] * size

    def work(rank: int) -> None:
        try:
            found[rank] = body(Rank(rank, meeting))
        except Exception as error:
            found[rank] = error
        finally:
            meeting.leave()

    threads = [
        threading.Thread(target=work, args=(rank,), name=f"rank {rank}") for rank in range(size)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found
