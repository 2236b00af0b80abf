"""Pose models that share out blocks of images: one in this process, or one in a process a device.

Convention:
    The processes read images and estimate; only this one, which holds the output folder, keeps
    what they found. Block for block they do what one process does, so the result is the same to
    the byte. They end with this process (``shared.workers``), they leave an interrupt to it, and
    when one of them fails or is killed, the others are ended.
"""

from __future__ import annotations

import functools
import multiprocessing
import os
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection, wait
from tempfile import TemporaryDirectory
from typing import Any, Final

from preprocess.cluster.client import Cluster
from preprocess.failures import Failed
from preprocess.pose.cluster_blocks import ClusterBlocks
from preprocess.pose.device_worker import Assignment, Found, Ready, Said
from preprocess.pose.people import OpenEstimator, People, PoseEstimator
from preprocess.pose.stage import Block, BlockEstimator, estimate_pictures, prefetched
from preprocess.settings import PoseSettings
from shared.console import Console
from shared.device import choose_devices
from shared.errors import NoSpaceError, StoppedError, UsageError, problem

BLOCKS_IN_HAND: Final = 2
"""Blocks that a process has at once: it decodes one while its model works on the other."""

_PROGRAM: Final = (
    "import sys; sys.path[:] = {path!r}; "
    "from preprocess.pose.device_worker import main; main({number}, {parent})"
)


def open_network(
    pose: PoseSettings, console: Console, expected_sha256: str | None = None
) -> PoseEstimator:
    """Open the real pose model; see :func:`preprocess.pose.yolo.open_estimator`."""
    from preprocess.pose.yolo import open_estimator  # noqa: PLC0415 - it imports torch

    return open_estimator(pose, console, expected_sha256)


@contextmanager
def opened(
    pose: PoseSettings,
    console: Console,
    open_estimator: OpenEstimator,
    *,
    threads: int,
    cluster: Cluster | None = None,
) -> Iterator[BlockEstimator]:
    """Open a pose model on each device of the settings while the block runs.

    Args:
        pose: The settings.
        console: Told what is opened.
        open_estimator: Opens the model on one device; of several devices, in a process of its own.
        threads: Threads that decode images while the models run.
        cluster: Opens it on each of its workers instead.

    Yields:
        The model, or all of them together.

    Raises:
        PoseGanError: A model cannot be opened, or a device is not there.
    """
    if cluster is not None:
        with ClusterBlocks(cluster, pose, console, open_estimator, threads) as blocks:
            yield blocks
        return
    if "," not in pose.device:
        yield OneProcess(open_estimator(pose, console), threads)
        return
    devices = _devices_of(pose)
    with DeviceProcesses(devices, pose, console, open_estimator, threads) as processes:
        yield processes


def _devices_of(pose: PoseSettings) -> tuple[str, ...]:
    """List the devices; only for CUDA's this process needs torch."""
    if pose.device.startswith("cpu"):
        return choose_devices(pose.device, num_cuda=0)
    from preprocess.pose.yolo import find_devices  # noqa: PLC0415 - it imports torch

    return find_devices(pose.device)


class OneProcess:
    """A pose model in this process; see :class:`preprocess.pose.stage.BlockEstimator`.

    Args:
        estimator: The model.
        threads: Threads that decode images while it runs.
    """

    def __init__(self, estimator: PoseEstimator, threads: int) -> None:
        self._estimator = estimator
        self._threads = threads

    @property
    def key(self) -> str:
        """The model's key."""
        return self._estimator.key

    def people_of(self, blocks: Sequence[Block]) -> Iterator[tuple[int, People]]:
        """Yield the people of the blocks in their order."""
        for number, pictures in enumerate(prefetched(blocks, self._threads)):
            yield number, estimate_pictures(self._estimator, pictures)


@dataclass
class _Worker:
    """A process, what it has in hand, and the folder that it needs until its model is open."""

    device: str
    process: subprocess.Popen[bytes]
    connection: Connection[Any, Any]
    in_hand: int = 0
    is_told_all: bool = False
    scratch: TemporaryDirectory[str] = field(
        default_factory=lambda: TemporaryDirectory(prefix="posegan-")
    )


