"""Ending a watch on request: the first signal asks, the second one leaves at once.

A command enters :class:`StopSignals` before its slow imports, so that a signal never meets a
process without handlers.
"""

from __future__ import annotations

import os
import signal
from types import FrameType
from typing import Any, Final, Self

from shared.errors import EXIT_INTERRUPTED

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopSignals:
    """Notes SIGINT, SIGTERM and SIGHUP while its block runs.

    The first of them sets :attr:`name`, for a loop to look at. A second one ends the process with
    exit code 130, but for SIGHUP: a terminal that closes sends it more than once. Under ``nohup``
    SIGHUP stays ignored.
    """

    def __init__(self) -> None:
        self.name: str | None = None
        self._old: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        """Handle the signals from now on."""
        is_nohup = signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
        for each in SIGNALS[: 2 if is_nohup else 3]:
            self._old[each] = signal.signal(each, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        """Put the earlier handlers back."""
        for each, handler in self._old.items():
            signal.signal(each, handler)

    def _note(self, number: int, _frame: FrameType | None) -> None:
        if self.name is not None and number != signal.SIGHUP:
            os._exit(EXIT_INTERRUPTED)
        self.name = self.name or signal.Signals(number).name
