"""Fixtures of all tests, and the rule that a test is only skipped for an allowed reason."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
ALLOWED_SKIPS = ("allowed: published annotations absent", "allowed: needs ")

_refused: list[str] = []


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--refuse-skips", action="store_true", help="fail on skips for a reason not allowed"
    )


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        if not any(allowed in reason for allowed in ALLOWED_SKIPS):
            _refused.append(f"{report.nodeid}: {reason}")


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    if session.config.getoption("--refuse-skips") and _refused and exitstatus == 0:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for line in _refused:
        terminalreporter.write_line(f"skip not allowed: {line}", red=True)


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
