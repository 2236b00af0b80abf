"""An existing dask cluster, as a run uses it.

Convention:
    Tasks are futures: a few more than the workers have threads are sent ahead, and results come
    back in the order of the arguments, so that memory is bounded on either side. Workers write
    temporary files; this process, which holds the output folder, names them. A worker that is
    killed costs nothing but time: the scheduler gives its tasks to others. When this process
    ends, however, the scheduler drops what it asked for.
"""

from __future__ import annotations

import logging
import pickle
import queue
import threading
import time
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError
from contextlib import ExitStack, contextmanager, suppress
from itertools import islice
from typing import Any, Final, Self

from preprocess.cluster.needs import Needs
from preprocess.cluster.tasks import packed
from preprocess.failures import Failed
from shared.errors import (
    MAX_REASON,
    NoSpaceError,
    PoseGanError,
    StoppedError,
    UsageError,
    problem,
)

AHEAD: Final = 2
"""Tasks that are sent ahead, a thread of the workers."""

INTERVAL_S: Final = 1.0
"""How often the scheduler is asked who is there."""

LEAVE_S: Final = 5.0
"""So long the leave may take."""

GRACE_S: Final = 1.0
"""So much longer than its own limit dask may take to give an address up."""

LARGE_TASK: Final = "distributed.admin.large-graph-warning-threshold"
"""From which size on dask warns of a task; those of shards are as large as they must be."""

LOGGERS: Final = ("distributed", "distributed.client", "asyncio")


