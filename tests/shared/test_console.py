"""The console without a terminal: few plain lines, results on stdout."""

from __future__ import annotations

import pytest

from shared.console import Console


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_plain_progress_is_a_line_every_few_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    with Console(plain=True, clock=clock).stage("poses", 100) as stage:
        stage.skip(20)
        for _ in range(80):
            clock.now += 0.25
            stage.advance(1)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "poses: 40/100, 4.0/s, 15 s left"
    assert lines[-1] == "poses: 100/100 in 20.0 s"
    assert len(lines) == 5


def test_live_progress_ends_and_can_be_nested(capsys: pytest.CaptureFixture[str]) -> None:
    console = Console(plain=False)
    with console.stage("outer", 1) as outer, console.stage("inner", 2) as inner:
        inner.advance(2, "note [x]")
        outer.advance()
    assert "outer" in capsys.readouterr().err


def test_results_go_to_stdout_and_the_rest_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    console = Console(plain=True)
    console.say("hello [bold]")
    console.warn("careful")
    console.result("a,b")
    console.table("Parts", ["part", "%"], [["head [x]", 28.3]])
    captured = capsys.readouterr()
    assert captured.err.splitlines() == ["hello [bold]", "warning: careful"]
    assert captured.out.startswith("a,b\n") and "28.3" in captured.out and "head" in captured.out


def test_quiet_console_still_warns(capsys: pytest.CaptureFixture[str]) -> None:
    console = Console(quiet=True)
    console.say("hello")
    with console.stage("s", 1) as stage:
        stage.advance()
    console.warn("careful")
    assert capsys.readouterr().err == "warning: careful\n"
