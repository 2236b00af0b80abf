from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from shared.errors import StoppedError
from shared.stopping import SIGNALS, StopRequest


@pytest.mark.parametrize("number", SIGNALS)
def test_the_first_signal_is_only_noted(number: signal.Signals) -> None:
    with StopRequest() as stop:
        assert stop.signal_name is None
        os.kill(os.getpid(), number)
        assert stop.signal_name == number.name


def test_handlers_are_given_back() -> None:
    before = [signal.getsignal(number) for number in SIGNALS]
    with StopRequest():
        assert [signal.getsignal(number) for number in SIGNALS] != before
    assert [signal.getsignal(number) for number in SIGNALS] == before


@pytest.mark.process
def test_the_second_signal_leaves_at_once() -> None:
    code = """
import os, signal, time
from shared.stopping import StopRequest
with StopRequest():
    os.kill(os.getpid(), signal.SIGTERM)
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(60)
"""
    done = subprocess.run([sys.executable, "-c", code], check=False, timeout=30)
    assert done.returncode == 130


def test_nohup_stays_in_force() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with StopRequest() as stop:
            os.kill(os.getpid(), signal.SIGHUP)
            assert stop.signal_name is None
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_terminal_that_closes_may_say_so_twice() -> None:
    with StopRequest() as stop:
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGHUP)
        assert stop.signal_name == "SIGTERM"


@pytest.mark.process
def test_a_signal_during_slow_imports_ends_with_75() -> None:
    code = """
import os, signal, sys
from shared.stopping import StopRequest
from shared.errors import ends_with_exit_code
def command():
    with StopRequest() as stop:
        os.kill(os.getpid(), signal.SIGTERM)
        import json
        stop.leave_if_asked()
        print("trained")
ends_with_exit_code(command)()
"""
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, check=False, timeout=30, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (75, "")
    assert "stopped by SIGTERM before the work began" in done.stderr


@pytest.mark.process
def test_below_a_launcher_further_signals_change_nothing_to_the_end() -> None:
    code = """
import os, signal
from shared.stopping import StopRequest
with StopRequest(launched=True) as stop:
    os.kill(os.getpid(), signal.SIGTERM)
    os.kill(os.getpid(), signal.SIGINT)
os.kill(os.getpid(), signal.SIGTERM)
print(stop.asked_by)
"""
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, check=False, timeout=30, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "SIGTERM\n"), done.stderr


def test_the_end_of_the_launcher_asks_to_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    alone, launched = StopRequest(), StopRequest(launched=True)
    assert (alone.asked_by, launched.asked_by) == (None, None)
    monkeypatch.setattr(os, "getppid", lambda: 1_000_000)
    assert alone.asked_by is None
    assert launched.asked_by == "the end of its launcher"
    with pytest.raises(StoppedError, match="stopped by the end of its launcher before the work"):
        launched.leave_if_asked()
