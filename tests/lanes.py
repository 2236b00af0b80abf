"""The lanes of the tests, and two rules that keep the quick lane quick.

A test without a mark belongs to the quick lane; a mark moves it to another one (``pyproject.toml``
lists them). The rules hold in whatever lane an unmarked test runs: it starts no process, and it
computes for seconds only. So a test that forgot its mark fails where it was written, and not as a
quick lane that grew slow. Processor time is counted, not the clock: a loaded machine fails nobody.
"""

from __future__ import annotations

import functools
import multiprocessing.process
import os
import subprocess
import time
from collections.abc import Callable, Generator
from typing import Any

import pytest

PROCESS_LANES = frozenset({"process", "slow", "gpu", "promises", "soak"})
"""Marks of tests that may start processes."""

LONG_LANES = PROCESS_LANES | {"long"}
"""Marks of tests that may compute for long."""

MAX_CPU_S = 10.0
"""What the body or the fixtures of an unmarked test may take, first imports included."""

STARTERS: tuple[tuple[Any, str], ...] = (
    (subprocess.Popen, "__init__"),
    (multiprocessing.process.BaseProcess, "start"),
    (os, "fork"),
    (os, "forkpty"),
    (os, "posix_spawn"),
    (os, "posix_spawnp"),
    (os, "system"),
)
"""Every way by which Python starts a process: owner and name."""


class LaneRules:
    """A plugin of pytest that watches the tests without a mark."""

    def __init__(self) -> None:
        self._patches = pytest.MonkeyPatch()
        self._watched: str | None = None
        self._broken: str | None = None

    def watch_starters(self) -> None:
        """Put the rule in front of every way to start a process."""
        for owner, name in STARTERS:
            self._patches.setattr(owner, name, self._guarded(getattr(owner, name), name))

    def pytest_unconfigure(self) -> None:
        self._patches.undo()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        self._watched = None if PROCESS_LANES & _marks(item) else item.nodeid
        try:
            return (yield)
        finally:
            self._watched = None

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, object, object]:
        return (yield from self._judged(item, "the fixtures"))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, object, object]:
        return (yield from self._judged(item, "the test"))

    def _judged(self, item: pytest.Item, what: str) -> Generator[None, object, object]:
        self._broken = None
        begin = time.process_time()
        result = yield
        seconds = time.process_time() - begin
        if self._broken:  # also where the code under test caught the first failure
            pytest.fail(self._broken, pytrace=False)
        if seconds > MAX_CPU_S and not LONG_LANES & _marks(item):
            pytest.fail(
                f"{what} computed for {seconds:.1f} s, more than {MAX_CPU_S:g} s: make it smaller, "
                "or mark the test long or slow",
                pytrace=False,
            )
        return result

    def _guarded(self, starter: Callable[..., Any], name: str) -> Callable[..., Any]:
        @functools.wraps(starter)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            if self._watched is not None:
                self._broken = f"{self._watched} starts a process ({name}): mark it process"
                pytest.fail(self._broken)
            return starter(*args, **kwargs)

        return guarded


def _marks(item: pytest.Item) -> set[str]:
    return {mark.name for mark in item.iter_markers()}


def longest_first(items: list[pytest.Item]) -> None:
    """Sort tests so that workers begin with the long ones and share the short ones at the end.

    Args:
        items: Collected tests; sorted in place, in equal lanes the order stays.
    """
    rank = {"slow": 0, "process": 1, "long": 2}
    items.sort(key=lambda item: min((rank.get(mark, 3) for mark in _marks(item)), default=3))
