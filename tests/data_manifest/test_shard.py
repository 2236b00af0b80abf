from __future__ import annotations

import dataclasses
import hashlib
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import h5py
import numpy as np
import pytest
from shard_folders import small_arrays

from data_manifest import open_shard, schema
from data_manifest.arrays import ShardArrays
from data_manifest.rules import is_plain_name
from data_manifest.shard import read_shard, shard_bytes
from shared.errors import DamagedError, UsageError


def assert_equal(left: ShardArrays, right: ShardArrays) -> None:
    for name, values in left.as_mapping().items():
        other = getattr(right, name)
        assert values.dtype == other.dtype, name
        np.testing.assert_array_equal(values, other, err_msg=name)


def without_pairs(arrays: ShardArrays) -> ShardArrays:
    names = ("pairs", "pair_order", "transforms", "status")
    return dataclasses.replace(arrays, **{name: getattr(arrays, name)[:0] for name in names})


def changed(arrays: ShardArrays, name: str, place: object, value: object) -> ShardArrays:
    values = getattr(arrays, name).copy()
    values[place] = value
    return dataclasses.replace(arrays, **{name: values})


@pytest.mark.parametrize("size", [(24, 16), (9, 31), (1, 2)])
def test_what_is_written_is_read(tmp_path: Path, size):
    arrays = small_arrays(4, (3, 8, 9), images=5, size=size)
    path = tmp_path / "train-00000.h5"
    path.write_bytes(shard_bytes(arrays, "train"))
    assert_equal(read_shard(path), arrays)


def test_many_chunks_and_a_partial_last_one_are_read(tmp_path: Path):
    arrays = small_arrays(4, (3,), images=40)
    assert len(arrays.pairs) == 1560
    path = tmp_path / "train-00000.h5"
    path.write_bytes(shard_bytes(arrays, "train"))
    assert_equal(read_shard(path), arrays)


def test_a_shard_may_have_no_pairs(tmp_path: Path):
    arrays = without_pairs(small_arrays(1, (4, 5)))
    path = tmp_path / "test-00000.h5"
    path.write_bytes(shard_bytes(arrays, "test"))
    assert_equal(read_shard(path), arrays)
    assert len(open_shard(path)) == 0
    assert len(open_shard(path).pair_table()) == 0


def test_equal_arrays_give_equal_bytes_at_any_time():
    arrays = small_arrays(1, (4, 5))
    first = shard_bytes(arrays, "train")
    time.sleep(1.1)
    strided = {
        name: np.repeat(values, 2, axis=0)[::2] for name, values in arrays.as_mapping().items()
    }
    assert shard_bytes(ShardArrays(**strided), "train") == first


def test_who_keeps_the_frames_of_a_running_program_changes_no_byte():
    """So do profilers, dask's among them: what the writer's frames hold lives on with them."""
    arrays = small_arrays(1, (4, 5), images=6)
    expected, frames = shard_bytes(arrays, "train"), []
    sys.setprofile(lambda frame, *_: frames.append(frame))
    try:
        found = shard_bytes(arrays, "train")
    finally:
        sys.setprofile(None)
    assert len(frames) > 100 and found == expected


def test_threads_build_and_read_shards_at_the_same_time(tmp_path: Path):
    shards = [small_arrays(seed, (4, 5), images=6) for seed in range(8)]
    alone = [shard_bytes(arrays, "train") for arrays in shards]

    def build_and_read(number: int) -> bytes:
        data = shard_bytes(shards[number % 8], "train")
        path = tmp_path / f"train-{number:05d}.h5"
        path.write_bytes(data)
        assert_equal(read_shard(path), shards[number % 8])
        return data

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(build_and_read, range(48))) == alone * 6


def test_every_data_set_has_checksums_and_one_image_is_a_chunk(tmp_path: Path):
    path = tmp_path / "a.h5"
    path.write_bytes(shard_bytes(small_arrays(1, (4, 5)), "train"))
    with h5py.File(path) as file:
        assert sorted(file) == sorted(entry.name for entry in schema.DATASETS)
        assert all(dataset.fletcher32 for dataset in file.values())
        assert file["images"].chunks == (1, 24, 16, 3)
        assert file.attrs["format"] == b"posegan-shard"


BROKEN = [
    ("joints", (0, 3, 0), np.nan, "half a point"),
    ("joints", (0, 3), np.inf, "infinite"),
    ("present", (0, 2), False, "present"),
    ("quads", (0, 0, 0), np.nan, "part of a quad"),
    ("names", 0, b"../evil.jpg", "plain file name"),
    ("names", 0, b"..", "plain file name"),
    ("names", 0, b"", "plain file name"),
    ("names", 0, b"a\nb", "plain file name"),
    ("names", 0, b"\xff\xfe", "plain file name"),
    ("identities", 0, -1, "below 0"),
    ("identities", 0, 99, "two identities"),
    ("cameras", 0, -2, "below -1"),
    ("pairs", (0, 0), -1, "below 0"),
    ("pairs", (0, 0), 6, "no image has"),
    ("pairs", 0, 1, "with itself"),
    ("pair_order", 0, -5, "below 0"),
    ("pair_order", slice(2), 1, "twice"),
    ("transforms", (0, 0, 1, 2), np.nan, "not finite"),
    ("transforms", (0, 0, 1, 2), np.inf, "not finite"),
    ("status", (0, 0), 3, "above 2"),
    ("status", (0, 1), 2, "torso or head"),
]