class Cluster:
    """A dask cluster that is there already; it is left as it was found.

    Args:
        address: The scheduler's.
        patience_s: How long the cluster may be silent, or without workers, in seconds.
        clock: Monotonic time in seconds.
    """

    def __init__(
        self, address: str, patience_s: float, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.address = address
        self.num_threads = 0
        self._patience_s = patience_s
        self._clock = clock
        self._client: Any = None
        self._needs: Needs | None = None
        self._asked_s = self._seen_s = clock()
        self._open = ExitStack()

    def __enter__(self) -> Self:
        """Promise to leave the cluster at the end; :meth:`hire` enters it."""
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the cluster; it drops what was asked of it."""
        self._open.close()
        self._client = None

    def hire(self, needs: Needs) -> None:
        """Connect, and make sure that there are workers and that none of them lacks anything.

        A worker that is too busy to answer is asked by its first task.

        Args:
            needs: What the run needs of them.

        Raises:
            UsageError: Nobody answers at the address, there is no worker, or one lacks something.
        """
        self._needs = needs
        if self._client is None:
            self._client = self._open.enter_context(_connected(self.address, self._patience_s))
        with suppress(TimeoutError):
            self._client.wait_for_workers(1, timeout=self._patience_s)
        workers = self._workers()
        if not workers:
            expected, found = "at least one worker", f"none within {self._patience_s:g} s"
            remedy = f"start one: dask worker {self.address}"
            raise UsageError(problem(f"the cluster at {self.address}", expected, found, remedy))
        self.on_each_worker(_nothing)

    def results(
        self, work: Callable[..., Any], arguments: Iterable[tuple[Any, ...]]
    ) -> Iterator[Any]:
        """Yield the results of a function over many arguments, in their order.

        Args:
            work: What a task does; pickled by its name.
            arguments: What it is called with, time after time; taken as they are needed.

        Raises:
            PoseGanError: What a task met; or the cluster, or all of its workers, went away.
        """
        waiting, in_hand = iter(arguments), deque[Any]()
        while True:
            self._look()
            room = max(0, AHEAD * self.num_threads - len(in_hand))
            in_hand.extend(self._sent(work, given) for given in islice(waiting, room))
            if in_hand:
                yield self._value_of(in_hand.popleft())
            elif self.num_threads:
                return

    def on_each_worker(
        self, work: Callable[..., Any], *arguments: Any, patience_s: float | None = None
    ) -> None:
        """Call a function once on each worker that is there, before the tasks that wait.

        Args:
            work: What is called.
            arguments: With what.
            patience_s: How long to wait for all of them; workers too busy to answer are let go.

        Raises:
            PoseGanError: What one of them met.
        """
        until_s = self._clock() + (self._patience_s if patience_s is None else patience_s)
        sent = [
            (name, self._sent(work, arguments, workers=[name], priority=1))
            for name in self._workers()
        ]
        for name, future in sent:
            with suppress(TimeoutError):
                self._wait(future, max(0.0, until_s - self._clock()))
                self._value_of(future, f"worker {name}")

    def _sent(self, work: Callable[..., Any], arguments: tuple[Any, ...], **how: Any) -> Any:
        assert self._needs is not None
        errand = packed(self._needs, work, arguments)
        try:
            return self._client.submit(pickle.loads, errand, pure=False, **how)
        except Exception as error:
            raise self._stopped(_in_brief(error)) from error

    def _value_of(self, future: Any, worker: str = "") -> Any:
        """Wait for a task and return what it gave, or raise what it met."""
        from distributed import KilledWorker  # noqa: PLC0415 - it is here, as there is a client

        whose = worker or f"a worker of {self.address}"
        while True:
            try:
                self._wait(future, INTERVAL_S)
                outcome = future.result(timeout=self._patience_s)
                break
            except TimeoutError:
                self._look()
            except CancelledError as error:
                raise self._stopped("a scheduler that is gone") from error
            except KilledWorker as error:
                expected, found = "work until all is done", "an end by force, several times"
                remedy = "where memory ran out, start workers with more of it, then repeat"
                raise NoSpaceError(problem(whose, expected, found, remedy)) from error
            except Exception as error:  # a task tells its own errors: this one met none of ours
                expected, remedy = "posegan as it is here", "install the same on every machine"
                raise UsageError(problem(whose, expected, _in_brief(error), remedy)) from error
        if isinstance(outcome, Failed):
            raise outcome.error(whose)
        return outcome.value

    def _wait(self, future: Any, timeout_s: float) -> None:
        """Wait until a task has ended, however; a TimeoutError says that it has not."""
        from distributed import wait  # noqa: PLC0415 - it is here, as there is a client

        with self._client.as_current():
            wait([future], timeout=timeout_s)

    def _look(self) -> None:
        """See now and then how many workers there are; wait for some, but not for ever."""
        now_s = self._clock()
        if self.num_threads and now_s - self._asked_s < INTERVAL_S:
            return
        self._asked_s = now_s
        if self._workers():
            return
        if now_s - self._seen_s > self._patience_s:
            raise self._stopped(f"none for {self._patience_s:g} s")
        time.sleep(INTERVAL_S / 10)

    def _workers(self) -> list[str]:
        """Ask the scheduler who is there."""
        try:
            threads: dict[str, int] = self._client.nthreads(callback_timeout=self._patience_s)
        except Exception as error:  # whatever a lost connection looks like
            raise self._stopped(_in_brief(error)) from error
        self.num_threads = sum(threads.values())
        if threads:
            self._seen_s = self._clock()
        return list(threads)

    def _stopped(self, found: str) -> PoseGanError:
        where, expected = f"the cluster at {self.address}", "workers until all is done"
        remedy = "repeat the command when it is there again"
        return StoppedError(problem(where, expected, found, remedy))


@contextmanager
def _connected(address: str, patience_s: float) -> Iterator[Any]:
    """Connect to a scheduler, and leave it at the end."""
    try:
        import dask  # noqa: PLC0415 - an extra
        from distributed import Client  # noqa: PLC0415 - an extra
    except ImportError as error:
        expected, remedy = "the libraries of a cluster", "pip install 'posegan[cluster]'"
        raise UsageError(problem("--backend dask", expected, error, remedy)) from error
    levels = {name: logging.getLogger(name).level for name in LOGGERS}
    for name in LOGGERS:  # what matters of a lost cluster is said in one line, by us
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    try:
        client = _client_of(Client, address, patience_s)
        try:
            with dask.config.set({LARGE_TASK: "1TB"}):
                yield client
        finally:
            with suppress(Exception):
                client.close(timeout=LEAVE_S)
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)


def _client_of(kind: Callable[..., Any], address: str, patience_s: float) -> Any:
    """Make a client; a thread does it, as dask waits for ever for one who answers but is silent."""
    made: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def connect() -> None:
        try:
            made.put(kind(address, timeout=patience_s, set_as_default=False, name="prep-market"))
        except Exception as error:  # whatever a place is like where nobody or a stranger answers
            made.put(error)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of versions: those that matter are compared
        threading.Thread(target=connect, name="connect", daemon=True).start()
        try:
            found = made.get(timeout=patience_s + GRACE_S)
        except queue.Empty:
            found = TimeoutError(f"silence for {patience_s:g} s")
    if isinstance(found, Exception):
        expected, remedy = "a dask scheduler that answers", "check the address, or start one"
        where = f"--cluster {address}"
        raise UsageError(problem(where, expected, _in_brief(found), remedy)) from found
    return found


def _in_brief(error: Exception) -> str:
    """The first line of a library's own words, without its full stop."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__)[:MAX_REASON].rstrip(".")


def _nothing() -> None:
    """Ask nothing but what every task asks: whether the worker lacks anything."""
