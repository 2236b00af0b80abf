"""Values exactly at a bound of the format, and versions that are compared as numbers."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from shard_folders import small_arrays

from data_manifest import doctor, schema
from data_manifest.rules import broken_bounds, broken_rules

BOUNDED = [entry for entry in schema.DATASETS if entry.low is not None or entry.high is not None]


@pytest.mark.parametrize("entry", BOUNDED, ids=[entry.name for entry in BOUNDED])
def test_a_value_at_its_bound_is_kept_and_one_beyond_is_broken(entry: schema.DataSet) -> None:
    for bound, step, word in ((entry.low, -1, "below"), (entry.high, 1, "above")):
        if bound is None:
            continue
        assert broken_bounds(entry, np.array([bound], np.int64)) is None
        found = broken_bounds(entry, np.array([bound, bound + step], np.int64))
        assert found == f"{entry.name}: a value {word} {bound}"


def rules_of(**changes: np.ndarray) -> list[str]:
    arrays = dataclasses.replace(small_arrays(1, (2, 7)), **changes)
    return broken_rules(arrays.as_mapping())


def test_a_pair_of_the_last_image_is_kept_and_one_of_the_next_row_is_broken() -> None:
    pairs = small_arrays(1, (2, 7)).pairs
    assert pairs.max() == 5 and rules_of() == []
    beyond = pairs.copy()
    beyond[-1, 0] = 6
    assert rules_of(pairs=beyond) == ["pairs: a row that no image has"]


@pytest.mark.parametrize(
    ("found", "least", "enough"),
    [
        ("10.0", "9.0", True),
        ("9.0", "10.0", False),
        ("2.10.1", "2.9", True),
        ("2.9", "2.10", False),
        ("1.4.0", "1.4", True),
        ("1.4", "1.4", True),
        ("1.3.99", "1.4", False),
        ("2.11.0+cpu", "2.6", True),
    ],
)
def test_versions_are_compared_as_numbers(
    found: str, least: str, enough: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "version_of", lambda name: found)
    monkeypatch.setattr(doctor.metadata, "requires", lambda name: [f"numpy>={least}"])
    state = dict(doctor._software())["numpy"]
    assert state.startswith(found)
    assert ("does not fit" not in state) == enough