@pytest.mark.parametrize(("name", "place", "value", "phrase"), BROKEN)
def test_the_writer_refuses_values_that_break_a_rule(name, place, value, phrase):
    arrays = changed(small_arrays(1, (4, 5)), name, place, value)
    with pytest.raises(UsageError, match=phrase):
        shard_bytes(arrays, "train")


def test_the_writer_refuses_one_name_twice():
    arrays = small_arrays(1, (4, 5))
    with pytest.raises(UsageError, match="one name twice"):
        shard_bytes(changed(arrays, "names", 0, arrays.names[1]), "train")


def test_the_writer_refuses_a_part_without_transform_that_samples_inside():
    arrays = small_arrays(1, (4, 5))
    pair, part = np.argwhere(arrays.status == 0)[0]
    with pytest.raises(UsageError, match="samples inside"):
        shard_bytes(changed(arrays, "transforms", (pair, part, 0, 2), 3.0), "train")


def test_the_writer_refuses_an_unknown_split():
    with pytest.raises(UsageError, match="split"):
        shard_bytes(small_arrays(1, (4, 5)), "query")


@pytest.mark.parametrize("name", [entry.name for entry in schema.DATASETS])
def test_arrays_of_another_type_or_shape_are_refused(name: str):
    arrays = small_arrays(1, (4, 5))
    with pytest.raises(UsageError, match=name):
        dataclasses.replace(arrays, **{name: np.zeros(getattr(arrays, name).shape, np.complex64)})
    if name not in {"images", "pairs"}:
        with pytest.raises(UsageError, match=name):
            dataclasses.replace(arrays, **{name: getattr(arrays, name)[1:]})


def test_a_shard_needs_images():
    arrays = small_arrays(1, (4, 5))
    with pytest.raises(UsageError, match="images"):
        dataclasses.replace(arrays, images=arrays.images[:0])


def test_a_wrong_hash_is_refused(folder: Path):
    path = folder / "train-00000.h5"
    right = hashlib.sha256(path.read_bytes()).hexdigest()
    assert len(read_shard(path, right).images) == 6
    with pytest.raises(DamagedError, match="another hash"):
        read_shard(path, right[::-1])


def test_a_shard_under_the_name_of_another_is_refused(folder: Path):
    (folder / "train-00000.h5").write_bytes((folder / "train-00001.h5").read_bytes())
    with pytest.raises(DamagedError, match="another hash"):
        open_shard(folder / "train-00000.h5")


def test_a_shard_that_the_manifest_does_not_list_is_refused(folder: Path):
    (folder / "train-00002.h5").write_bytes((folder / "train-00001.h5").read_bytes())
    with pytest.raises(DamagedError, match="does not list"):
        open_shard(folder / "train-00002.h5")


def test_a_missing_shard_is_the_users_mistake(tmp_path: Path):
    with pytest.raises(UsageError, match="no such file"):
        open_shard(tmp_path / "train-00000.h5")
    with pytest.raises(UsageError, match="no such file"):
        read_shard(tmp_path)


@pytest.mark.parametrize("content", [b"", b"\x89HDF\r\n\x1a\n", b"x" * 5000])
def test_what_is_no_hdf5_file_is_refused(tmp_path: Path, content: bytes):
    path = tmp_path / "train-00000.h5"
    path.write_bytes(content)
    with pytest.raises(DamagedError, match=r"train-00000\.h5"):
        read_shard(path)


def test_an_open_shard_gives_its_arrays_one_by_one(folder: Path):
    with open_shard(str(folder / "train-00001.h5")) as shard:
        assert (shard.split, shard.number, shard.image_size) == ("train", 1, (24, 16))
        assert (shard.num_images, len(shard)) == (6, 12)
        assert shard.images.shape == (6, 24, 16, 3) and shard.present.dtype == np.bool_
        assert shard.images is shard.images


def test_arrays_that_were_read_outlive_the_file(folder: Path):
    with open_shard(folder / "train-00000.h5") as shard:
        pairs = shard.pairs
    np.testing.assert_array_equal(shard.pairs, pairs)


def test_a_shard_has_no_other_attributes(folder: Path):
    with (
        open_shard(folder / "train-00000.h5") as shard,
        pytest.raises(AttributeError, match="poses"),
    ):
        _ = shard.poses


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("0002_c1s1_000451_03.jpg", True),
        ("ä ö.jpg", True),
        ("a/b", False),
        ("a\\b", False),
        (".", False),
    ],
)
def test_plain_names(name: str, plain: bool):
    assert is_plain_name(name.encode()) is plain
