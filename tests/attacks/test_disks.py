"""A disk that is full, and an output folder that goes away, end with one line and lose nothing."""

from __future__ import annotations

import os
import random
import shlex
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from attacked import LIMIT_S, arguments, assert_documented, end_of, finish, start, wait_for_work
from command_rows import ROWS, Row

pytestmark = pytest.mark.slow

WRITING = [row for row in ROWS if row.finished is not None]
LIMITS = (0, 100, 3_000, 20_000, 60_000, 200_000)
"""Sizes in bytes that no file may exceed."""

named = pytest.mark.parametrize("row", WRITING, ids=lambda row: row.case)


@pytest.mark.parametrize(
    "limits",
    [
        pytest.param((3_000,), marks=pytest.mark.process, id="one"),
        pytest.param(LIMITS, marks=pytest.mark.promises, id="all"),
    ],
)
@named
def test_a_full_disk_ends_with_exit_code_5_and_the_same_command_goes_on(
    row: Row, limits: tuple[int, ...], data: Path, undisturbed: Callable[[Row], str], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    python, flag, code, *given = arguments(row, data, out)
    for limit in limits:
        full = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({limit},) * 2); "
        done = subprocess.run(
            [python, flag, full + code, *given],
            capture_output=True, text=True, check=False, timeout=LIMIT_S, cwd=data,
        )  # fmt: skip
        assert_documented(done.returncode, done.stderr)
        assert done.returncode in (0, 5), done.stderr
        if done.returncode == 0:
            break
    done = finish(row, data, out)
    assert done.returncode == 0, done.stderr
    assert row.finished is not None and row.finished(out) == undisturbed(row)


def can_mount() -> bool:
    """Whether this machine lets the test mount a small file system of its own."""
    if shutil.which("unshare") is None or os.geteuid() != 0:
        return False
    line = ["unshare", "--mount", "sh", "-c", "mount -t tmpfs -o size=64k none /mnt"]
    return subprocess.run(line, capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize(
    "kilobytes",
    [
        pytest.param(64, marks=pytest.mark.process),
        *(pytest.param(size, marks=pytest.mark.promises) for size in (4, 16, 256, 1024)),
    ],
)
@named
def test_a_small_file_system_ends_with_exit_code_5(
    row: Row, kilobytes: int, data: Path, tmp_path: Path
) -> None:
    if not can_mount():
        pytest.skip("allowed: needs the right to mount a file system")
    out = tmp_path / "small" / "out"
    out.parent.mkdir()
    if not row.owns_folder:
        out = out.parent
    line = (
        f"mount -t tmpfs -o size={kilobytes}k none {shlex.quote(str(tmp_path / 'small'))} && "
        f"exec {shlex.join(arguments(row, data, out))}"
    )
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", line],
        capture_output=True, text=True, check=False, timeout=LIMIT_S, cwd=data,
    )  # fmt: skip
    assert_documented(done.returncode, done.stderr)
    assert done.returncode in (0, 5), done.stderr


@pytest.mark.parametrize(
    "tries",
    [
        pytest.param(1, marks=pytest.mark.process),
        pytest.param(4, marks=pytest.mark.promises),
        pytest.param(50, marks=pytest.mark.soak),
    ],
)
@pytest.mark.timeout(7200)
@named
def test_an_output_folder_that_goes_away_is_one_line(
    row: Row, tries: int, data: Path, undisturbed: Callable[[Row], str], tmp_path: Path
) -> None:
    out, chance, expected = tmp_path / "out", random.Random(tries), undisturbed(row)
    for _ in range(tries):
        process = start(row, data, out)
        wait_for_work(process, out, chance)
        shutil.rmtree(out, ignore_errors=True)
        code, said = end_of(process)
        assert_documented(code, said)
        shutil.rmtree(out, ignore_errors=True)
    done = finish(row, data, out)
    assert done.returncode == 0, done.stderr
    assert row.finished is not None and row.finished(out) == expected
