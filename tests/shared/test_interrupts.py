"""What Ctrl-C does within an import, and that it is Python's own anywhere else."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from shared.interrupts import leaving_imports


def interrupt() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def test_outside_of_an_import_it_is_an_exception_and_all_is_put_back() -> None:
    with pytest.raises(KeyboardInterrupt), leaving_imports():
        interrupt()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_within_another_one_the_outer_one_stays() -> None:
    with leaving_imports():
        outer = signal.getsignal(signal.SIGINT)
        with leaving_imports():
            assert signal.getsignal(signal.SIGINT) is outer
        assert signal.getsignal(signal.SIGINT) is outer


def test_what_somebody_else_has_set_stays() -> None:
    seen = []
    before = signal.signal(signal.SIGINT, lambda *_: seen.append(1))
    try:
        with leaving_imports():
            interrupt()
    finally:
        signal.signal(signal.SIGINT, before)
    assert seen == [1]


def test_what_is_set_within_stays() -> None:
    try:
        with leaving_imports():
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def test_a_thread_cannot_set_one_and_works_on() -> None:
    done = []

    def work() -> None:
        with leaving_imports():
            done.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == [signal.default_int_handler]
