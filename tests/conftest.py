"""Fixtures of all tests, their lanes, and the rule that skips need an allowed reason."""

from __future__ import annotations

import os

if "PYTEST_XDIST_WORKER" in os.environ:
    # Before the first import of numpy and torch: workers that share the cores take one thread each.
    os.environ.setdefault("OMP_NUM_THREADS", "1")

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from lanes import LaneRules, longest_first

REPOSITORY = Path(__file__).resolve().parent.parent
SLOW_TIMEOUT_S = 3600
ALLOWED_SKIPS = ("allowed: published annotations absent", "allowed: needs ")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--refuse-skips", action="store_true", help="fail on skips for a reason not allowed"
    )


class SkipRules:
    """A plugin of pytest that remembers what must make the whole run fail.

    Workers of pytest-xdist send their reports to the controller, whose plugin judges them; a
    worker's own plugin judges them too, which changes nothing.
    """

    def __init__(self) -> None:
        self.refused: list[str] = []
        self.lost_workers: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if not hasattr(report, "wasxfail"):
            self._judge(report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self._judge(report)

    def _judge(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        if report.skipped:
            detail = report.longrepr
            reason = detail[2] if isinstance(detail, tuple) else str(detail)
            if not any(allowed in reason for allowed in ALLOWED_SKIPS):
                self.refused.append(f"{report.nodeid}: {reason}")

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: object, error: object | None) -> None:
        if error:
            self.lost_workers.append(f"{node}: {error}")

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        refused = self.refused and session.config.getoption("--refuse-skips")
        if (refused or self.lost_workers) and exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        for line in self.refused:
            terminalreporter.write_line(f"skip not allowed: {line}", red=True)
        for line in self.lost_workers:
            terminalreporter.write_line(f"worker lost: {line}", red=True)


def pytest_configure(config: pytest.Config) -> None:
    import matplotlib.font_manager  # noqa: F401 - once it looks for fonts by a process

    rules = LaneRules()
    rules.watch_starters()
    config.pluginmanager.register(rules, "lane-rules")
    config.pluginmanager.register(SkipRules(), "skip-rules")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    longest_first(items)
    for item in items:
        if item.get_closest_marker("slow") and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(SLOW_TIMEOUT_S))


@pytest.fixture(scope="session")
def repository() -> Path:
    return REPOSITORY


@pytest.fixture(scope="session")
def published_data() -> Path:
    """Folder of the published annotations; they are not part of the repository."""
    folder = Path(os.environ.get("POSEGAN_SHARED_DATA", REPOSITORY.parent / "shared" / "data"))
    if not (folder / "market-annotation-train.csv").exists():
        pytest.skip("allowed: published annotations absent")
    return folder


@pytest.fixture
def rng() -> Iterator[np.random.Generator]:
    yield np.random.default_rng(20180301)