class DeviceProcesses:
    """A pose model in a process a device; see :class:`preprocess.pose.stage.BlockEstimator`.

    The first process is opened at once, for the model's key and its download; the others when
    there is work for them.

    Args:
        devices: Names of devices, as torch knows them.
        pose: The settings of the model.
        console: Told what the processes say.
        open_estimator: Opens the model; it is sent to the processes, so it must survive pickling.
        threads: Threads that decode images, of all processes together.
    """

    def __init__(
        self,
        devices: Sequence[str],
        pose: PoseSettings,
        console: Console,
        open_estimator: OpenEstimator,
        threads: int,
    ) -> None:
        self._devices = tuple(devices)
        self._pose = pose
        self._console = console
        self._open_estimator = open_estimator
        self._threads = max(1, threads // len(devices))
        self._workers: list[_Worker] = []
        self.key = ""

    def __enter__(self) -> DeviceProcesses:
        """Open the first model."""
        try:
            self._start(self._devices[0])
            while not self.key:
                for worker, message in self._heard():
                    self._take_key(worker, message)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """End the processes: they hold nothing that is worth waiting for."""
        for worker in self._workers:
            worker.process.kill()
        for worker in self._workers:
            worker.process.wait()
            worker.connection.close()
            worker.scratch.cleanup()
        self._workers.clear()

    def people_of(self, blocks: Sequence[Block]) -> Iterator[tuple[int, People]]:
        """Yield the people of the blocks as they come."""
        waiting = deque(enumerate(blocks))
        left = len(blocks)
        for device in self._devices[1 : len(blocks)]:
            self._start(device)
        for worker in self._workers[:1]:
            self._hand_out(worker, waiting)
        while left:
            for worker, message in self._heard():
                self._take_key(worker, message)
                worker.in_hand -= isinstance(message, Found)
                self._hand_out(worker, waiting)
                if isinstance(message, Found):
                    left -= 1
                    yield message.number, message.people

    def _start(self, device: str) -> None:
        """Start the process of a device.

        It inherits that interrupts are held back: whoever types Ctrl-C asks this process, and it
        ends the others.
        """
        here, there = multiprocessing.Pipe()
        program = _PROGRAM.format(path=sys.path, number=there.fileno(), parent=os.getpid())
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            process = subprocess.Popen(
                [sys.executable, "-c", program],
                pass_fds=(there.fileno(),),
                stdin=subprocess.DEVNULL,
            )
            self._workers.append(worker := _Worker(device, process, here))
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            there.close()
        pose = replace(self._pose, device=device)
        self._send(
            worker, Assignment(pose, self._open_estimator, self._threads, worker.scratch.name)
        )

    def _hand_out(self, worker: _Worker, waiting: deque[tuple[int, Block]]) -> None:
        """Give a process what it can take, and tell it when there is no more."""
        while waiting and worker.in_hand < BLOCKS_IN_HAND:
            worker.in_hand += 1
            self._send(worker, waiting.popleft())
        if not waiting and not worker.is_told_all:
            worker.is_told_all = True
            self._send(worker, None)

    def _send(self, worker: _Worker, message: object) -> None:
        """Send a message; why a process is gone that cannot take it, :meth:`_heard` finds out."""
        with suppress(BrokenPipeError, ConnectionResetError):
            worker.connection.send(message)

    def _heard(self) -> Iterator[tuple[_Worker, Ready | Found]]:
        """Yield the next messages of processes, once what they say is told.

        Raises:
            PoseGanError: A process failed, or somebody ended it.
            RuntimeError: A process failed in a way that nobody expected.
        """
        workers = {worker.connection: worker for worker in self._workers if not _is_done(worker)}
        for connection in wait(list(workers)):
            worker = workers[connection]  # type: ignore[index]
            try:
                message = worker.connection.recv()
            except (EOFError, ConnectionResetError):
                raise _ended(worker) from None
            if isinstance(message, Failed):
                raise message.error(f"the process of {worker.device}")
            if isinstance(message, Said):
                (self._console.warn if message.is_warning else self._console.say)(message.text)
            else:
                yield worker, message

    def _take_key(self, worker: _Worker, message: Ready | Found) -> None:
        """Note the first model's key; a process that opened another model is refused."""
        if not isinstance(message, Ready):
            return
        worker.scratch.cleanup()
        if self.key not in ("", message.key):
            where = f"the pose model on {worker.device}"
            expected = f"the weights that {self._devices[0]} opened"
            remedy = "let nothing change the file, and run the same command again"
            raise UsageError(problem(where, expected, "others", remedy))
        self.key = message.key


def _is_done(worker: _Worker) -> bool:
    """Whether a process has said all that it will: it may be gone, and that is no failure."""
    return worker.is_told_all and worker.in_hand == 0


def _ended(worker: _Worker) -> Exception:
    """Return the error for a process that ended without a word."""
    code = worker.process.wait()
    where = f"the process of {worker.device}"
    expected = "work until all images are done"
    if code == -signal.SIGKILL:
        remedy = "where memory ran out, name fewer devices or lower --pose-batch, then repeat"
        return NoSpaceError(problem(where, expected, "an end by SIGKILL", remedy))
    if -code in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        found = f"an end by {signal.Signals(-code).name}"
        return StoppedError(problem(where, expected, found, "repeat the command to continue"))
    return RuntimeError(f"{where} ended with code {code}")


def opener(expected_sha256: str | None) -> OpenEstimator:
    """Return what opens the real pose model, with the weights of a run that was begun, if any."""
    return functools.partial(open_network, expected_sha256=expected_sha256)
