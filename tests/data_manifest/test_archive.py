"""Promise: data of every released format version stays readable."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from data_manifest import load_images, load_pairs, open_shard, schema
from data_manifest.manifest import open_manifest
from data_manifest.shard import read_shard, shard_bytes
from data_manifest.validate import findings

ARCHIVE = Path(__file__).parent / "archive"
VERSIONS = sorted(path for path in ARCHIVE.glob("v*") if path.is_dir())


@pytest.fixture
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_archive", ARCHIVE / "make_archive.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_version_has_an_archive():
    assert [path.name for path in VERSIONS] == [f"v{i}" for i in range(1, schema.VERSION + 1)]


@pytest.mark.parametrize("folder", VERSIONS, ids=lambda path: path.name)
def test_archived_shards_are_read_value_by_value(folder: Path, script: ModuleType):
    expected = json.loads((folder / "expected.json").read_text())
    manifest = open_manifest(folder)
    assert {entry.file for entry in manifest.shards} == set(expected)
    for entry in manifest.shards:
        arrays = read_shard(folder / entry.file, entry.sha256).as_mapping()
        for name, wanted in expected[entry.file].items():
            assert script.digest(arrays[name]) == wanted, (entry.file, name)


@pytest.mark.parametrize("folder", VERSIONS, ids=lambda path: path.name)
def test_an_archive_keeps_every_promise(folder: Path):
    assert findings(folder) == []


@pytest.mark.parametrize("folder", VERSIONS, ids=lambda path: path.name)
def test_archived_tables_are_read(folder: Path):
    assert len(load_pairs(folder)) == 24
    assert len(load_pairs(folder, "test")) == 12
    assert len(load_images(folder)) == 17
    assert len(open_shard(folder / "train-00000.h5").pair_table()) == 12


def test_the_present_writer_still_writes_the_bytes_of_its_version():
    folder = ARCHIVE / f"v{schema.VERSION}"
    for entry in open_manifest(folder).shards:
        arrays = read_shard(folder / entry.file)
        assert len(shard_bytes(arrays, entry.split)) == entry.num_bytes


@pytest.mark.process
def test_an_archive_is_never_made_anew():
    done = subprocess.run(
        [sys.executable, str(ARCHIVE / "make_archive.py")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "never made anew" in done.stderr
