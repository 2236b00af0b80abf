"""The console without a terminal: few plain lines, results on stdout."""

from __future__ import annotations

import io
import sys

import pytest

from shared.console import Console, duration


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


def test_the_owners_time_left_is_the_one_that_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    with Console(plain=True, clock=clock).stage("train", 10_000) as stage:
        clock.now = 10.0
        stage.advance(100, "| D 0.7", seconds_left=125.0)
        assert stage.seconds_left == 125.0
        clock.now = 30.0
        assert stage.seconds_left == 105.0
        clock.now = 300.0
        assert stage.seconds_left == 0.0
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "train: 100/10000, 10.0/s, 2 min 5 s left | D 0.7"


def test_live_progress_shows_the_owners_time_left(capsys: pytest.CaptureFixture[str]) -> None:
    with Console(plain=False).stage("train", 10_000) as stage:
        stage.advance(100, seconds_left=7300.0)
    assert "2 h 1 min left" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (59.4, "59 s"), (200, "3 min 20 s"), (7500, "2 h 5 min")]
)
def test_durations_are_for_people(seconds: float, text: str) -> None:
    assert duration(seconds) == text


class GoneTerminal(io.StringIO):
    def write(self, text: str) -> int:
        raise OSError(5, "Input/output error")

    def flush(self) -> None:
        raise OSError(5, "Input/output error")


@pytest.mark.parametrize("plain", [True, False])
def test_a_terminal_that_is_gone_ends_no_work(plain: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", GoneTerminal())
    console = Console(plain=plain)
    console.say("hello")
    console.warn("careful")
    with console.stage("work", 2) as stage:
        stage.advance(2)
    assert stage.done == 2


def test_a_mute_console_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    console = Console(mute=True)
    console.say("hello")
    console.warn("careful")
    console.result("a,b")
    with console.stage("s", 1) as stage:
        stage.advance()
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "")
