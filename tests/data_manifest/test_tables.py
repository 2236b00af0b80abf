from __future__ import annotations

import dataclasses
import errno
import hashlib
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from disks import FailingDisk
from poses import standing_pose
from shard_folders import image_table, small_arrays, small_shards

from data_manifest import schema, tables
from data_manifest.manifest import open_manifest, publish_manifest
from shared.errors import DamagedError, NoSpaceError, UsageError
from shared.skeleton import JOINT


def test_pair_rows_say_what_the_shard_says():
    arrays = small_arrays(5, (3, 8), images=4)
    table = tables.pair_table(arrays, 6)
    assert list(table.columns) == [*(c.name for c in schema.PAIR_COLUMNS), "order"]
    for row in table.itertuples(index=False):
        source, target = arrays.pairs[row.pair_row]
        assert (row.row_from, row.row_to) == (source, target)
        assert row[0].encode() == arrays.names[source]
        assert row.to.encode() == arrays.names[target]
        assert row.identity == arrays.identities[target]
        assert (row.camera_from, row.camera_to) == (arrays.cameras[source], arrays.cameras[target])
        status = arrays.status[row.pair_row].tolist()
        assert (row.parts_direct, row.parts_mirrored) == (status.count(1), status.count(2))
        assert (row.shard, row.order) == (6, arrays.pair_order[row.pair_row])


def test_pair_tables_have_the_types_of_the_schema(tmp_path: Path):
    table = tables.pair_table(small_arrays(5, (3, 8)), 0)
    for column in schema.PAIR_COLUMNS:
        assert table[column.name].dtype == pd.Series([], dtype=column.dtype).dtype, column.name
    tables.publish_pairs(tmp_path, "train", table)
    read = tables.read((tmp_path / "pairs-train.csv").read_bytes(), schema.PAIR_COLUMNS)
    pd.testing.assert_frame_equal(read, table.drop(columns="order"))


def test_an_empty_pair_table_keeps_its_types(tmp_path: Path):
    table = tables.pair_table(small_arrays(5, (3, 8)), 0)[:0]
    tables.publish_pairs(tmp_path, "test", table)
    read = tables.read((tmp_path / "pairs-test.csv").read_bytes(), schema.PAIR_COLUMNS)
    assert read.dtypes.equals(table.drop(columns="order").dtypes)


def test_image_tables_are_read_as_they_were_written(tmp_path: Path):
    table = image_table(small_shards())
    tables.publish_images(tmp_path, table)
    read = tables.read((tmp_path / "images.csv").read_bytes(), schema.IMAGE_COLUMNS)
    typed = table.astype({column.name: column.dtype for column in schema.IMAGE_COLUMNS})
    pd.testing.assert_frame_equal(read, typed, rtol=1e-5)


@pytest.mark.parametrize("name", ["NA", "nan", "None", "", 'a,"b".jpg', "ä.jpg", " x ", "007"])
def test_names_are_kept_letter_by_letter(tmp_path: Path, name: str):
    table = image_table(small_shards()[2:])
    table.loc[0, "name"] = name
    tables.publish_images(tmp_path, table)
    read = tables.read((tmp_path / "images.csv").read_bytes(), schema.IMAGE_COLUMNS)
    assert read.loc[0, "name"] == name


def test_equal_tables_give_equal_files(tmp_path: Path):
    table = image_table(small_shards())
    hashes = {
        tables.publish_images(tmp_path, table),
        tables.publish_images(tmp_path, table[table.columns[::-1]]),
        tables.publish_images(tmp_path, table.set_index(np.arange(len(table))[::-1])),
    }
    assert len(hashes) == 1
    assert b"\r" not in (tmp_path / "images.csv").read_bytes()


def test_missing_and_unknown_columns_are_refused(tmp_path: Path):
    pairs = tables.pair_table(small_arrays(5, (3, 8)), 0)
    with pytest.raises(UsageError, match="camera_to missing or unknown"):
        tables.publish_pairs(tmp_path, "train", pairs.drop(columns="camera_to"))
    with pytest.raises(UsageError, match="weather missing or unknown"):
        tables.publish_pairs(tmp_path, "train", pairs.assign(weather="rain"))


