"""Killed or signalled at any moment, the same command ends with the same output."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from attacked import (
    LEAVE_S,
    assert_documented,
    end_of,
    finish,
    is_left_alone,
    start,
    wait_for_children,
    wait_for_work,
    waited,
)
from command_rows import ROWS, Row

pytestmark = pytest.mark.slow

WRITING = [row for row in ROWS if row.finished is not None]
FIGURES = [
    pytest.param(2, marks=pytest.mark.process),
    pytest.param(10, marks=pytest.mark.promises),
    pytest.param(200, marks=pytest.mark.soak),
]
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

named = pytest.mark.parametrize("row", WRITING, ids=lambda row: row.case)


def check_finished(row: Row, data: Path, out: Path, expected: str) -> None:
    done = finish(row, data, out)
    assert done.returncode == 0, done.stderr
    assert row.finished is not None and row.finished(out) == expected
    assert not list(out.rglob("*.posegan.part"))


@pytest.mark.timeout(7200)
@pytest.mark.parametrize("kills", FIGURES)
@named
def test_killed_at_any_moment_the_same_command_ends_the_same(
    row: Row, kills: int, data: Path, undisturbed: Callable[[Row], str], tmp_path: Path
) -> None:
    out, chance, expected = tmp_path / "out", random.Random(kills), undisturbed(row)
    for _ in range(kills):
        process = start(row, data, out)
        wait_for_work(process, out, chance)
        process.kill()
        end_of(process)
    check_finished(row, data, out, expected)


@pytest.mark.timeout(7200)
@pytest.mark.parametrize(
    "rounds",
    [
        pytest.param(1, marks=pytest.mark.process),
        pytest.param(4, marks=pytest.mark.promises),
        pytest.param(60, marks=pytest.mark.soak),
    ],
)
@named
def test_a_signal_at_any_moment_ends_it_soon_and_harms_nothing(
    row: Row, rounds: int, data: Path, undisturbed: Callable[[Row], str], tmp_path: Path
) -> None:
    out, chance, expected = tmp_path / "out", random.Random(rounds), undisturbed(row)
    for turn in range(rounds):
        for number in SIGNALS if rounds > 1 else [SIGNALS[turn]]:
            process = start(row, data, out)
            wait_for_work(process, out, chance)
            begin = time.monotonic()
            process.send_signal(number)
            code, said = end_of(process)
            assert time.monotonic() - begin < LEAVE_S
            assert_documented(code, said, number)
            assert is_left_alone(process.pid)
    check_finished(row, data, out, expected)


@pytest.mark.process
@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize("row", [row for row in ROWS if row.saves], ids=lambda row: row.case)
def test_a_signal_while_importing_ends_with_exit_code_75(
    row: Row, number: signal.Signals, data: Path, tmp_path: Path
) -> None:
    process = start(row, data, tmp_path / "out")
    assert waited(lambda: has_taken_signals(process.pid), 60), "no handler was ever set"
    process.send_signal(number)
    code, said = end_of(process)
    assert code == 75, said
    assert f"stopped by {number.name}" in said


@pytest.mark.process
@pytest.mark.parametrize("row", [row for row in ROWS if row.saves], ids=lambda row: row.case)
def test_a_second_signal_leaves_at_once(row: Row, data: Path, tmp_path: Path) -> None:
    process = start(row, data, tmp_path / "out")
    assert waited(lambda: has_taken_signals(process.pid), 60)
    process.send_signal(signal.SIGTERM)
    time.sleep(0.05)
    begin = time.monotonic()
    process.send_signal(signal.SIGTERM)
    code, _ = end_of(process)
    assert code == 130 and time.monotonic() - begin < 5


def has_taken_signals(number: int) -> bool:
    """Tell whether a process has a handler for SIGTERM; not what imports set, only ours."""
    lines = Path(f"/proc/{number}/status").read_text().splitlines()
    caught = next((line.split()[1] for line in lines if line.startswith("SigCgt")), "0")
    return bool(int(caught, 16) >> (signal.SIGTERM - 1) & 1)


@pytest.mark.timeout(7200)
@pytest.mark.parametrize(
    "kills",
    [
        pytest.param(2, marks=pytest.mark.process),
        pytest.param(20, marks=pytest.mark.promises),
        pytest.param(200, marks=pytest.mark.soak),
    ],
)
@pytest.mark.parametrize("row", [row for row in ROWS if row.workers], ids=lambda row: row.case)
def test_workers_die_with_their_parent(row: Row, kills: int, data: Path, tmp_path: Path) -> None:
    chance, orphans = random.Random(kills), 0
    for turn in range(kills):
        process = start(row, data, tmp_path / f"out-{turn}", *row.workers)
        wait_for_children(process, 2)
        time.sleep(chance.random() * 0.5)
        number = signal.SIGTERM if chance.random() < 0.3 else signal.SIGKILL
        os.kill(process.pid, number)
        end_of(process)  # its pipe ends only when nobody holds it any more
        orphans += not is_left_alone(process.pid)
    assert orphans == 0
