from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from shard_folders import image_table, publish_folder, small_arrays, small_shards

from data_manifest import tables
from data_manifest.arrays import ShardArrays
from data_manifest.manifest import open_manifest, publish_manifest
from data_manifest.validate import findings


def phrases(folder: Path) -> dict[str, int]:
    return {f"{finding.where}: {finding.what}": finding.exit_code for finding in findings(folder)}


def only(folder: Path, phrase: str, code: int) -> None:
    found = phrases(folder)
    assert any(phrase in line for line in found), found
    assert max(found.values()) == code, found


def test_a_finished_folder_has_no_findings(folder: Path):
    seen = []
    assert findings(folder, lambda: seen.append(1)) == []
    assert len(seen) == 3


def test_a_folder_without_manifest_is_one_finding(tmp_path: Path):
    only(tmp_path, "run prep-market to its end", 2)


def test_a_damaged_manifest_is_one_finding(folder: Path):
    (folder / "manifest.json").write_text("{")
    only(folder, "manifest.json", 6)


def test_a_flipped_bit_is_found(folder: Path):
    path = folder / "train-00001.h5"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 4
    path.write_bytes(data)
    only(folder, "train-00001.h5: not the hash", 6)


def test_truncation_is_told_by_size(folder: Path):
    path = folder / "train-00001.h5"
    path.write_bytes(path.read_bytes()[:-10])
    only(folder, "bytes and not", 6)


def test_a_missing_shard_is_found_and_the_others_are_still_checked(folder: Path):
    (folder / "train-00000.h5").unlink()
    (folder / "test-00000.h5").write_bytes(b"")
    found = phrases(folder)
    assert "train-00000.h5: listed in the manifest and not there" in found
    assert any(line.startswith("test-00000.h5: 0 bytes") for line in found)
    assert not any(line.startswith("train-00001.h5") for line in found)


def test_strange_files_are_found(folder: Path):
    (folder / "train-00009.h5").write_bytes(b"")
    (folder / "notes.csv").write_bytes(b"")
    assert set(phrases(folder)) == {
        "train-00009.h5: a file that the manifest does not list",
        "notes.csv: a file that the manifest does not list",
    }


def test_a_shard_of_another_split_is_found(folder: Path):
    manifest = open_manifest(folder)
    train, test = manifest.shards[0], manifest.shards[2]
    (folder / train.file).write_bytes((folder / test.file).read_bytes())
    fake = dataclasses.replace(train, num_bytes=test.num_bytes, sha256=test.sha256)
    publish_manifest(folder, dataclasses.replace(manifest, shards=(fake, *manifest.shards[1:])))
    only(folder, "a shard of the split test", 6)


@pytest.mark.parametrize(
    ("change", "phrase"),
    [
        ({"num_images": 5}, "counts"),
        ({"num_pairs": 13}, "counts"),
        ({"identities": (2, 8)}, "identities"),
    ],
)
def test_figures_of_the_manifest_that_do_not_fit_are_found(folder: Path, change, phrase: str):
    manifest = open_manifest(folder)
    first = dataclasses.replace(manifest.shards[0], **change)
    publish_manifest(folder, dataclasses.replace(manifest, shards=(first, *manifest.shards[1:])))
    only(folder, f"not the {phrase} that the manifest lists", 1)


def test_another_image_size_is_found(folder: Path):
    publish_manifest(folder, dataclasses.replace(open_manifest(folder), image_size=(16, 24)))
    only(folder, "not the image size", 1)


def spoilt(name: str) -> ShardArrays:
    arrays = small_shards()[1][1]
    values = getattr(arrays, name).copy()
    if name == "quads":
        values[2, 0] += 1
    if name == "transforms":
        values[3, 0, 0, 2] += 5
    if name == "status":
        pair, limb = np.argwhere(values[:, 2:] == 1)[0]
        values[pair, 2 + limb] = 2
    return dataclasses.replace(arrays, **{name: values})


@pytest.mark.parametrize("name", ["quads", "transforms", "status"])
def test_geometry_that_does_not_follow_from_the_joints_is_found(tmp_path: Path, name: str):
    shards = small_shards()
    publish_folder(tmp_path, [shards[0], ("train", spoilt(name)), shards[2]])
    only(tmp_path, f"train-00001.h5: {name}: not th", 1)


def test_an_image_without_torso_is_found(tmp_path: Path):
    shards = small_shards()
    arrays = shards[1][1]
    joints, known = arrays.joints.copy(), arrays.present.copy()
    joints[0, 8], known[0, 8] = np.nan, False
    broken = dataclasses.replace(arrays, joints=joints, present=known)
    publish_folder(tmp_path, [shards[0], ("train", broken), shards[2]])
    only(tmp_path, "without hips and shoulders", 1)


def test_an_identity_in_two_shards_is_found(tmp_path: Path):
    first = small_arrays(1, (2, 7))
    second = small_arrays(2, (7, 11), first_pair=len(first.pairs))
    publish_folder(tmp_path, [("train", first), ("train", second)])
    only(tmp_path, "train-00001.h5: identity 7 also in train-00000.h5", 1)


def test_the_same_identity_may_be_in_both_splits(tmp_path: Path):
    publish_folder(tmp_path, [("train", small_arrays(1, (2,))), ("test", small_arrays(2, (2,)))])
    assert findings(tmp_path) == []


def test_an_image_in_two_shards_is_found(tmp_path: Path):
    first = small_arrays(1, (2, 7))
    second = small_arrays(2, (9, 11), first_pair=len(first.pairs))
    names = second.names.copy()
    names[0] = first.names[0]
    publish_folder(
        tmp_path, [("train", first), ("train", dataclasses.replace(second, names=names))]
    )
    only(tmp_path, "train: an image in two shards", 1)


def test_a_gap_in_the_order_of_pairs_is_found(tmp_path: Path):
    first = small_arrays(1, (2, 7))
    second = small_arrays(2, (9, 11), first_pair=len(first.pairs) + 1)
    publish_folder(tmp_path, [("train", first), ("train", second)])
    only(tmp_path, "train: pair_order", 1)


def test_an_edited_table_is_found(folder: Path):
    path = folder / "images.csv"
    path.write_text(path.read_text() + "\n")
    only(folder, "images.csv", 6)


def republish(folder: Path, **files: str) -> None:
    manifest = open_manifest(folder)
    renamed = {name.replace("_csv", ".csv").replace("_", "-"): sha for name, sha in files.items()}
    publish_manifest(folder, dataclasses.replace(manifest, files={**manifest.files, **renamed}))


def test_a_table_of_pairs_in_another_order_is_found(folder: Path):
    parts = [tables.pair_table(arrays, k) for k, (_, arrays) in enumerate(small_shards()[:2])]
    listed = pd.concat(parts).sort_values("order")[::-1]
    republish(folder, pairs_train_csv=tables.publish_pairs(folder, "train", listed))
    only(folder, "pairs-train.csv: not the pairs of the shards", 1)


@pytest.mark.parametrize("column", ["name", "row", "joints_present", "shard"])
def test_a_table_of_images_that_does_not_fit_is_found(folder: Path, column: str):
    images = image_table(small_shards())
    images.loc[2, column] = {"name": "x.jpg", "shard": 1}.get(column, 17)
    republish(folder, images_csv=tables.publish_images(folder, images))
    only(folder, "images.csv: not the images of the shards", 1)


def test_an_image_missing_in_the_table_is_found(folder: Path):
    images = image_table(small_shards())
    republish(folder, images_csv=tables.publish_images(folder, images.drop(index=3)))
    only(folder, "images.csv: not the images of the shards", 1)
