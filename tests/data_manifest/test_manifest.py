from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from shard_folders import publish_folder

from data_manifest import load_images, load_pairs, schema
from data_manifest.manifest import (
    MANIFEST_FILE,
    Manifest,
    ShardEntry,
    _own_hash,
    listed_sha256,
    open_manifest,
    publish_manifest,
    require_shards,
)
from shared.errors import DamagedError, UsageError


def entry(file: str = "train-00000.h5", split: str = "train", **changes: object) -> ShardEntry:
    plain = {
        "num_bytes": 10_000,
        "sha256": "0" * 64,
        "num_images": 2,
        "num_pairs": 2,
        "identities": (3,),
    }
    return ShardEntry(file=file, split=split, **{**plain, **changes})


def manifest(*shards: ShardEntry) -> Manifest:
    return Manifest(image_size=(24, 16), shards=shards, settings={}, versions={}, files={})


def rewrite(folder: Path, **changes: object) -> None:
    """Change a manifest and give it the hash that fits."""
    path = folder / MANIFEST_FILE
    plain = {**json.loads(path.read_text()), **changes}
    del plain["sha256"]
    path.write_text(json.dumps({**plain, "sha256": _own_hash(plain)}))


def test_what_is_published_is_opened(tmp_path: Path):
    written = publish_folder(tmp_path)
    assert open_manifest(tmp_path) == written
    assert open_manifest(str(tmp_path)) == written


def test_counts_are_sums_over_the_shards_of_a_split(folder: Path):
    found = open_manifest(folder)
    assert (found.num_images("train"), found.num_pairs("train")) == (12, 24)
    assert (found.num_images("test"), found.num_pairs("test")) == (4, 12)
    assert found.num_bytes == sum(path.stat().st_size for path in folder.glob("*.h5"))
    assert [shard.number for shard in found.of_split("train")] == [0, 1]


def test_settings_with_dashes_and_dots_keep_their_names(tmp_path: Path):
    settings = {"pose-size": [256, 128], "a.b": {"c-d": None}}
    publish_manifest(tmp_path, dataclasses.replace(manifest(), settings=settings))
    assert open_manifest(tmp_path).settings == settings


def test_a_folder_without_manifest_names_the_remedy(tmp_path: Path):
    with pytest.raises(UsageError, match="run prep-market to its end"):
        open_manifest(tmp_path)
    with pytest.raises(UsageError, match="run prep-market to its end"):
        load_pairs(tmp_path)


def test_a_torn_manifest_is_refused_wherever_it_is_torn(folder: Path):
    path = folder / MANIFEST_FILE
    whole = path.read_bytes()
    for length in range(0, len(whole) - 1, 37):
        path.write_bytes(whole[:length])
        with pytest.raises(DamagedError):
            open_manifest(folder)


def test_a_changed_figure_is_noticed(folder: Path):
    path = folder / MANIFEST_FILE
    path.write_text(path.read_text().replace('"num_pairs": 12', '"num_pairs": 13', 1))
    with pytest.raises(DamagedError, match="another hash"):
        open_manifest(folder)


def test_a_later_version_is_refused(folder: Path):
    rewrite(folder, version=2)
    with pytest.raises(UsageError, match="version 2"):
        open_manifest(folder)


@pytest.mark.parametrize(
    "changes",
    [
        {"image_size": [24]},
        {"image_size": None},
        {"shards": 3},
        {"shards": [{"file": "train-00000.h5"}]},
        {"settings": 1},
        {"files": None},
        {"format": "other"},
    ],
)
def test_a_manifest_of_another_form_is_refused(folder: Path, changes: dict[str, object]):
    rewrite(folder, **changes)
    with pytest.raises(DamagedError):
        open_manifest(folder)


@pytest.mark.parametrize(
    "changes",
    [
        {"file": "test-00000.h5"},
        {"file": "train-00000.h5/x"},
        {"split": "query"},
        {"sha256": "0" * 63},
        {"num_bytes": 0},
        {"num_images": 0},
        {"num_pairs": -1},
    ],
)
def test_an_entry_is_checked(changes: dict[str, object]):
    with pytest.raises(UsageError, match="entry for a shard"):
        entry(**changes)


@pytest.mark.parametrize("count", ["num_pairs", "num_images"])
@pytest.mark.parametrize("value", [5_000, 10**12, 10**30])
def test_counts_that_do_not_fit_into_the_shard_are_damage(folder: Path, count: str, value: int):
    shards = json.loads((folder / MANIFEST_FILE).read_text())["shards"]
    rewrite(folder, shards=[{**shards[0], count: value}, *shards[1:]])
    with pytest.raises(DamagedError, match=r"train-00000\.h5: expected counts that fit into"):
        open_manifest(folder)


