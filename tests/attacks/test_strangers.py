"""What we did not make is never overwritten, deleted or followed; a refusal changes nothing."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from attacked import finish
from command_rows import ROWS, Row
from commands import call
from odd_values import assert_unchanged, fault_of, noted

from shared.folder_lock import LOCK_NAME, folder_lock

pytestmark = pytest.mark.slow

OWNING = [row for row in ROWS if row.owns_folder and row.finished is not None]


def as_files(names: list[str], out: Path) -> None:
    """Strangers' files with the names of the outputs."""
    for name in names:
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_text(f"the only copy of {name}\n")


def as_links(names: list[str], out: Path) -> None:
    """Links with the names of the outputs that lead to strangers' files."""
    aside = out.parent / "aside"
    for number, name in enumerate(names):
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        aside.mkdir(exist_ok=True)
        (aside / str(number)).write_text(f"the only copy of {number}\n")
        (out / name).symlink_to(aside / str(number))


def as_folders(names: list[str], out: Path) -> None:
    """Folders with the names of the outputs."""
    for name in names:
        (out / name / "within").mkdir(parents=True)


def as_a_lock(_: list[str], out: Path) -> None:
    """A lock that is a link to a stranger's file, beside a stranger's file."""
    (out.parent / "aside").write_text("the only copy\n")
    (out / LOCK_NAME).symlink_to(out.parent / "aside")
    (out / "holiday.png").write_text("the only copy\n")


@pytest.mark.process
@pytest.mark.parametrize("lay", [as_files, as_links, as_folders, as_a_lock])
@pytest.mark.parametrize("row", OWNING, ids=lambda row: row.case)
def test_a_strangers_folder_is_refused_and_stays_as_it_is(
    row: Row,
    lay: Callable[[list[str], Path], None],
    data: Path,
    outputs: Callable[[Row], list[str]],
    tmp_path: Path,
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    lay(outputs(row), out)
    before = noted(tmp_path)
    done = call(row.name, *row.whole(data, out))
    assert done.exit_code == 2, done.stderr
    assert fault_of(done.exit_code, done.stderr, done.exception) is None
    assert_unchanged(tmp_path, before)


@pytest.mark.process
@pytest.mark.parametrize("row", OWNING, ids=lambda row: row.case)
def test_a_folder_that_somebody_works_in_is_left_alone(
    row: Row, data: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    with folder_lock(out):
        done = call(row.name, *row.whole(data, out))
    assert done.exit_code == 4 and f"process {os.getpid()}" in done.stderr, done.stderr
    assert [path.name for path in out.iterdir()] == [LOCK_NAME]
    assert finish(row, data, out).returncode == 0
