"""Errors of the project, each class owning the exit code of the command that ends with it.

Convention:
    A message is one line and says where, what was expected, what was found and what to do.
    Constructors take ``message`` first, so that an error survives the way through a process pool.
    Everything that is not a :class:`PoseGanError` is a fault of ours: it keeps its traceback and
    ends the command with exit code 70.
"""

from __future__ import annotations

import functools
import os
import sys
import traceback
from collections.abc import Callable
from typing import ParamSpec

EXIT_DONE = 0
EXIT_OUR_FAULT = 70
EXIT_INTERRUPTED = 130

P = ParamSpec("P")


class PoseGanError(Exception):
    """Base of all errors that a user can do something about.

    Args:
        message: One line that says where, expected, found and what to do.
    """

    exit_code = 2

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def __str__(self) -> str:
        return self.message


class RulesBrokenError(PoseGanError):
    """A check ran to its end and found rules broken (exit code 1)."""

    exit_code = 1


class UsageError(PoseGanError):
    """Wrong use of a command, or input that it cannot work with (exit code 2)."""

    exit_code = 2


class DivergedError(PoseGanError):
    """Training met values that are not finite and could not recover (exit code 3)."""

    exit_code = 3


class LockedError(PoseGanError):
    """Another process works on the same folder (exit code 4)."""

    exit_code = 4


class NoSpaceError(PoseGanError):
    """The disk has, or would have, no space left (exit code 5)."""

    exit_code = 5


class DamagedError(PoseGanError):
    """Data on disk is not what was written: wrong hash or wrong structure (exit code 6)."""

    exit_code = 6


class StoppedError(PoseGanError):
    """Stopped on request; the same command continues (exit code 75)."""

    exit_code = 75


def problem(where: object, expected: object, found: object, remedy: str) -> str:
    """Compose the one line of an error message.

    Args:
        where: File, setting or place.
        expected: What should have been there.
        found: What was there instead.
        remedy: What the user can do, as an imperative without a full stop.

    Returns:
        ``"<where>: expected <expected>, found <found>; <remedy>"`` without line breaks.
    """
    line = f"{where}: expected {expected}, found {found}; {remedy}"
    return " ".join(line.split())


def ends_with_exit_code(command: Callable[P, object]) -> Callable[P, None]:
    """Turn the errors of a command's body into one line on stderr and the right exit code.

    It stands directly above the function that a command line calls. A project error becomes one
    line; anything else keeps its traceback and exits with 70; an interrupt exits with 130.

    Args:
        command: The body of the command. What it returns is the exit code; None means 0.

    Returns:
        A function with the same parameters that always ends in ``SystemExit``.
    """

    @functools.wraps(command)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            result = command(*args, **kwargs)
            sys.stdout.flush()
        except PoseGanError as error:
            print(f"error: {' '.join(error.message.split())}", file=sys.stderr)
            sys.exit(error.exit_code)
        except KeyboardInterrupt:
            print("error: interrupted; repeat the same command to continue", file=sys.stderr)
            sys.exit(EXIT_INTERRUPTED)
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(EXIT_DONE)
        except Exception:
            traceback.print_exc()
            print("error: this is a fault of posegan, please report it", file=sys.stderr)
            sys.exit(EXIT_OUR_FAULT)
        sys.exit(result if isinstance(result, int) else EXIT_DONE)

    return guarded
