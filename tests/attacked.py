"""Commands as processes that tests attack, and what must hold whatever was done to them."""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from command_rows import Row
from commands import program
from odd_values import fault_of

LIMIT_S = 300
LEAVE_S = 30
"""So long a process may take to leave after a signal."""

TOO_EARLY = ("Fatal Python error: init_", "pyo3_runtime.PanicException")
"""What Python's own start and pydantic's import say of an interrupt."""

SWALLOWED = re.compile(r"^Error processing line .*?^Remainder of file ignored$\s*", re.M | re.S)
"""What Python says where an interrupt meets it in a .pth file, after which it goes on."""

Process = subprocess.Popen[str]


def arguments(row: Row, data: Path, out: Path, *more: str) -> list[str]:
    """The process of a row; an output that is not its own folder must be there."""
    if not row.owns_folder:
        out.mkdir(parents=True, exist_ok=True)
    return program(row.name, *row.whole(data, out, *more), before=row.before)


def finish(row: Row, data: Path, out: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """Run a row to its end."""
    return subprocess.run(
        arguments(row, data, out, *more),
        capture_output=True, text=True, check=False, timeout=LIMIT_S, cwd=data,
    )  # fmt: skip


def start(row: Row, data: Path, out: Path, *more: str) -> Process:
    """Start a row in a session of its own, its errors on a pipe."""
    return subprocess.Popen(
        arguments(row, data, out, *more),
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd=data,
        start_new_session=True,
    )  # fmt: skip


def wait_for_work(process: Process, out: Path, chance: random.Random) -> None:
    """Wait for a random moment: often after the first output, sometimes while Python starts."""
    if chance.random() < 0.25:
        time.sleep(chance.random() * 1.5)
        return
    wanted = chance.randrange(1, 12)
    deadline = time.monotonic() + LIMIT_S
    while process.poll() is None and time.monotonic() < deadline:
        if sum(1 for _ in out.rglob("*")) >= wanted:
            break
        time.sleep(0.002)
    time.sleep(chance.random() * 0.1)


def end_of(process: Process) -> tuple[int, str]:
    """Wait for the end of a process that was told to leave.

    Returns:
        Exit code and stderr.
    """
    try:
        _, said = process.communicate(timeout=LEAVE_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise
    return process.returncode, said


def session_of(number: int) -> list[int]:
    """The processes of a session that are still there."""
    found = []
    for folder in Path("/proc").iterdir():
        try:
            state, _, _, session = (folder / "stat").read_text().rpartition(")")[2].split()[:4]
        except (OSError, ValueError):
            continue
        if int(session) == number and state != "Z":
            found.append(int(folder.name))
    return found


def wait_for_children(process: Process, count: int) -> None:
    """Wait until a process has so many children, or has ended."""
    waited(lambda: process.poll() is not None or len(session_of(process.pid)) > count, 60)


def is_left_alone(number: int, within_s: float = 5.0) -> bool:
    """Tell whether every process of a session has ended soon."""
    return waited(lambda: not session_of(number), within_s)


def waited(is_so: Callable[[], bool], within_s: float) -> bool:
    """Wait until something is so."""
    deadline = time.monotonic() + within_s
    while not is_so():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def assert_documented(code: int, said: str, *signals: signal.Signals) -> None:
    """A documented end, or the one that the system gives to who has no handler yet.

    Before the first line of ours runs, Ctrl-C is answered by the interpreter and by what it loads.
    """
    is_early = code == 1 and signal.SIGINT in signals and any(word in said for word in TOO_EARLY)
    if signal.SIGINT in signals:
        said = SWALLOWED.sub("", said)
    if code not in {-each for each in signals} and not is_early:
        assert fault_of(code, said, None) is None, said
