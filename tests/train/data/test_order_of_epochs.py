"""What must change from epoch to epoch and from window to window, seen directly."""

from __future__ import annotations

import numpy as np

from train.data.order import Order, Picks


def whole_epoch(order: Order, number: int, size: int) -> Picks:
    (picks,) = order.batch(number, size)
    return picks


def test_every_epoch_walks_the_shards_in_another_order() -> None:
    order = Order((5,) * 8, seed=0, window_shards=1)
    walks = [tuple(w.shards for w in order.windows(epoch)) for epoch in range(6)]
    assert len(set(walks)) == 6
    assert all(sorted(walk) == [(shard,) for shard in range(8)] for walk in walks)


def test_every_epoch_puts_other_shards_into_a_window_together() -> None:
    order = Order((5,) * 8, seed=0, window_shards=2)
    together = [frozenset(w.shards for w in order.windows(epoch)) for epoch in range(6)]
    assert len(set(together)) == 6


def test_every_epoch_shuffles_the_pairs_anew() -> None:
    order = Order((60,), seed=4)
    walks = {tuple(whole_epoch(order, number, 60).pairs.tolist()) for number in range(6)}
    assert len(walks) == 6


def test_windows_of_an_epoch_are_shuffled_each_in_its_own_way() -> None:
    order = Order((60, 60, 60), seed=4, window_shards=1)
    walks = {tuple(picks.local.tolist()) for picks in order.batch(0, 180)}
    assert len(walks) == 3


def test_every_epoch_and_window_mirrors_other_samples() -> None:
    order = Order((64, 64), seed=2, window_shards=1, mirror=0.5)
    marks = [picks.mirrored for number in range(4) for picks in order.batch(number, 128)]
    assert len({tuple(mark.tolist()) for mark in marks}) == len(marks) == 8
    shares = [np.mean(one == other) for one in marks for other in marks if one is not other]
    assert min(shares) > 0.25 and max(shares) < 0.75


def test_a_pair_is_mirrored_in_some_epochs_and_not_in_others() -> None:
    order = Order((16,), seed=2, mirror=0.5)
    seen = np.zeros((16, 12), bool)
    for number in range(12):
        (picks,) = order.batch(number, 16)
        seen[picks.pairs, number] = picks.mirrored
    assert seen.any(axis=1).all() and not seen.all(axis=1).any()


def test_seed_and_detour_change_shards_pairs_and_mirroring() -> None:
    def walk(**key: int) -> tuple[object, ...]:
        order = Order((32,) * 6, seed=key.get("seed", 0), detour=key.get("detour", 0), mirror=0.5)
        (picks,) = order.batch(0, 192)
        shuffled = Order(
            (32,) * 6, seed=key.get("seed", 0), detour=key.get("detour", 0), window_shards=1
        )
        shards = tuple(w.shards for w in shuffled.windows(0))
        return shards, tuple(picks.pairs.tolist()), tuple(picks.mirrored.tolist())

    for other in ({"seed": 1}, {"detour": 1}):
        for ours, theirs in zip(walk(), walk(**other), strict=True):
            assert ours != theirs


def test_samples_that_are_never_or_always_mirrored() -> None:
    assert not Order((50,), seed=0, mirror=0.0).batch(0, 50)[0].mirrored.any()
    assert Order((50,), seed=0, mirror=1.0).batch(0, 50)[0].mirrored.all()
