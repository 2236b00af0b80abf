"""How the processes of a run agree on its end: each a thread here, their store in memory."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
import torch.distributed as dist

import train.meeting
from shared.errors import DamagedError, NoSpaceError, PoseGanError, StoppedError
from train.launch import Launch
from train.meeting import Meeting, met
from train.world import LostError


def ends_of(*bodies: Callable[[], None] | None) -> list[BaseException | None]:
    """Let each body be the run of a rank; None is a rank that was killed."""
    store = dist.HashStore()
    found: list[BaseException | None] = [None] * len(bodies)

    def be(rank: int, body: Callable[[], None]) -> None:
        try:
            with met(Launch(rank=rank, size=len(bodies)), lambda _: store):
                body()
        except BaseException as error:
            found[rank] = error

    threads = [
        threading.Thread(target=be, args=(rank, body))
        for rank, body in enumerate(bodies)
        if body is not None
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def raises(error: Exception) -> Callable[[], None]:
    def body() -> None:
        raise error

    return body


def told(*ends: BaseException | None) -> list[tuple[int, bool]]:
    """Exit code of each, and whether another one says its error."""
    assert all(isinstance(end, PoseGanError) for end in ends), ends
    return [(end.exit_code, end.is_told) for end in ends if isinstance(end, PoseGanError)]


def test_who_is_left_alone_ends_as_the_one_that_left() -> None:
    ends = ends_of(raises(LostError("gone")), raises(DamagedError("a shard: expected …")))
    assert told(*ends) == [(6, False), (6, True)]
    assert str(ends[0]) == "process 1: a shard: expected …"


def test_the_same_error_everywhere_is_said_once_in_the_words_of_the_first() -> None:
    ends = ends_of(*(raises(NoSpaceError(f"full, says {rank}")) for rank in range(3)))
    assert told(*ends) == [(5, False), (5, True), (5, True)]
    assert str(ends[0]) == "full, says 0"


def test_of_two_errors_the_one_that_was_told_first_ends_all() -> None:
    store = dist.HashStore()
    first, second = (Meeting(store, Launch(rank=rank, size=2)) for rank in range(2))
    assert second.tell(5, "full") == (1, 5, "full")
    end = first.agreed(DamagedError("a shard"))
    assert (end.exit_code, str(end)) == (5, "process 1: full")


def test_a_killed_process_leaves_the_others_with_75_and_one_of_them_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(train.meeting, "GRACE_S", 0.2)
    without_first = ends_of(None, raises(LostError("gone")), raises(LostError("gone")))[1:]
    assert sorted(told(*without_first)) == [(75, False), (75, True)]
    without_last = ends_of(raises(LostError("gone")), None)[:1]
    assert told(*without_last) == [(75, False)]


def test_a_fault_of_ours_keeps_its_traceback_and_the_others_name_it() -> None:
    ends = ends_of(raises(LostError("gone")), raises(ZeroDivisionError("ours")))
    assert isinstance(ends[1], ZeroDivisionError)
    assert isinstance(ends[0], RuntimeError) and "process 1 met a fault" in str(ends[0])


def test_what_the_machine_refuses_one_process_ends_all_alike() -> None:
    ends = ends_of(raises(LostError("gone")), raises(MemoryError()))
    assert told(*ends) == [(5, False), (5, True)]


def test_a_run_that_ends_well_says_nothing() -> None:
    assert ends_of(lambda: None, lambda: None) == [None, None]


def test_where_the_store_is_gone_too_each_ends_by_itself() -> None:
    class Gone:
        def compare_set(self, key: str, expected: str, wanted: str) -> bytes:
            raise dist.DistNetworkError("connection reset")

    mine = StoppedError("stopped by SIGTERM")
    assert Meeting(Gone(), Launch(rank=1, size=2)).agreed(mine) is mine
    assert not mine.is_told
