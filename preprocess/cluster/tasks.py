"""What runs on a worker of a cluster."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from preprocess.cluster.needs import Needs
from preprocess.failures import Failed

KEEPER = "posegan_keeper"
"""Attribute of a worker under which it keeps what its tasks share."""


@dataclass(frozen=True)
class Done:
    """What a task gave."""

    value: Any


@dataclass(frozen=True)
class _Errand:
    """A call that is made by whoever unpickles it."""

    needs: Needs
    work: Callable[..., Any]
    arguments: tuple[Any, ...]

    def __reduce__(self) -> tuple[Callable[..., Done | Failed], tuple[Any, ...]]:
        return perform, (self.needs, self.work, self.arguments)


def packed(needs: Needs, work: Callable[..., Any], arguments: tuple[Any, ...]) -> bytes:
    """Pack a call of :func:`perform` so that ``pickle.loads`` makes it.

    A scheduler unpickles the tasks that it is sent. Bytes it passes on unread, so that it needs
    nothing of ours.
    """
    return pickle.dumps(_Errand(needs, work, arguments))


def perform(needs: Needs, work: Callable[..., Any], arguments: tuple[Any, ...]) -> Done | Failed:
    """Do the work of a task on a worker that lacks nothing, neither before nor after it."""
    try:
        needs.refuse(name_of_worker())
        value = work(*arguments)
        needs.refuse(name_of_worker())
    except Exception as error:
        return Failed.of(error)
    return Done(value)


def name_of_worker() -> str:
    """What errors name the worker that runs the present task."""
    from distributed import get_worker  # noqa: PLC0415 - where no cluster is, it may be absent

    return f"worker {get_worker().address}"


class Keeper:
    """Keeps one thing between the tasks of a worker, for one of them at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: tuple[str, Any] | None = None

    @contextmanager
    def lent(self, name: str, make: Callable[[], Any]) -> Iterator[Any]:
        """Lend what is kept under a name; another thing is dropped and this one made."""
        with self._lock:
            if self._kept is None or self._kept[0] != name:
                self._kept = None
                self._kept = (name, make())
            yield self._kept[1]

    def drop(self, name: str) -> None:
        """Drop what is kept under a name."""
        with self._lock:
            if self._kept is not None and self._kept[0] == name:
                self._kept = None


def keeper_of_worker() -> Keeper:
    """The keeper of the worker that runs the present task."""
    from distributed import get_worker  # noqa: PLC0415 - where no cluster is, it may be absent

    keeper: Keeper = vars(get_worker()).setdefault(KEEPER, Keeper())
    return keeper
