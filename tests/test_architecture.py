"""The rooms: who may import whom, how long a file may be."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PACKAGES = ("shared", "data_manifest", "preprocess", "train")
MAX_LINES = 300

@pytest.mark.process
def test_import_contracts_hold(repository: Path) -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_files_are_short(repository: Path) -> None:
    long = {
        str(path.relative_to(repository)): count
        for package in PACKAGES
        for path in sorted((repository / package).rglob("*.py"))
        if (count := len(path.read_text().splitlines())) > MAX_LINES
    }
    assert not long, f"files over {MAX_LINES} lines: {long}"