def test_the_largest_counts_that_fit_are_those_of_the_shard_itself(folder: Path):
    for shard in open_manifest(folder).shards:
        rows = (shard.num_images, "n"), (shard.num_pairs, "m")
        needed = sum(count * schema.row_bytes(symbol, (24, 16)) for count, symbol in rows)
        assert 0 < needed < shard.num_bytes


def test_a_shard_of_another_size_than_listed_is_damage_before_it_is_read(folder: Path):
    shards = open_manifest(folder).shards
    require_shards(folder, shards)
    forged = dataclasses.replace(shards[0], num_bytes=10**16, num_pairs=10**12)
    with pytest.raises(DamagedError, match=r"train-00000\.h5: expected a shard of 10,000,000,0"):
        require_shards(folder, [forged])
    (folder / shards[1].file).unlink()
    with pytest.raises(DamagedError, match=r"train-00001\.h5.*no such file"):
        require_shards(folder, shards)


@pytest.mark.parametrize(
    "files", [["train-00001.h5"], ["train-00001.h5", "train-00000.h5"], ["train-00000.h5"] * 2]
)
def test_shards_are_listed_in_order_and_once(files: list[str]):
    with pytest.raises(UsageError, match="shards in order"):
        manifest(*(entry(file) for file in files))


def test_the_hash_of_a_shard_is_asked_of_the_manifest_beside_it(folder: Path, tmp_path: Path):
    assert (
        listed_sha256(folder / "test-00000.h5") == open_manifest(folder).of_split("test")[0].sha256
    )
    assert listed_sha256(tmp_path / "test-00000.h5") is None
    with pytest.raises(DamagedError, match="does not list"):
        listed_sha256(folder / "test-00001.h5")


def test_pairs_come_in_the_order_of_the_list(folder: Path):
    pairs = load_pairs(folder)
    assert list(pairs.columns) == [column.name for column in schema.PAIR_COLUMNS]
    assert len(pairs) == 24
    assert set(pairs["identity"]) == {2, 7, 9, 11}
    assert len(load_pairs(folder, "test")) == 12


def test_images_that_are_in_no_shard_are_listed_too(folder: Path):
    images = load_images(folder)
    assert len(images) == 17
    stranger = images[images["status"] != "valid"].iloc[0]
    assert stranger["name"] == "NA"
    assert stranger[["shard", "identity", "person_score"]].isna().all()


def test_an_unknown_split_is_refused(folder: Path):
    with pytest.raises(UsageError, match="train or test"):
        load_pairs(folder, "query")


def test_a_table_that_was_edited_is_refused(folder: Path):
    path = folder / "pairs-train.csv"
    path.write_text(path.read_text().replace("0002_", "0003_", 1))
    with pytest.raises(DamagedError, match="work on a copy"):
        load_pairs(folder)
    path.unlink()
    with pytest.raises(DamagedError, match="none"):
        load_pairs(folder)


@pytest.mark.process
def test_the_package_imports_no_more_than_what_is_asked_for():
    code = (
        "import sys, data_manifest, data_manifest.manifest\n"
        "assert not {'pandas', 'h5py', 'torch'} & set(sys.modules)\n"
        "from data_manifest import load_pairs\n"
        "assert not {'h5py', 'torch'} & set(sys.modules)\n"
        "from data_manifest import open_shard, load_images\n"
        "assert 'torch' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_package_has_no_other_lazy_names():
    import data_manifest

    with pytest.raises(AttributeError, match="nonsense"):
        _ = data_manifest.nonsense


@pytest.mark.long
def test_reading_all_pairs_of_market_takes_a_fraction_of_a_second(tmp_path: Path):
    """No assertion on time: it loads as many rows as Market-1501 has and counts them."""
    import pandas as pd

    from data_manifest import tables

    count = 263_632
    rows = np.arange(count, dtype=np.int32)
    names = np.array([f"{i:04d}_c1s1_000451_03.jpg" for i in range(751)], object)[rows % 751]
    pairs = pd.DataFrame(
        {column.name: rows % 100 for column in schema.PAIR_COLUMNS} | {"from": names, "to": names}
    )
    files = {"pairs-train.csv": tables.publish_pairs(tmp_path, "train", pairs)}
    publish_manifest(tmp_path, dataclasses.replace(manifest(), files=files))
    found = load_pairs(tmp_path)
    assert len(found) == count
    assert found["row_to"].dtype == np.int32
