"""Errors of the project, each class owning the exit code of the command that ends with it.

Convention:
    A message is one line and says where, what was expected, what was found and what to do.
    Constructors take ``message`` first, so that an error survives the way through a process pool.
    Everything that is not a :class:`PoseGanError` is a fault of ours: it keeps its traceback and
    ends the command with exit code 70.
"""

from __future__ import annotations

import atexit
import errno
import functools
import signal
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import ParamSpec

from shared.interrupts import EXIT_INTERRUPTED, INTERRUPTED, leaving_imports
from shared.streams import is_abandoned, open_missing_streams, silence

EXIT_DONE = 0
EXIT_OUR_FAULT = 70

MAX_REASON = 200
"""So many characters of a library's own words are passed on."""

OUT_OF_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
OUT_OF_MEMORY = (
    "out of memory",
    "can't allocate memory",
    "Cannot allocate memory",
    "failed to map segment",
    "can't start new thread",
    "_STATUS_ALLOC_FAILED",
)
"""Words by which torch, the loader and the system say that memory is used up."""

MEANINGS = {
    EXIT_DONE: "done",
    EXIT_OUR_FAULT: "a fault of ours, with traceback; please report it",
    EXIT_INTERRUPTED: "interrupted",
}
"""What the exit codes mean that no class owns."""

P = ParamSpec("P")


class PoseGanError(Exception):
    """Base of all errors that a user can do something about.

    Attributes:
        is_told: Whether another process of the same run says it, so that this one need not.

    Args:
        message: One line that says where, expected, found and what to do.
    """

    exit_code = 2
    meaning = ""
    is_told = False

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def __str__(self) -> str:
        return self.message


class RulesBrokenError(PoseGanError):
    """A check ran to its end and found rules broken (exit code 1)."""

    exit_code = 1
    meaning = "a check found rules broken, for example too many bad images"


class UsageError(PoseGanError):
    """Wrong use of a command, or input that it cannot work with (exit code 2)."""

    exit_code = 2
    meaning = "wrong use, or input that cannot be worked with"


class DivergedError(PoseGanError):
    """Training met values that are not finite and could not recover (exit code 3)."""

    exit_code = 3
    meaning = "training diverged; `diverged.json` in the run folder lists the batch"


class LockedError(PoseGanError):
    """Another process works on the same folder (exit code 4)."""

    exit_code = 4
    meaning = "another process works on the same folder"


class NoSpaceError(PoseGanError):
    """The disk or the memory has, or would have, no space left (exit code 5)."""

    exit_code = 5
    meaning = "no space left; nothing is lost, free some and repeat the command"


class DamagedError(PoseGanError):
    """Data on disk is not what was written: wrong hash or wrong structure (exit code 6)."""

    exit_code = 6
    meaning = "data are damaged: wrong hash or wrong structure"


class StoppedError(PoseGanError):
    """Stopped on request, or left alone; the same command continues (exit code 75)."""

    exit_code = 75
    meaning = "stopped on request, or left by another process; the same command continues"


def exit_codes() -> dict[int, str]:
    """Every exit code of the commands with its meaning, in the order of the numbers."""
    owned = {each.exit_code: each.meaning for each in PoseGanError.__subclasses__()}
    return dict(sorted({**MEANINGS, **owned}.items()))


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
    line, and so does what the machine refuses: memory, disk, files, libraries that cannot be
    loaded. Anything else keeps its traceback and exits with 70; an interrupt exits with 130.

    Args:
        command: The body of the command. What it returns is the exit code; None means 0.

    Returns:
        A function with the same parameters that always ends in ``SystemExit``.
    """

    @functools.wraps(command)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> None:
        open_missing_streams()
        try:
            with leaving_imports():
                result = command(*args, **kwargs)
            code = result if isinstance(result, int) else EXIT_DONE
        except KeyboardInterrupt:
            _complain(INTERRUPTED)
            code = EXIT_INTERRUPTED
        except Exception as error:
            code = _told(error)
        atexit.register(_leave_undisturbed)  # the last one registered is the first one called
        sys.exit(_flushed(code))

    return guarded


def _leave_undisturbed() -> None:
    """Let Ctrl-C end nothing any more while the libraries tidy up: the work is done."""
    with suppress(ValueError):  # not the main thread: then the signal does not come here either
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def from_machine(error: Exception) -> PoseGanError | None:
    """Turn what the machine refused into an error of ours; None for anything else.

    Args:
        error: Any exception that nobody expected.
    """
    reason = " ".join(str(error).split())[:MAX_REASON]
    if isinstance(error, MemoryError) or _is_out_of_memory(error, reason):
        remedy = "close other programs, or lower the batch, the workers or the sizes"
        found = reason or "none left"
        return NoSpaceError(problem("memory", "room for the work", found, remedy))
    if isinstance(error, ImportError):
        name, remedy = error.name or "a library", "posegan-doctor says what is missing"
        return UsageError(problem(name, "a library that can be loaded", reason, remedy))
    if isinstance(error, OSError):
        where = error.filename if error.filename is not None else "the operating system"
        found = error.strerror or reason
        if error.errno in OUT_OF_SPACE:
            return NoSpaceError(
                problem(where, "space to write", found, "free space, then repeat the command")
            )
        return UsageError(
            problem(where, "a file or folder that can be used", found, "check it, then repeat")
        )
    return None


def _told(error: Exception) -> int:
    """Say on stderr what ended a command; return its exit code."""
    if isinstance(error, BrokenPipeError) and is_abandoned(sys.stdout):
        return EXIT_DONE  # whoever read the product has seen enough
    known = error if isinstance(error, PoseGanError) else from_machine(error)
    if known is None:
        _say("".join(traceback.format_exception(error)))
        _complain("this is a fault of posegan, please report it")
        return EXIT_OUR_FAULT
    if not known.is_told:
        _complain(" ".join(known.message.split()))
    return known.exit_code


def _complain(text: str) -> None:
    """Write one line to stderr, where somebody reads it."""
    _say(f"error: {text}\n")


def _say(text: str) -> None:
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except OSError:
        silence(sys.stderr)


def _flushed(code: int) -> int:
    """Write out what a command printed; an unwritable product is no success.

    Nobody reading on (a closed pipe) is the reader's choice and no failure.
    """
    try:
        sys.stdout.flush()
        if (lost := getattr(sys.stdout, "lost", None)) is not None:
            raise lost
    except BrokenPipeError:
        silence(sys.stdout)
    except OSError as error:
        silence(sys.stdout)
        known = from_machine(OSError(error.errno, error.strerror, "standard output"))
        if known is not None:
            _complain(known.message)
            return code or known.exit_code
    return code


def _is_out_of_memory(error: Exception, reason: str) -> bool:
    """Tell whether torch or the system ran out of memory; torch says it in words only."""
    named = type(error).__name__ in ("OutOfMemoryError", "ArrayMemoryError")
    said = any(words in reason for words in OUT_OF_MEMORY)
    return named or (isinstance(error, RuntimeError | OSError | ImportError) and said)
