"""The standard streams of a process where its caller closed, filled or abandoned them."""

from __future__ import annotations

import os
import select
import sys
from typing import TextIO


def open_missing_streams() -> None:
    """Open /dev/null in place of standard streams that the caller has closed.

    Otherwise the next file that is opened takes their number, and what is printed goes into it.
    """
    for number, name in ((0, "stdin"), (1, "stdout"), (2, "stderr")):
        try:
            os.fstat(number)
        except OSError:
            opened = os.open(os.devnull, os.O_RDWR)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, "r" if number == 0 else "w", closefd=False))  # noqa: SIM115


def is_abandoned(stream: TextIO) -> bool:
    """Tell whether a stream is a pipe that nobody reads any more."""
    try:
        watched = select.poll()
        watched.register(stream.fileno(), 0)
        return any(events & select.POLLERR for _, events in watched.poll(0))
    except (OSError, ValueError):  # a stand-in without a number
        return False


def silence(stream: TextIO) -> None:
    """Point a stream that failed at nothing, so that no later write or last flush fails again."""
    null = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(null, stream.fileno())
    except (OSError, ValueError):  # a stand-in without a number
        pass
    finally:
        os.close(null)
