"""Ctrl-C while libraries are loaded: the process leaves, no exception goes through C++.

An interrupt is an exception at whatever line Python is, and the start of a compiled library calls
Python lines from C++ that cannot carry one: torch aborted the process, with a core file. Nothing
of the work hangs on an import, so that the process may leave there at once.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Final

EXIT_INTERRUPTED: Final = 130
INTERRUPTED: Final = "interrupted; repeat the same command to continue"

IMPORTING: Final = "<frozen importlib._bootstrap>"
"""The file that Python names for the lines of its import machinery."""


@contextmanager
def leaving_imports() -> Iterator[None]:
    """Let Ctrl-C within an import end the process with a line and exit code 130.

    Anywhere else it stays KeyboardInterrupt. A handler that somebody else has set stays as well,
    and so does SIGINT outside of the main thread, where none can be set.
    """
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    try:
        signal.signal(signal.SIGINT, _Leaving(os.getpid()))
    except ValueError:  # not the main thread
        yield
        return
    try:
        yield
    finally:
        if isinstance(signal.getsignal(signal.SIGINT), _Leaving):
            signal.signal(signal.SIGINT, signal.default_int_handler)


class _Leaving:
    """Answers SIGINT in the process that set it; one that was forked from it has Python's own."""

    def __init__(self, owner: int) -> None:
        self.owner = owner

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if os.getpid() == self.owner and _is_importing(frame):
            with suppress(OSError):  # nobody reads it
                os.write(2, f"error: {INTERRUPTED}\n".encode())
            os._exit(EXIT_INTERRUPTED)
        signal.default_int_handler(number, frame)


def _is_importing(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename == IMPORTING:
            return True
        frame = frame.f_back
    return False
