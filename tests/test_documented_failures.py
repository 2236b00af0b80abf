"""Each failure that the documentation speaks of ends with its code and its line."""

from __future__ import annotations

import re
from contextlib import nullcontext
from pathlib import Path

import pytest
from command_rows import make_data
from commands import call
from documented_failures import FAILURES, Failure
from made_once import made_once

from shared.errors import PoseGanError, exit_codes
from shared.folder_lock import folder_lock


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_once(tmp_path_factory, "command-rows", make_data)


@pytest.mark.process
@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: failure.case)
def test_a_documented_failure_has_its_code_and_its_line(
    failure: Failure, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    for name, text in failure.environment.items():
        monkeypatch.setenv(name, text)
    failure.prepare(data, out)
    words = failure.arguments.format(data=data, out=out).split()
    with folder_lock(out) if failure.is_held else nullcontext():
        done = call(failure.command, *words)
    assert done.exit_code == failure.code, done.stderr
    expected = f"error: {failure.line.format(data=data, out=out)}"
    pattern = ".*".join(map(re.escape, expected.split("…")))
    said = done.stderr.splitlines()[-1]
    assert re.fullmatch(pattern, said), said


def test_every_exit_code_has_a_meaning_and_one_class() -> None:
    owners = PoseGanError.__subclasses__()
    assert len({each.exit_code for each in owners}) == len(owners)
    assert list(exit_codes()) == [0, 1, 2, 3, 4, 5, 6, 70, 75, 130]
    assert all(exit_codes().values())


def test_the_readme_has_the_table_of_the_exit_codes(repository: Path) -> None:
    rows = "".join(f"| {code} | {meaning} |\n" for code, meaning in exit_codes().items())
    _, _, section = (repository / "README.md").read_text().partition("## Exit codes\n")
    table = section[section.index("|") :].partition("\n\n")[0] + "\n"
    assert table == f"| code | meaning |\n|---|---|\n{rows}"
