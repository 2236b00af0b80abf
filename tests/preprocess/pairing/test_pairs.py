"""Pairs against itertools and pandas."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from preprocess.pairing.pairs import (
    all_pairs,
    count_pairs,
    given_pairs,
    rows_of_identities,
    sample_pairs,
)

IDENTITIES = st.lists(st.integers(1, 6), max_size=24).map(lambda v: np.array(v, np.int32))


def permuted(identities: np.ndarray) -> np.ndarray:
    """All pairs in the words of the published rule."""
    pairs = [
        pair
        for identity in dict.fromkeys(identities.tolist())
        for pair in itertools.permutations(np.flatnonzero(identities == identity).tolist(), 2)
    ]
    return np.array(pairs, np.int64).reshape(-1, 2)


@given(IDENTITIES)
def test_all_pairs_are_the_permutations_of_each_identity_in_order(identities: np.ndarray) -> None:
    assert np.array_equal(all_pairs(identities), permuted(identities))
    assert count_pairs(identities) == len(permuted(identities))


@given(IDENTITIES, st.integers(0, 40))
def test_test_pairs_are_the_published_sample_row_for_row(
    identities: np.ndarray, number: int
) -> None:
    candidates = pd.DataFrame(permuted(identities))
    expected = candidates.sample(n=min(number, len(candidates)), replace=False, random_state=0)
    assert np.array_equal(sample_pairs(identities, number), expected.to_numpy())


def test_the_published_number_of_test_pairs_is_drawn_as_pandas_draws_it() -> None:
    identities = np.random.default_rng(1).integers(1, 120, 2000)
    expected = pd.DataFrame(permuted(identities)).sample(n=12000, replace=False, random_state=0)
    assert np.array_equal(sample_pairs(identities, 12000), expected.to_numpy())


def test_a_limit_keeps_the_order_and_does_not_change_other_identities() -> None:
    few, many = np.array([5, 5, 5]), np.array([7] * 9)
    limited = all_pairs(np.concatenate([few, many]), limit=10)
    alone = all_pairs(many, limit=10)
    assert np.array_equal(limited[:6], all_pairs(few))
    assert np.array_equal(limited[6:], alone + 3)
    every = [tuple(pair) for pair in all_pairs(many).tolist()]
    positions = [every.index(tuple(pair)) for pair in alone.tolist()]
    assert positions == sorted(set(positions))
    assert count_pairs(np.concatenate([few, many]), limit=10) == 16


def test_identities_come_in_the_order_of_their_first_image() -> None:
    groups = rows_of_identities(np.array([9, 2, 9, 5, 2]))
    assert [group.tolist() for group in groups] == [[0, 2], [1, 4], [3]]


def test_given_pairs_keep_their_order_and_tell_what_is_left_out() -> None:
    rows = {"a": 0, "b": 1, "c": 2, "d": 3}
    found = given_pairs(
        ["b", "a", "a", "x", "a", "b"],
        ["a", "b", "c", "a", "a", "a"],
        rows,
        np.array([1, 1, 2, 2]),
    )
    assert found.pairs.tolist() == [[1, 0], [0, 1]]
    assert found.refused == {
        "an image that is not valid": 1,
        "images of two identities": 1,
        "an image with itself": 1,
        "a pair given twice": 1,
    }
    assert found.example == "a,c"


@pytest.mark.parametrize("identities", [[], [3], [1, 2, 3]])
def test_without_two_images_of_anybody_there_are_no_pairs(identities: list[int]) -> None:
    who = np.array(identities, np.int32)
    assert all_pairs(who).shape == sample_pairs(who, 5).shape == (0, 2)
    assert given_pairs(["x"], ["y"], {}, who).pairs.shape == (0, 2)


def test_given_pairs_without_pairs_or_without_valid_images_are_told_for_what_they_are() -> None:
    nobody = np.zeros(0, np.int64)
    empty = given_pairs([], [], {"a": 0}, np.array([7]))
    assert empty.pairs.shape == (0, 2) and empty.pairs.dtype == np.int64
    assert not empty.refused and empty.example == ""
    lost = given_pairs(["x", "y"], ["y", "x"], {}, nobody)
    assert lost.refused == {"an image that is not valid": 2} and lost.example == "x,y"


def test_a_list_of_usable_pairs_has_no_example_of_bad_ones() -> None:
    found = given_pairs(["a", "b"], ["b", "a"], {"a": 0, "b": 1}, np.array([7, 7]))
    assert found.pairs.tolist() == [[0, 1], [1, 0]]
    assert not found.refused and found.example == ""


def test_of_repeated_pairs_the_first_one_stays_wherever_it_stands(rng: np.random.Generator) -> None:
    names = [str(number) for number in range(6)]
    rows = {name: row for row, name in enumerate(names)}
    for _ in range(20):
        ends = rng.integers(0, 6, (2, 40))
        found = given_pairs(
            [names[row] for row in ends[0]], [names[row] for row in ends[1]], rows, np.ones(6, int)
        )
        first = dict.fromkeys((a, b) for a, b in ends.T.tolist() if a != b)
        assert found.pairs.tolist() == [list(pair) for pair in first]


def test_the_rows_of_samples_are_whole_numbers_whatever_there_is() -> None:
    for identities in ([], [3], [4, 4], [4, 4, 9, 4]):
        found = sample_pairs(np.array(identities, np.int32), 5)
        assert found.dtype == np.int64 and found.ndim == 2
    assert sorted(sample_pairs(np.array([4, 4]), 5).tolist()) == [[0, 1], [1, 0]]


def test_a_name_that_is_unknown_is_told_as_such_even_beside_one_image_alone() -> None:
    found = given_pairs(["x", "a", "a"], ["a", "x", "a"], {"a": 0}, np.array([7]))
    assert found.refused == {"an image that is not valid": 2, "an image with itself": 1}


@pytest.mark.parametrize("limit", [0, 1, 55, 71, 72, 73])
def test_a_limit_draws_so_many_pairs_of_an_identity_and_none_twice(limit: int) -> None:
    for identity in range(5):
        pairs = [tuple(pair) for pair in all_pairs(np.full(9, identity), limit=limit).tolist()]
        assert len(set(pairs)) == len(pairs) == min(limit, 72)


@pytest.mark.parametrize("identities", [[], [3], [4, 4, 9, 4]])
def test_the_rows_of_all_pairs_are_whole_numbers(identities: list[int]) -> None:
    assert all_pairs(np.array(identities, np.int32)).dtype == np.int64


def test_one_image_is_one_group_and_none_are_none() -> None:
    assert [group.tolist() for group in rows_of_identities(np.array([7]))] == [[0]]
    assert rows_of_identities(np.array([], np.int32)) == []
