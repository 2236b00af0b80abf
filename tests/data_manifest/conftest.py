"""Fixtures of the tests of data_manifest."""

from __future__ import annotations

from pathlib import Path

import pytest
from shard_folders import publish_folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A finished shard folder: two train shards, one test shard, tables and manifest."""
    publish_folder(tmp_path / "shards")
    return tmp_path / "shards"
