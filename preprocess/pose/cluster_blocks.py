"""Pose models on the workers of a cluster: each opens one, keeps it, and takes blocks of images.

Convention:
    A block is a task. Block for block a worker does what one process does, so the result is the
    same to the byte wherever the workers compute alike. A model serves one task at a time; the
    others of its worker decode meanwhile. At the end the workers drop their models; those of a
    killed run stay until the next one.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Self

from preprocess.cluster.client import Cluster
from preprocess.cluster.tasks import keeper_of_worker, name_of_worker
from preprocess.pose.people import OpenEstimator, People, PoseEstimator, empty_people
from preprocess.pose.stage import Block, estimate_pictures, prefetched
from preprocess.settings import PoseSettings
from shared.console import Console
from shared.errors import PoseGanError, UsageError, problem

LEAVE_S: Final = 5.0
"""So long the workers may take to drop their models."""


@dataclass(frozen=True)
class Opening:
    """How a worker opens the pose model of a run.

    Args:
        run: The run.
        pose: The settings.
        open_estimator: Opens the model.
    """

    run: str
    pose: PoseSettings
    open_estimator: OpenEstimator


@dataclass(frozen=True)
class Found:
    """What a worker found in a block.

    Args:
        worker: Who it was.
        key: Its model's.
        people: The people.
        said: What the model said meanwhile, each line with whether it is a warning.
    """

    worker: str
    key: str
    people: People
    said: tuple[tuple[str, bool], ...]


class ClusterBlocks:
    """Pose models on a cluster; see :class:`preprocess.pose.stage.BlockEstimator`.

    A first one is opened at once, for the key; the others when their workers get a block.

    Args:
        cluster: The cluster.
        pose: The settings of the model.
        console: Told what the models say.
        open_estimator: Opens the model; it is sent to the workers, so it must survive pickling.
        threads: Threads that decode a block.
    """

    def __init__(
        self,
        cluster: Cluster,
        pose: PoseSettings,
        console: Console,
        open_estimator: OpenEstimator,
        threads: int,
    ) -> None:
        self._cluster = cluster
        self._console = console
        self._opening = Opening(uuid.uuid4().hex, pose, open_estimator)
        self._threads = threads
        self.key = ""

    def __enter__(self) -> Self:
        """Open a first model."""
        for _ in self.people_of([()]):
            pass
        return self

    def __exit__(self, *_: object) -> None:
        """Let the workers drop their models."""
        with suppress(PoseGanError):  # a cluster that is gone keeps nothing
            self._cluster.on_each_worker(drop_model, self._opening, patience_s=LEAVE_S)

    def people_of(self, blocks: Sequence[Block]) -> Iterator[tuple[int, People]]:
        """Yield the people of the blocks in their order."""
        arguments = ((self._opening, block, self._threads) for block in blocks)
        for number, found in enumerate(self._cluster.results(find_people, arguments)):
            for text, is_warning in found.said:
                (self._console.warn if is_warning else self._console.say)(text)
            if self.key not in ("", found.key):
                expected, remedy = "the pose model of the others", "let all workers be of one kind"
                raise UsageError(problem(found.worker, expected, "another one", remedy))
            self.key = found.key
            yield number, found.people


def find_people(opening: Opening, block: Block, threads: int) -> Found:
    """Find the people of a block of files, on a worker of a cluster."""
    pictures = next(prefetched([block], threads)) if block else []
    with keeper_of_worker().lent(opening.run, lambda: _Model(opening)) as model:
        people = estimate_pictures(model.estimator, pictures) if pictures else empty_people(0)
        return Found(name_of_worker(), model.estimator.key, people, model.console.told())


def drop_model(opening: Opening) -> None:
    """Drop the pose model of a run, on a worker of a cluster."""
    keeper_of_worker().drop(opening.run)


class _Model:
    """An open pose model and what it says."""

    def __init__(self, opening: Opening) -> None:
        self.console = _NotedConsole()
        self.estimator: PoseEstimator = opening.open_estimator(opening.pose, self.console)


class _NotedConsole(Console):
    """A console whose lines are kept for another process to say."""

    def __init__(self) -> None:
        super().__init__(mute=True)
        self._lines: list[tuple[str, bool]] = []

    def say(self, text: str) -> None:
        self._lines.append((text, False))

    def warn(self, text: str) -> None:
        self._lines.append((text, True))

    def told(self) -> tuple[tuple[str, bool], ...]:
        """Take what was said since this was asked last."""
        lines, self._lines = tuple(self._lines), []
        return lines
