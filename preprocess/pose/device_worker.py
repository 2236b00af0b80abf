"""What the process of one device does: open a pose model, and find the people of blocks of files.

``preprocess.pose.device_processes`` starts it and hands out the blocks. It publishes nothing.
"""

from __future__ import annotations

import tempfile
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from preprocess.failures import Failed
from preprocess.pose.people import People, PoseEstimator
from preprocess.pose.stage import Block, estimate_pictures, prefetched
from preprocess.settings import PoseSettings
from shared.console import Console
from shared.workers import end_with_parent


@dataclass(frozen=True)
class Assignment:
    """The first message to a process.

    Args:
        pose: The settings, with its one device.
        open_estimator: Opens the model.
        threads: Threads that decode images while it runs.
        scratch: Folder for temporary files of the opening; whoever sent this removes it.
    """

    pose: PoseSettings
    open_estimator: Callable[[PoseSettings, Console], PoseEstimator]
    threads: int
    scratch: str


@dataclass(frozen=True)
class Ready:
    """The model is open; its key."""

    key: str


@dataclass(frozen=True)
class Said:
    """A line for the user."""

    text: str
    is_warning: bool


@dataclass(frozen=True)
class Found:
    """The people of the block of a number."""

    number: int
    people: People


def main(number: int, parent: int) -> None:
    """Work for a parent until it has no more blocks or is gone.

    Args:
        number: Number of the open file by which the two talk.
        parent: Process number of the parent.
    """
    end_with_parent(parent)
    connection: Connection[Any, Any] = Connection(number)
    with connection:
        try:
            _work(connection)
        except (EOFError, BrokenPipeError, ConnectionResetError):
            return  # nobody listens
        except Exception as error:
            connection.send(Failed.of(error))


def _work(connection: Connection[Any, Any]) -> None:
    assignment: Assignment = connection.recv()
    tempfile.tempdir = assignment.scratch
    estimator = assignment.open_estimator(assignment.pose, _RelayedConsole(connection))
    tempfile.tempdir = None
    connection.send(Ready(estimator.key))
    numbers: deque[int] = deque()

    def blocks() -> Iterator[Block]:
        while (sent := connection.recv()) is not None:
            numbers.append(sent[0])
            yield sent[1]

    for pictures in prefetched(blocks(), assignment.threads):
        people = estimate_pictures(estimator, pictures)
        connection.send(Found(numbers.popleft(), people))


class _RelayedConsole(Console):
    """A console whose lines the parent says."""

    def __init__(self, connection: Connection[Any, Any]) -> None:
        super().__init__(mute=True)
        self._connection = connection

    def say(self, text: str) -> None:
        self._connection.send(Said(text, is_warning=False))

    def warn(self, text: str) -> None:
        self._connection.send(Said(text, is_warning=True))
