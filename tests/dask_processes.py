"""A dask cluster of real processes on this machine, and disks of its workers on which things happen."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from preprocess.cluster.client import Cluster
from preprocess.cluster.needs import Needs, software_version
from shared.files import Disk

TESTS = Path(__file__).resolve().parent
LIMIT_S = 60
WITHOUT_POSEGAN = "import sys; sys.modules['preprocess'] = None; "
"""Python that a worker runs first so that it has no posegan."""


def program(what: str, before: str, *arguments: object) -> list[str]:
    """A process of dask that ends with the one that starts it."""
    watch = f"from shared.workers import end_with_parent; end_with_parent({os.getpid()}); "
    code = f"{watch}{before}from distributed.cli.dask_{what} import main; main()"
    return [sys.executable, "-c", code, *map(str, arguments)]


@contextmanager
def started(words: Sequence[str], log: Path, **how: object) -> Iterator[subprocess.Popen[bytes]]:
    """Run a process while the block runs."""
    environment = {**os.environ, "PYTHONPATH": f"{TESTS.parent}{os.pathsep}{TESTS}"}
    environment |= {"DASK_DISTRIBUTED__WORKER__DAEMON": "false", **how.pop("environment", {})}
    with log.open("wb") as stream:
        process = subprocess.Popen(words, stdout=stream, stderr=stream, env=environment, **how)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


class Processes:
    """A scheduler, and workers of one thread.

    Args:
        folder: Where the logs go, and what the scheduler says of itself.
        address: The scheduler's.
        scheduler: Its process.
    """

    def __init__(self, folder: Path, address: str, scheduler: subprocess.Popen[bytes]) -> None:
        self.folder = folder
        self.address = address
        self.scheduler = scheduler
        self._count = 0

    @contextmanager
    def workers(
        self, count: int = 1, *, before: str = "", **how: object
    ) -> Iterator[list[subprocess.Popen[bytes]]]:
        """Run workers without nannies while the block runs; they are there when it begins."""
        with contextmanagers() as stack:
            made = []
            for _ in range(count):
                self._count += 1
                words = program("worker", before, self.address, "--no-nanny", "--nthreads", 1,
                                "--no-dashboard", "--death-timeout", 30)  # fmt: skip
                log = self.folder / f"worker-{self._count}.log"
                made.append(stack.enter_context(started(words, log, **how)))
            wait_until(lambda: len(workers_of(self.address)) >= count)
            yield made
        wait_until(lambda: not workers_of(self.address))


def contextmanagers():
    from contextlib import ExitStack

    return ExitStack()


@contextmanager
def scheduler(folder: Path) -> Iterator[Processes]:
    """Run a scheduler while the block runs."""
    folder.mkdir(exist_ok=True)
    said = folder / "scheduler.json"
    words = program("scheduler", "", "--host", "127.0.0.1", "--port", 0, "--no-dashboard",
                    "--scheduler-file", said)  # fmt: skip
    with started(words, folder / "scheduler.log") as process:
        wait_until(said.exists)
        yield Processes(folder, address_in(said), process)


def address_in(file: Path) -> str:
    """The address that a scheduler wrote into its file, once it is whole."""
    import json

    deadline = time.monotonic() + LIMIT_S
    while time.monotonic() < deadline:
        with suppress(ValueError):
            return str(json.loads(file.read_text())["address"])
        time.sleep(0.02)
    raise AssertionError("no address")


def workers_of(address: str) -> list[str]:
    """The workers that a scheduler knows."""
    from distributed import Client

    with Client(address, set_as_default=False) as client:
        return list(client.nthreads())


def tasks_of(address: str) -> dict[str, int]:
    """How many tasks of whatever state a scheduler holds."""
    from distributed import Client

    with Client(address, set_as_default=False) as client:
        return client.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.tasks))


def wait_until(is_so) -> None:
    deadline = time.monotonic() + LIMIT_S
    while not is_so():
        assert time.monotonic() < deadline, "it never came to be so"
        time.sleep(0.05)
