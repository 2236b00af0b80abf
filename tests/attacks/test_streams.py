"""A standard stream that is closed, full or read by nobody ends no work."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from attacked import LIMIT_S, arguments
from command_rows import ROWS, Row

pytestmark = pytest.mark.slow

ODD_STREAMS = (
    "2>&1 | head -1",
    ">/dev/full",
    "| head -1",
    "| true",
    "2>&1 | true",
    "2>/dev/full",
    ">/dev/full 2>&1",
    ">&-",
    "2>&-",
    ">&- 2>&- <&-",
)
IN_THE_SUITE = ("2>&1 | head -1", ">/dev/full")


@pytest.mark.parametrize(
    "streams",
    [
        pytest.param(
            each, marks=pytest.mark.process if each in IN_THE_SUITE else pytest.mark.promises
        )
        for each in ODD_STREAMS
    ],
)
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.case)
def test_an_odd_stream_ends_no_work(
    row: Row, streams: str, data: Path, undisturbed: Callable[[Row], str], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    line = f"set -o pipefail; {shlex.join(arguments(row, data, out))} {streams}"
    done = subprocess.run(
        ["bash", "-c", line], capture_output=True, text=True, check=False, timeout=LIMIT_S, cwd=data
    )
    is_full = ">/dev/full" in streams.split() and row.has_product
    assert done.returncode == (5 if is_full else 0), done.stderr
    assert "Traceback" not in done.stderr and "Exception ignored" not in done.stderr
    if is_full and "2>&1" not in streams:
        last = done.stderr.splitlines()[-1]
        assert last.startswith("error: standard output: expected space to write"), done.stderr
    if row.finished is not None:
        assert row.finished(out) == undisturbed(row)
