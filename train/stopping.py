"""Stopping a run on request: the first signal asks, the second one leaves at once."""

from __future__ import annotations

import os
import signal
from types import FrameType
from typing import Any

from shared.errors import EXIT_INTERRUPTED

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)


class StopRequest:
    """Notes SIGINT, SIGTERM and SIGUSR1 while its block runs.

    The first of them only sets :attr:`signal_name`, for the loop to look at between two steps.
    A second one ends the process with exit code 130 without any further work.
    """

    def __init__(self) -> None:
        self.signal_name: str | None = None
        self._old: dict[signal.Signals, Any] = {}

    def __enter__(self) -> StopRequest:
        """Take the signals over."""
        self._old = {each: signal.signal(each, self._note) for each in SIGNALS}
        return self

    def __exit__(self, *_: object) -> None:
        """Give the signals back to who had them."""
        for each, handler in self._old.items():
            signal.signal(each, handler)

    def _note(self, number: int, _frame: FrameType | None) -> None:
        if self.signal_name is not None:
            os._exit(EXIT_INTERRUPTED)
        self.signal_name = signal.Signals(number).name
