from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from pages_read import assert_whole
from shard_folders import publish_folder, small_arrays

from data_manifest.inspection.census import take_census
from data_manifest.inspection.page import publish_page
from data_manifest.inspection.suspicion import IMAGE_RULES, PAIR_RULES
from data_manifest.manifest import open_manifest
from shared.console import Console
from shared.errors import UsageError
from shared.skeleton import JOINT

QUIET = Console(quiet=True)


def test_a_page_holds_everybody_and_reaches_for_nothing(folder: Path, tmp_path: Path):
    file = tmp_path / "shards.html"
    publish_page(folder, file, 3, QUIET)
    read = assert_whole(file.read_bytes())
    people = {each for entry in open_manifest(folder).shards for each in entry.identities}
    rows = {each for each in read.ids() if each.startswith("person-")}
    assert {int(row.rpartition("-")[2]) for row in rows} == people
    assert any(tag == "image" for tag, _ in read.elements)


def test_equal_folders_make_equal_pages_and_a_page_is_replaced(folder: Path, tmp_path: Path):
    file = tmp_path / "shards.html"
    publish_page(folder, file, 2, QUIET)
    first = file.read_bytes()
    publish_page(folder, file, 2, QUIET)
    assert file.read_bytes() == first
    publish_page(folder, file, 1, QUIET)
    assert file.read_bytes() != first


def test_a_strangers_file_is_left_alone(folder: Path, tmp_path: Path):
    file = tmp_path / "shards.html"
    file.write_text("the only copy")
    with pytest.raises(UsageError, match="choose another name"):
        publish_page(folder, file, 2, QUIET)
    assert file.read_text() == "the only copy"


def test_hostile_names_are_text(tmp_path: Path):
    arrays = small_arrays(1, (2, 7))
    names = [f"<script>{row}&amp;\"'.jpg".encode() for row in range(len(arrays.names))]
    publish_folder(tmp_path / "s", [("train", dataclasses.replace(arrays, names=np.array(names)))])
    publish_page(tmp_path / "s", tmp_path / "a.html", 6, QUIET)
    read = assert_whole((tmp_path / "a.html").read_bytes())
    assert "<script>0&amp;\"'.jpg" in read.text


def test_each_rule_strikes_what_it_says():
    arrays = small_arrays(3, (2,), images=4, size=(128, 64))
    joints = np.full((4, 18, 2), 30, np.float32)
    for image in range(4):  # seen from the front, a torso of 40 px
        for name, point in {
            "RSho": (20, 30),
            "LSho": (44, 30),
            "RHip": (22, 70),
            "LHip": (42, 70),
        }.items():
            joints[image, JOINT[name]] = point
    joints[1, JOINT["nose"]] = (70, 10)
    joints[2, [JOINT["RHip"], JOINT["LHip"]]] = [(42, 10), (22, 10)]
    joints[3, :, 1] = 30 + (joints[3, :, 1] - 30) / 4
    arrays = dataclasses.replace(
        arrays,
        joints=joints,
        person_scores=np.array([0.9, np.nan, 0.2, 0.9], np.float32),
        people=np.array([1, 2, 2, 2], np.int16),
        margins=np.array([0.01, 0.5, np.nan, 0.02], np.float32),
    )
    struck = {
        key: np.flatnonzero(rule.severity(arrays)).tolist() for key, rule in IMAGE_RULES.items()
    }
    assert struck == {
        "outside": [1],
        "upside-down": [2],
        "twisted": [2],
        "tiny-torso": [3],
        "unsure": [2],
        "equal-people": [3],
    }
    scales = PAIR_RULES["scale-change"].severity(arrays)
    with_small = (arrays.pairs == 3).any(axis=1)
    assert (scales[with_small] == pytest.approx(4, rel=0.1)) or (scales[with_small] > 1.6).all()


def test_identical_pictures_of_different_people_are_found(tmp_path: Path):
    train, test = small_arrays(1, (2,)), small_arrays(2, (9,))
    images = test.images.copy()
    images[1] = train.images[0]
    images[2] = test.images[0]  # twice the same person: no contradiction
    publish_folder(tmp_path, [("train", train), ("test", dataclasses.replace(test, images=images))])
    census = take_census(tmp_path, open_manifest(tmp_path), 2)
    assert [[who for who, _ in group] for group in census.copies] == [[2, 9]]


def test_lists_are_those_of_all_pairs_sorted(folder: Path):
    """The hardest pairs of the folder equal a plain sort, with two of an identity at most."""
    from data_manifest import open_shard

    manifest = open_manifest(folder)
    census = take_census(folder, manifest, 4)
    changes = []
    for entry in manifest.shards:
        with open_shard(folder / entry.file) as shard:
            changes += shard.pair_table()["pose_change"].tolist()
    ranks = [-place.rank[0] for place in census.lists["change"]]
    assert len(ranks) == 4 and ranks == sorted(ranks, reverse=True)
    assert ranks[0] == pytest.approx(max(changes))
    assert sum(map(sum, (each.tolist() for each in census.changes.values()))) == len(changes)
