"""Dividing a split into shards, and the tasks that they are made from."""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from poses import random_poses
from small_market import jpeg

from preprocess.output.shards import ShardTask, make_shard
from preprocess.pairing.pairs import all_pairs
from preprocess.pairing.shard_plans import OVERHEAD_BYTES, image_bytes, pair_bytes, plan_shards
from preprocess.sources.known_images import KnownImage
from shared.errors import UsageError

SIZE = (96, 40)


@settings(max_examples=60)
@given(
    st.lists(st.integers(1, 9), min_size=1, max_size=60), st.integers(100_000, 500_000), st.data()
)
def test_plans_hold_every_image_and_pair_once_by_identity(
    identities: list[int], limit: int, data: st.DataObject
) -> None:
    who = np.array(identities, np.int32)
    pairs = all_pairs(who)
    pairs = pairs[data.draw(st.permutations(range(len(pairs)))) if len(pairs) else []]
    plans = plan_shards("train", who, pairs, SIZE, limit)
    assert sorted(np.concatenate([p.rows for p in plans]).tolist()) == list(range(len(who)))
    assert sorted(np.concatenate([p.order for p in plans]).tolist()) == list(range(len(pairs)))
    seen = [set(who[plan.rows].tolist()) for plan in plans]
    assert sum(map(len, seen)) == len(set(identities))
    for number, plan in enumerate(plans):
        assert plan.number == number
        assert np.array_equal(plan.rows[plan.pairs], pairs[plan.order])
        size = len(plan.rows) * image_bytes(SIZE) + len(plan.pairs) * pair_bytes()
        assert size <= limit - OVERHEAD_BYTES or len(seen[number]) == 1


@pytest.fixture
def task(tmp_path: Path, rng: np.random.Generator) -> ShardTask:
    sources = []
    for n in range(4):
        file = tmp_path / f"{n}.jpg"
        file.write_bytes(jpeg(rng, SIZE))
        sources.append(KnownImage(file, hashlib.sha256(file.read_bytes()).hexdigest()))
    unknown = np.full(4, np.nan, np.float32)
    return ShardTask(
        path=tmp_path / "train-00000.h5",
        split="train",
        image_size=SIZE,
        sources=sources,
        names=[source.place.name for source in sources],
        joints=random_poses(rng, 4, missing=0),
        scores=np.full((4, 18), np.nan, np.float32),
        identities=np.full(4, 7, np.int32),
        cameras=np.ones(4, np.int16),
        people=np.full(4, -1, np.int16),
        person_scores=unknown,
        margins=unknown,
        pairs=np.array([[0, 1], [3, 2]], np.int32),
        order=np.array([5, 9]),
    )


def test_the_key_follows_everything_that_the_content_follows_from(task: ShardTask) -> None:
    keys = {task.key}
    changes = {
        "split": "test", "image_size": (40, 96), "sources": task.sources[::-1],
        "joints": task.joints + 1e-12, "cameras": task.cameras + np.int16(1),
        "pairs": task.pairs[::-1], "order": task.order + 1, "names": task.names[::-1],
    }  # fmt: skip
    for name, value in changes.items():
        keys.add(dataclasses.replace(task, **{name: value}).key)
    assert len(keys) == 1 + len(changes)
    assert dataclasses.replace(task).key == task.key


def test_a_source_that_changed_meanwhile_is_noticed(
    task: ShardTask, rng: np.random.Generator
) -> None:
    task.sources[2].place.write_bytes(jpeg(rng, SIZE))
    with pytest.raises(UsageError, match=r"2\.jpg.*the image that was checked before"):
        make_shard(task)
    task.sources[2].place.unlink()
    with pytest.raises(UsageError, match=r"2\.jpg"):
        make_shard(task)
    assert not task.path.exists()


def test_a_shard_is_the_same_bytes_every_time(task: ShardTask) -> None:
    entry, file, parts = make_shard(task)
    again = make_shard(task)[0]
    assert entry == again and entry.num_bytes == file.temporary.stat().st_size
    assert not task.path.exists()  # its name is not the worker's to give
    assert len(parts) == 2 and parts.counts.shape == (10, 4)
