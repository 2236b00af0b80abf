"""The plan of a drawn data set, and the file that holds its truth."""

from __future__ import annotations

import collections

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from truth_files import read_truth

from preprocess.demo.drawing.layout import (
    QUERY,
    STRANGERS_FROM,
    TEST,
    TRAIN,
    annotated,
    image_name,
    planned,
    queries_of,
)
from preprocess.demo.drawing.truth import Truth, write_truth
from preprocess.sources.market1501 import parse_name
from shared.errors import UsageError


@settings(max_examples=25, deadline=None)
@given(st.integers(4, 60), st.integers(2, 9), st.integers(0, 2**32 - 1))
def test_plans_follow_the_rules_of_market_1501(identities, images, seed):
    entries = planned(identities, images, seed)
    assert entries == planned(identities, images, seed)
    names = [(entry.folder, entry.name) for entry in entries]
    assert len(set(names)) == len(names)
    people = collections.defaultdict(set)
    for entry in entries:
        said = parse_name(entry.name)
        assert said is not None and said.camera == entry.camera and 1 <= entry.camera <= 6
        people[entry.folder].add(said.identity)
        if said.identity > 0:
            assert said.identity == entry.person and not entry.empty
        else:
            assert entry.folder == TEST and entry.person >= STRANGERS_FROM
    assert not people[TRAIN] & people[TEST]
    assert people[QUERY] == people[TEST] - {-1, 0}
    assert len(people[TRAIN]) == (identities + 1) // 2
    train = [entry for entry in entries if entry.folder == TRAIN]
    assert len(train) == images * len(people[TRAIN])
    assert all(len({e.camera for e in train if e.person == p}) >= 2 for p in people[TRAIN])


def test_junk_and_distractors_have_their_share_and_their_faults():
    entries = [entry for entry in planned(100, 10, 3) if entry.folder == TEST]
    junk = [entry for entry in entries if entry.name.startswith("-1_")]
    distractors = [entry for entry in entries if entry.name.startswith("0000_")]
    assert (len(junk), len(distractors)) == (145, 105)
    assert all(entry.spoiled and not entry.empty for entry in junk)
    assert 0.3 < np.mean([entry.empty for entry in distractors]) < 0.7


def test_names_look_as_in_market_1501():
    assert image_name(2, 1, 1, 451, 3) == "0002_c1s1_000451_03.jpg"
    assert image_name(-1, 6, 3, 76, 11) == "-1_c6s3_000076_11.jpg"


def test_an_annotation_gives_names_identities_and_cameras_in_its_order():
    names = ["0432_c5s1_105323_05.jpg", "-1_c2s1_000001_01.jpg", "0002_c1s1_000451_03.jpg"]
    entries = annotated(names, TRAIN)
    assert [entry.name for entry in entries] == names
    assert [entry.camera for entry in entries] == [5, 2, 1]
    assert [entry.person for entry in entries] == [432, STRANGERS_FROM + 1, 2]
    assert [entry.row for entry in entries] == [0, 1, 2]
    assert {query.person for query in queries_of(entries, 1)} == {432, 2}


@pytest.mark.parametrize("name", ["img.jpg", "0002_c7s1_000451_03.jpg", "../0002_c1s1_1_03.jpg"])
def test_an_annotation_with_other_names_is_refused(name):
    with pytest.raises(UsageError, match="row 1 of the poses"):
        annotated([name], TRAIN)


def test_the_test_avoids_the_people_of_a_training_annotation():
    entries = planned(20, 3, 1, taken={1, 2, 3, 7})
    people = {entry.person for entry in entries if entry.person < STRANGERS_FROM}
    assert len(people) == 10
    assert not people & {1, 2, 3, 7}
    assert not [entry for entry in entries if entry.folder == TRAIN]


def test_truth_survives_a_round_trip(tmp_path, rng):
    joints = np.round(rng.uniform(-50, 200, (5, 18, 2)), 2)
    joints[3] = np.nan
    truth = Truth(
        tuple(f"{row:04d}_c1s1_000001_01.jpg" for row in range(5)), joints, joints[..., 0] > 9
    )
    write_truth(tmp_path / "truth.csv", truth)
    again = read_truth(tmp_path / "truth.csv")
    assert again.names == truth.names
    assert np.array_equal(again.joints, truth.joints, equal_nan=True)
    assert np.array_equal(again.visible, truth.visible)
