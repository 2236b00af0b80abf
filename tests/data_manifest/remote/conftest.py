"""Fixtures of the tests of shards elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from drawn_shards import publish_shards
from web_folders import WebFolder, served


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish_shards(tmp_path_factory.mktemp("elsewhere") / "shards")


@pytest.fixture
def web(shards: Path) -> Iterator[WebFolder]:
    with served(shards) as found:
        yield found
