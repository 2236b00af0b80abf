"""Stopping work on request: the first signal asks, the second one leaves at once.

A command enters :class:`StopRequest` before its slow imports, so that a signal never meets a
process without handlers, and hands it to what works::

    with StopRequest() as stop:
        from train.loop import run
        run(..., stop=stop)
"""

from __future__ import annotations

import os
import signal
from types import FrameType
from typing import Any, Final, Self

from shared.errors import StoppedError
from shared.interrupts import EXIT_INTERRUPTED

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1, signal.SIGHUP)


class StopRequest:
    """Notes SIGINT, SIGTERM, SIGUSR1 and SIGHUP while its block runs.

    The first of them only sets :attr:`signal_name`; a loop looks at :attr:`asked_by` between two
    pieces of work. A second one ends the process with exit code 130 without any further work, but
    for SIGHUP: a terminal that closes sends it more than once. Under ``nohup`` SIGHUP stays
    ignored.

    Below a launcher a second signal changes nothing, and after the block all are ignored: torchrun
    passes one signal on to processes that have it already, and kills by itself what does not end.
    Its own end counts as a signal.

    Args:
        launched: Whether a launcher such as torchrun started this process, to end with it.
    """

    def __init__(self, *, launched: bool = False) -> None:
        self.signal_name: str | None = None
        self._old: dict[signal.Signals, Any] = {}
        self._launcher = os.getppid() if launched else None

    def __enter__(self) -> Self:
        """Handle the signals from now on."""
        self._old = {
            each: signal.signal(each, self._note) for each in SIGNALS if not _is_nohup(each)
        }
        return self

    def __exit__(self, *_: object) -> None:
        """Put the earlier handlers back."""
        for each, handler in self._old.items():
            signal.signal(each, handler if self._launcher is None else signal.SIG_IGN)

    @property
    def asked_by(self) -> str | None:
        """What asked to stop: a signal by name, or the end of the launcher; None for nothing."""
        if self.signal_name is None and self._launcher not in (None, os.getppid()):
            return "the end of its launcher"
        return self.signal_name

    def leave_if_asked(self) -> None:
        """End before the work has begun, where there is nothing to save yet.

        Raises:
            StoppedError: A signal has come.
        """
        if self.asked_by is not None:
            raise StoppedError(
                f"stopped by {self.asked_by} before the work began; "
                "repeat the same command to go on"
            )

    def _note(self, number: int, _frame: FrameType | None) -> None:
        is_second = self.signal_name is not None and self._launcher is None
        if is_second and number != signal.SIGHUP:
            os._exit(EXIT_INTERRUPTED)
        self.signal_name = self.signal_name or signal.Signals(number).name


def _is_nohup(number: signal.Signals) -> bool:
    return number == signal.SIGHUP and signal.getsignal(number) == signal.SIG_IGN
