"""Files among a user's own: what a killed command left half-written goes, nothing else."""

from __future__ import annotations

import os
from pathlib import Path

from shared.files import TEMPORARY_SUFFIX
from shared.owned_files import OwnedFiles

GONE = 2**22 + 1
"""More than any process has as its number."""


def test_leftovers_of_killed_commands_go_and_those_of_others_stay(tmp_path: Path) -> None:
    file = tmp_path / "seen[1].json"
    note = f".{file.name}.posegan.json"
    mine = [f".{name}.{GONE}{TEMPORARY_SUFFIX}" for name in (file.name, note)]
    others = [
        f".{file.name}.{os.getpid()}1x{TEMPORARY_SUFFIX}",
        f".{file.name}.{os.getppid()}{TEMPORARY_SUFFIX}",
        f".other.json.{GONE}{TEMPORARY_SUFFIX}",
    ]
    for name in (*mine, *others):
        (tmp_path / name).write_text("half")
    OwnedFiles([file], "check-reid").publish({file: b"{}"})
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {file.name, note, *others}
