"""Kept poses survive, and damaged ones are only lost."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from preprocess.pose.kept_poses import KeptPoses
from preprocess.pose.people import People, empty_people


def some_people(rng: np.random.Generator, count: int) -> People:
    people = empty_people(count)
    for values in vars(people).values():
        values[...] = rng.integers(0, 50, values.shape)
    return people


def digests(first: int, count: int) -> list[str]:
    return [f"{number:064x}" for number in range(first, first + count)]


def equal(a: People, b: People) -> bool:
    return all(np.array_equal(getattr(a, name), getattr(b, name)) for name in vars(a))


def test_people_are_found_again_by_the_content_in_any_order(
    tmp_path: Path, rng: np.random.Generator
) -> None:
    first, second = some_people(rng, 4), some_people(rng, 3)
    kept = KeptPoses(tmp_path, "model a")
    kept.keep(digests(0, 4), first)
    kept.keep(digests(4, 3), second)
    again = KeptPoses(tmp_path, "model a")
    assert digests(5, 1)[0] in again and digests(7, 1)[0] not in again
    assert equal(again.people_of(digests(4, 3)[::-1]), second.take(slice(None, None, -1)))
    assert equal(again.people_of(digests(0, 4)), first)


def test_another_model_finds_nothing(tmp_path: Path, rng: np.random.Generator) -> None:
    KeptPoses(tmp_path, "model a").keep(digests(0, 2), some_people(rng, 2))
    assert digests(0, 1)[0] not in KeptPoses(tmp_path, "model b")


@pytest.mark.parametrize("place", [3, 60, -1])
def test_a_damaged_block_is_as_if_it_were_not_there(
    place: int, tmp_path: Path, rng: np.random.Generator
) -> None:
    KeptPoses(tmp_path, "a").keep(digests(0, 2), some_people(rng, 2))
    (block,) = tmp_path.rglob("*.poses")
    data = bytearray(block.read_bytes())
    data[place] ^= 1
    block.write_bytes(bytes(data))
    assert digests(0, 1)[0] not in KeptPoses(tmp_path, "a")
    block.write_bytes(b"")
    assert digests(0, 1)[0] not in KeptPoses(tmp_path, "a")
