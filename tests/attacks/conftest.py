"""What the attacks read, and what each command gives when nobody disturbs it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from attacked import finish
from command_rows import Row, make_data
from made_once import made_once

from shared.folder_lock import LOCK_NAME
from shared.owned_folder import MARKER_NAME


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_once(tmp_path_factory, "command-rows", make_data)


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, data: Path) -> Callable[[Row], str]:
    """The hash of a row's output when nobody disturbs it."""

    def hashed(row: Row) -> str:
        assert row.finished is not None
        return row.finished(output_of(row, tmp_path_factory, data))

    return hashed


@pytest.fixture(scope="session")
def outputs(tmp_path_factory: pytest.TempPathFactory, data: Path) -> Callable[[Row], list[str]]:
    """The names of all files of a row's output but the lock and the marker."""

    def names(row: Row) -> list[str]:
        out = output_of(row, tmp_path_factory, data)
        found = [str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()]
        return sorted(name for name in found if name not in (LOCK_NAME, MARKER_NAME))

    return names


def output_of(row: Row, tmp_path_factory: pytest.TempPathFactory, data: Path) -> Path:
    def make(folder: Path) -> None:
        done = finish(row, data, folder / "out")
        assert done.returncode == 0, done.stderr

    return made_once(tmp_path_factory, f"undisturbed-{row.case.replace(' ', '-')}", make) / "out"
