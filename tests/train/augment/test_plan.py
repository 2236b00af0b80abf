"""Which image is drawn in whose pose: a pure function of the seed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from poses import standing_pose

from data_manifest.manifest import ShardEntry
from shared.errors import UsageError
from shared.pair_geometry import pose_changes
from train.augment import plan as module
from train.augment.people import People
from train.augment.plan import Plan, blocks_of, plan_pictures
from train.augment.settings import AugmentSettings
from train.reid.labels import Label


def people(count: int = 30, shards: tuple[int, ...] = (18, 12)) -> People:
    rng = np.random.default_rng(0)
    joints = (standing_pose() + rng.normal(0, 6, (count, 18, 2))).astype(np.float32)
    names = tuple(f"{2 + row // 3:04d}_c{1 + row % 3}s1_{row:06d}_00.jpg" for row in range(count))
    entries = tuple(
        ShardEntry(file=f"train-{number:05d}.h5", split="train", num_bytes=10**9, sha256="0" * 64,
                   num_images=images, num_pairs=0, identities=())
        for number, images in enumerate(shards)
    )  # fmt: skip
    labels = tuple(Label(2 + row // 3, 1 + row % 3) for row in range(count))
    return People(entries, names, joints, labels)


def planned(who: People, **settings: Any) -> Plan:
    given = {"model": "demo", "shards": Path("s"), "market": Path("m"), "out": Path("o")}
    return plan_pictures(who, AugmentSettings(**(given | settings)))


def test_each_image_gets_so_many_other_poses_and_none_twice() -> None:
    who = people()
    plan = planned(who, per_image=7)
    assert len(plan) == 7 * len(who) == len(set(plan.names))
    for row in range(len(who)):
        targets = plan.targets[plan.sources == row].tolist()
        assert len(set(targets)) == 7 and row not in targets
    assert set(plan.targets.tolist()) == set(range(len(who)))


def test_every_other_pose_can_be_taken_and_not_one_more() -> None:
    who = people(4, (4,))
    plan = planned(who, per_image=3)
    assert [sorted(plan.targets[plan.sources == row]) for row in range(4)] == [
        [1, 2, 3], [0, 2, 3], [0, 1, 3], [0, 1, 2],
    ]  # fmt: skip
    with pytest.raises(UsageError, match="expected 4 poses for an image, found 3 other poses"):
        planned(who, per_image=4)


def test_names_begin_with_the_source_s_and_end_with_a_number() -> None:
    plan = planned(people(), per_image=2)
    assert plan.names[:3] == (
        "0002_c1s1_000000_00g1.jpg",
        "0002_c1s1_000000_00g2.jpg",
        "0002_c2s1_000001_00g1.jpg",
    )


def test_the_seed_alone_decides() -> None:
    who = people()
    one, same, other = (planned(who, per_image=2, seed=seed) for seed in (3, 3, 4))
    np.testing.assert_array_equal(one.targets, same.targets)
    assert (one.targets != other.targets).any()


def test_changed_takes_of_ten_drawn_poses_those_that_move_most() -> None:
    who = people()
    random, changed = planned(who), planned(who, poses="changed")
    assert changed.changes.mean() > 1.3 * random.changes.mean()
    for row in range(len(who)):
        (target,) = changed.targets[changed.sources == row]
        change = pose_changes(who.joints, np.array([row]), np.array([target]))[0]
        assert changed.changes[row] == change
    everybody = planned(people(8, (8,)), poses="changed")  # fewer than ten others: the largest
    for row in range(8):
        others = np.array([other for other in range(8) if other != row])
        most = pose_changes(people(8, (8,)).joints, np.full(7, row), others).max()
        assert everybody.changes[row] == most


def test_a_body_of_no_length_is_never_what_moves_most() -> None:
    who = people(6, (6,))
    who.joints[3] = who.joints[3, :1]
    assert np.isfinite(planned(who, per_image=5).changes).all()
    assert 3 not in planned(who, poses="changed").targets[:3]


def test_blocks_hold_every_picture_once_and_none_of_two_shards(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "BLOCK_PICTURES", 10)
    who = people()
    plan = planned(who, per_image=3)
    blocks = list(blocks_of(plan, who))
    covered = [number for block in blocks for number in range(*block.pictures.indices(1000))]
    assert covered == list(range(len(plan)))
    assert [block.number for block in blocks] == list(range(len(blocks)))
    for block in blocks:
        sources = plan.sources[block.pictures]
        assert len(sources) <= 10 and sources.min() >= block.first_image
        assert sources.max() < block.first_image + block.shard.num_images
