"""A dask cluster of real processes on this machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

TESTS = Path(__file__).resolve().parent
LIMIT_S = 120
WITHOUT_POSEGAN = "import sys; sys.modules['preprocess'] = None; "
"""Python that a worker runs first so that it has no posegan."""


def program(what: str, before: str, *arguments: object) -> list[str]:
    """A process of dask, some Python before it; it ends with the one that starts it."""
    watch = f"from shared.workers import end_with_parent; end_with_parent({os.getpid()}); "
    code = f"{watch}{before}from distributed.cli.dask_{what} import main; main()"
    return [sys.executable, "-c", code, *map(str, arguments)]


@contextmanager
def started(
    words: Sequence[str], log: Path, code: Path = TESTS.parent, **how: Any
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a process while the block runs; it finds this project's code in a folder."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (code, TESTS)))}
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
        folder: Where the logs go.
        address: The scheduler's.
        process: Its process.
    """

    def __init__(self, folder: Path, address: str, process: subprocess.Popen[bytes]) -> None:
        self.folder = folder
        self.address = address
        self.process = process

    @contextmanager
    def workers(
        self, count: int = 1, *, before: str = "", are_left: bool = False, **how: Any
    ) -> Iterator[None]:
        """Run workers without nannies while the block runs; they are there when it begins.

        Unless the scheduler may have left them, it knows at the end that they are gone.
        """
        with ExitStack() as stack:
            for _ in range(count):
                number = len(list(self.folder.glob("worker-*")))
                words = program("worker", before, self.address, "--no-nanny", "--nthreads", 1,
                                "--no-dashboard", "--death-timeout", 60)  # fmt: skip
                stack.enter_context(started(words, self.folder / f"worker-{number}.log", **how))
            wait_until(lambda: len(self.asked(_workers)) == count)
            yield
        if not are_left:
            wait_until(lambda: not self.asked(_workers))

    def num_tasks(self) -> int:
        """How many tasks of whatever state the scheduler holds."""
        return self.asked(_num_tasks)

    def asked(self, question: Callable[..., Any]) -> Any:
        """What a function gives in the scheduler."""
        from distributed import Client

        with Client(self.address, set_as_default=False) as client:
            return client.run_on_scheduler(question)


def _workers(dask_scheduler: Any) -> list[str]:
    return list(dask_scheduler.workers)


def _num_tasks(dask_scheduler: Any) -> int:
    return len(dask_scheduler.tasks)


@contextmanager
def scheduler(folder: Path) -> Iterator[Processes]:
    """Run a scheduler while the block runs."""
    folder.mkdir(exist_ok=True)
    said = folder / "scheduler.json"
    words = program("scheduler", "", "--host", "127.0.0.1", "--port", 0, "--no-dashboard",
                    "--scheduler-file", said)  # fmt: skip
    with started(words, folder / "scheduler.log") as process:
        wait_until(lambda: said.exists() and said.read_text().endswith("}"))
        yield Processes(folder, json.loads(said.read_text())["address"], process)


def wait_until(is_so: Callable[[], bool]) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + LIMIT_S
    while not is_so():
        assert time.monotonic() < deadline, "it never came to be so"
        time.sleep(0.1)