def test_values_of_another_type_are_refused(tmp_path: Path):
    pairs = tables.pair_table(small_arrays(5, (3, 8)), 0)
    with pytest.raises(UsageError, match="values of the columns' types"):
        tables.publish_pairs(tmp_path, "train", pairs.assign(identity="somebody"))


@pytest.mark.parametrize("text", [b"", b"a,b\n1,2\n", b"\xff\xfe", b"from,to\nx,y\n"])
def test_what_is_no_such_table_is_refused(text: bytes):
    with pytest.raises(DamagedError):
        tables.read(text, schema.PAIR_COLUMNS)


def test_a_failing_disk_leaves_the_old_table(tmp_path: Path):
    pairs = tables.pair_table(small_arrays(5, (3, 8)), 0)
    tables.publish_pairs(tmp_path, "train", pairs)
    before = (tmp_path / "pairs-train.csv").read_bytes()
    for call in range(4):
        with pytest.raises(NoSpaceError, match="pairs-train"):
            tables.publish_pairs(tmp_path, "train", pairs[::-1], FailingDisk(call, errno.ENOSPC))
        assert (tmp_path / "pairs-train.csv").read_bytes() == before


def pose_change(source: np.ndarray, target: np.ndarray) -> float:
    arrays = small_arrays(5, (3,), images=2)
    joints = np.stack([source, target]).astype(np.float32)
    fields = {**arrays.as_mapping(), "joints": joints, "present": np.isfinite(joints).all(-1)}
    table = tables.pair_table(type(arrays)(**fields), 0, measured=True)
    both = table.set_index("row_from")["pose_change"]
    assert both[0] == pytest.approx(both[1], abs=1e-6)
    return float(both[0])


def test_convention_a_pose_that_is_moved_and_enlarged_has_not_changed():
    pose = standing_pose()
    assert pose_change(pose, pose * 1.7 + [5, -9]) == pytest.approx(0, abs=1e-5)


def test_convention_a_pose_change_is_in_torso_lengths_over_common_joints():
    pose, raised = standing_pose(), standing_pose()
    raised[:, 1] += np.where(np.arange(18) == JOINT["RWri"], -72.0, 0)
    missing = raised.copy()
    missing[JOINT["nose"]] = np.nan
    torso = np.hypot(4, 36)
    shares = np.full(18, 72 / 18)
    shares[JOINT["RWri"]] -= 72
    assert pose_change(pose, raised) == pytest.approx(np.abs(shares).mean() / torso, rel=1e-5)
    assert pose_change(pose, missing) == pytest.approx(2 * 72 * 16 / 17 / 17 / torso, rel=1e-5)


def test_a_pair_counts_its_transforms_that_are_of_no_use():
    arrays = small_arrays(5, (3, 8))
    table = tables.pair_table(arrays, 0, measured=True)
    for row in table.itertuples():
        useless = 0
        pair = zip(arrays.transforms[row.pair_row], arrays.status[row.pair_row], strict=True)
        for transform, status in pair:
            large, small = np.linalg.svd(transform[:, :2].astype(float), compute_uv=False)
            useless += bool(status) and (large > 4 * small or large * small < 0.15)
        assert row.parts_degenerate == useless
    assert table["parts_degenerate"].dtype == np.int8
    assert table["parts_degenerate"].max() > 0


@pytest.mark.timeout(30)
def test_a_table_of_a_million_columns_is_refused_by_its_head_alone(folder: Path) -> None:
    """Signed anew, so that only the head can tell; parsing it took 20 s."""
    heads = ",".join(f"c{number}" for number in range(1_000_000))
    for text in (f"{heads}\n{'1,' * 999_999}1\n", "x" * 10_000_000, "," * 1_000_000):
        data = text.encode()
        (folder / "images.csv").write_bytes(data)
        sha256 = hashlib.sha256(data).hexdigest()
        manifest = open_manifest(folder)
        files = {**manifest.files, "images.csv": sha256}
        publish_manifest(folder, dataclasses.replace(manifest, files=files))
        begin = time.process_time()
        with pytest.raises(DamagedError, match="expected its columns, found the head") as refused:
            tables.load_images(folder)
        assert len(refused.value.message) < 400
        assert time.process_time() - begin < 2
