"""Fixtures of the tests of augmented folders."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_rows import make_data
from made_once import made_once

from train.augment import plan


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_once(tmp_path_factory, "command-rows", make_data)


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "BLOCK_PICTURES", 5)
