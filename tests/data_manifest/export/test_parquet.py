"""The tables of a shard folder as parquet files."""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd
import pytest
from commands import call
from small_market import hashes, make_market, prepare

from data_manifest.manifest import open_manifest
from data_manifest.shard import open_shard
from data_manifest.tables import load_images, load_pairs


@pytest.fixture
def shards(tmp_path: Path) -> Path:
    market = make_market(tmp_path / "source", identities=4)
    return prepare(market, tmp_path / "shards", shards={"num_test_pairs": 20})


def exported(shards: Path, out: Path) -> Path:
    done = call("export-pairs", shards, "--format", "parquet", "--out", out)
    assert done.exit_code == 0, done.stderr
    return out


@pytest.mark.parametrize("split", ["train", "test"])
def test_pairs_are_those_of_the_csv_and_of_the_shards(
    split: str, shards: Path, tmp_path: Path
) -> None:
    out = exported(shards, tmp_path / "out")
    found = pd.read_parquet(out / f"pairs-{split}")
    expected = load_pairs(shards, split)
    in_order = found.sort_values("order", ignore_index=True)
    pd.testing.assert_frame_equal(in_order[list(expected)], expected)
    entries = open_manifest(shards).of_split(split)
    measured = pd.concat([open_shard(shards / entry.file).pair_table() for entry in entries])
    pd.testing.assert_frame_equal(found, measured.reset_index(drop=True))
    assert len(list((out / f"pairs-{split}").iterdir())) == len(entries) > 1


def test_images_are_those_of_the_csv(shards: Path, tmp_path: Path) -> None:
    out = exported(shards, tmp_path / "out")
    pd.testing.assert_frame_equal(pd.read_parquet(out / "images.parquet"), load_images(shards))


def test_a_file_that_is_missing_is_written_again_and_equal(shards: Path, tmp_path: Path) -> None:
    out = exported(shards, tmp_path / "out")
    before = hashes(out, "**/*.parquet")
    next((out / "pairs-train").iterdir()).unlink()
    (out / "export.json").unlink()
    call("export-pairs", shards, "--format", "parquet", "--out", out, "--overwrite")
    assert hashes(out, "**/*.parquet") == before


@pytest.mark.parametrize("given", [("--originals", "{source}"), ("--whole-pixels",)])
def test_options_of_other_forms_are_refused(
    given: tuple[str, ...], shards: Path, tmp_path: Path
) -> None:
    more = [each.format(source=tmp_path / "source") for each in given]
    done = call("export-pairs", shards, "--format", "parquet", "--out", tmp_path / "out", *more)
    assert done.exit_code == 2
    assert f"{given[0]}: expected a form with" in done.stderr
    assert not (tmp_path / "out").exists()


def test_without_the_library_one_line_says_how_to_get_it(
    shards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    done = call("export-pairs", shards, "--format", "parquet", "--out", tmp_path / "out")
    assert done.exit_code == 2
    assert "pip install 'posegan[parquet]'" in done.stderr.strip().splitlines()[-1]
    assert not (tmp_path / "out").exists()
