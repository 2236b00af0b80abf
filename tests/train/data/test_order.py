from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from train.data.order import Order, Picks, Share

sizes_strategy = st.lists(st.integers(0, 23), min_size=1, max_size=6).filter(lambda s: sum(s) > 0)


def pairs_of(batch: list[Picks]) -> list[int]:
    return np.concatenate([picks.pairs for picks in batch]).tolist()


def walk(order: Order, count: int, size: int) -> list[int]:
    return [pair for number in range(count) for pair in pairs_of(order.batch(number, size))]


@settings(deadline=None)
@given(sizes=sizes_strategy, window=st.integers(0, 4), seed=st.integers(0, 99))
def test_an_epoch_shows_every_pair_once(sizes: list[int], window: int, seed: int) -> None:
    order = Order(sizes, seed=seed, window_shards=window)
    total = sum(sizes)
    two_epochs = walk(order, 2 * total, 1)
    assert sorted(two_epochs[:total]) == list(range(total))
    assert sorted(two_epochs[total:]) == list(range(total))


@settings(deadline=None)
@given(sizes=sizes_strategy, window=st.integers(0, 3), size=st.integers(1, 50))
def test_batches_are_the_walk_cut_into_pieces(sizes: list[int], window: int, size: int) -> None:
    one_by_one = walk(Order(sizes, seed=3, window_shards=window), 3 * size, 1)
    order = Order(sizes, seed=3, window_shards=window)
    assert walk(order, 3, size) == one_by_one
    assert all(len(picks.pairs) for number in range(3) for picks in order.batch(number, size))


@settings(deadline=None)
@given(sizes=sizes_strategy, window=st.integers(1, 3))
def test_a_window_holds_pairs_of_its_own_shards(sizes: list[int], window: int) -> None:
    order = Order(sizes, seed=5, window_shards=window)
    begins = np.cumsum([0, *sizes])
    for picks in order.batch(0, sum(sizes)):
        assert len(picks.window.shards) <= window
        numbering = np.concatenate(
            [np.arange(begins[s], begins[s + 1]) for s in picks.window.shards]
        )
        assert (numbering[picks.local] == picks.pairs).all()


def test_a_later_batch_needs_no_earlier_one() -> None:
    sizes = (40, 7, 31)
    passed_through = Order(sizes, seed=1, window_shards=2, mirror=0.5)
    earlier = [passed_through.batch(number, 9) for number in range(20)]
    alone = Order(sizes, seed=1, window_shards=2, mirror=0.5).batch(19, 9)
    assert pairs_of(alone) == pairs_of(earlier[19])
    assert all((a.mirrored == b.mirrored).all() for a, b in zip(alone, earlier[19], strict=True))


def test_ranks_share_an_epoch_without_overlap() -> None:
    order = Order((30, 34), seed=2)
    seen = [
        pair
        for rank in range(4)
        for number in range(4)
        for pair in pairs_of(order.batch(number, 4, rank=rank, world=4))
    ]
    assert sorted(seen) == list(range(64))


@pytest.mark.parametrize("other", [{"seed": 1}, {"seed": 0, "detour": 1}])
def test_seed_and_detour_change_the_order(other: dict[str, int]) -> None:
    assert walk(Order((200,), seed=0), 1, 200) != walk(Order((200,), **other), 1, 200)


def test_mirroring_has_the_asked_share_and_is_independent_of_the_batch() -> None:
    order = Order((4000,), seed=0, mirror=0.25)
    (whole,) = order.batch(0, 4000)
    assert 0.22 < whole.mirrored.mean() < 0.28
    assert not Order((4000,), seed=0).batch(0, 4000)[0].mirrored.any()


def test_a_share_of_a_run_is_its_rank_s_part_of_every_batch() -> None:
    order = Order((40, 7, 31), seed=3, window_shards=2)
    for number in (0, 5):
        shares = [Share(order, 4, rank=rank, ranks=3) for rank in range(3)]
        together = [pair for share in shares for pair in pairs_of(share.picks(number))]
        assert together == pairs_of(order.batch(number, 12))
    assert pairs_of(Share(order, 4).picks(2)) == pairs_of(order.batch(2, 4))


PAIRS = [[1, 0, 3, 4, 2], [6, 7, 8, 5, 6], [7, 5, 0, 1, 8]]
MIRRORED = [[0, 1, 0, 1, 0], [1, 1, 1, 0, 0], [1, 1, 0, 1, 1]]
SHARDS = [[(0, 1), (2,)], [(0, 2), (1,)], [(1, 2), (0,)]]


def test_the_order_is_that_of_every_earlier_version() -> None:
    """A run that is resumed by a newer version goes on in the order in which it began."""
    order = Order((3, 2, 4), seed=5, window_shards=2, mirror=0.5, detour=1)
    batches = [order.batch(number, 5) for number in range(3)]
    assert [pairs_of(batch) for batch in batches] == PAIRS
    marks = [[int(m) for picks in batch for m in picks.mirrored] for batch in batches]
    assert marks == MIRRORED
    assert [[w.shards for w in order.windows(epoch)] for epoch in range(3)] == SHARDS
