"""The console: the one owner of rich.

On a terminal it shows live progress; elsewhere it prints one plain line every few seconds, so
that log files stay readable. Everything goes to stderr except :meth:`Console.result`, whose lines
are a command's product and go to stdout.

A stream that fails ends no work. What is said to a stderr that is gone or full is lost, from the
first failure on, and so is a product that nobody reads (``| head -1``). A product that a full
disk does not take is an error at the end of the command, when all other work is done.
"""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TextIO

from rich import box
from rich.console import Console as RichConsole
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from shared.streams import silence

PLAIN_INTERVAL_S = 5.0


class Stage:
    """Progress of one stage: counts units and knows its rate and the time left."""

    def __init__(self, name: str, total: int, clock: Callable[[], float]) -> None:
        self.name = name
        self.total = total
        self.done = 0
        self.note = ""
        self._fresh = 0
        self._clock = clock
        self._start = clock()
        self._ends_at: float | None = None
        self._shown: Callable[[], None] = lambda: None

    def advance(self, count: int = 1, note: str = "", *, seconds_left: float | None = None) -> None:
        """Count units as done.

        Args:
            count: Units done since the last call.
            note: Shown behind the figures; empty leaves the last one.
            seconds_left: How long the stage still takes, where its owner knows better than the
                rate does; it counts down from here on.
        """
        self.done += count
        self._fresh += count
        self.note = note or self.note
        if seconds_left is not None:
            self._ends_at = self._clock() + seconds_left
        self._shown()

    def skip(self, count: int) -> None:
        """Count units that an earlier run did already; they do not enter the rate."""
        self.done += count
        self._shown()

    @property
    def seconds(self) -> float:
        """Time since the stage began."""
        return self._clock() - self._start

    @property
    def rate(self) -> float:
        """Units a second, of those done in this run."""
        return self._fresh / self.seconds if self.seconds > 0 else 0.0

    @property
    def seconds_left(self) -> float | None:
        """The one figure for the time left: the owner's, else by the rate; None before any."""
        if self._ends_at is not None:
            return max(0.0, self._ends_at - self._clock())
        return (self.total - self.done) / self.rate if self.rate else None

    @property
    def left(self) -> str:
        """The time left, for people."""
        left = self.seconds_left
        return "starting" if left is None else f"{duration(left)} left"

    @property
    def line(self) -> str:
        """The figures as one plain line."""
        figures = f"{self.done}/{self.total}, {self.rate:.1f}/s, {self.left}"
        return f"{self.name}: {figures} {self.note}".rstrip()


def duration(seconds: float) -> str:
    """Return a duration for people: ``"45 s"``, ``"3 min 20 s"``, ``"2 h 5 min"``."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


class _Stream(io.TextIOBase):
    """A standard stream of the moment; nobody reading any more is no error.

    Args:
        name: ``"stdout"`` or ``"stderr"``.
        is_product: Whether what is written is the product of a command. What a full disk could
            not take of it is noted at the stream, and the end of the command tells
            (:func:`shared.errors.ends_with_exit_code`). What is said goes mute.
    """

    def __init__(self, name: str, *, is_product: bool) -> None:
        self._name = name
        self._is_product = is_product

    @property
    def _stream(self) -> TextIO:
        now = getattr(sys, self._name)
        stream: TextIO = getattr(now, "rich_proxied_file", now)
        return stream

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return getattr(self._stream, "encoding", None) or "utf-8"

    def write(self, text: str) -> int:
        plain = text.encode(self.encoding, "backslashreplace").decode(self.encoding)
        self._attempt(lambda stream: stream.write(plain))
        return len(text)

    def flush(self) -> None:
        self._attempt(lambda stream: stream.flush())

    def isatty(self) -> bool:
        return self._stream.isatty()

    def fileno(self) -> int:
        return self._stream.fileno()

    def _attempt(self, action: Callable[[TextIO], object]) -> None:
        stream = self._stream
        try:
            action(stream)
        except (OSError, ValueError) as error:
            if self._is_product and not isinstance(error, BrokenPipeError | ValueError):
                stream.lost = error  # type: ignore[attr-defined]
            silence(stream)


class Console:
    """What a command says to its user.

    Args:
        quiet: Say nothing but warnings and results.
        mute: Say nothing at all, as the processes of a run do that are not its first.
        plain: Force plain lines; by default they are used where stderr is no terminal.
        clock: Monotonic time in seconds.
    """

    def __init__(
        self,
        *,
        quiet: bool = False,
        mute: bool = False,
        plain: bool | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rich = _rich_console("stderr", mute=mute)
        self._out = _rich_console("stdout", mute=mute)
        self._quiet = quiet or mute
        self._plain = not self._rich.is_terminal if plain is None else plain
        self._clock = clock
        self._live: Progress | None = None

    def say(self, text: str) -> None:
        """Say one line about what goes on."""
        if not self._quiet:
            self._rich.print(text, markup=False)

    def warn(self, text: str) -> None:
        """Say one line that the user should not miss."""
        self._rich.print(f"warning: {text}", markup=False, style="yellow")

    def result(self, text: str) -> None:
        """Print one line of the command's product on stdout."""
        self._out.print(text, markup=False)

    def table(self, title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """Print a table on stdout; the first column is aligned left, the others right."""
        table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
        for number, column in enumerate(columns):
            table.add_column(column, justify="right" if number else "left", overflow="fold")
        for row in rows:
            table.add_row(*(str(cell) for cell in row))
        self._out.print(table, soft_wrap=not self._out.is_terminal)

    @contextmanager
    def stage(self, name: str, total: int) -> Iterator[Stage]:
        """Show the progress of a stage while the block runs.

        Args:
            name: What is done, for example ``"poses"``.
            total: Number of units.

        Yields:
            The stage, to be advanced.
        """
        stage = Stage(name, total, self._clock)
        if self._quiet:
            yield stage
        elif self._plain:
            yield from self._plain_stage(stage)
        else:
            yield from self._live_stage(stage)

    def _plain_stage(self, stage: Stage) -> Iterator[Stage]:
        last = self._clock()

        def show() -> None:
            nonlocal last
            if self._clock() - last >= PLAIN_INTERVAL_S:
                last = self._clock()
                self.say(stage.line)

        stage._shown = show
        yield stage
        count = f"{stage.done}/{stage.total}"
        self.say(f"{stage.name}: {count} in {stage.seconds:.1f} s {stage.note}".rstrip())

    def _live_stage(self, stage: Stage) -> Iterator[Stage]:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TextColumn("{task.fields[left]}"),
            TextColumn("{task.fields[note]}", markup=False),
        )
        owner = self._live is None
        live = self._live or Progress(*columns, console=self._rich)
        if owner:
            self._live = live
            live.start()
        task = live.add_task(stage.name, total=stage.total, rate="", left="", note="")

        def show() -> None:
            rate = f"{stage.rate:.1f}/s"
            live.update(task, completed=stage.done, rate=rate, left=stage.left, note=stage.note)

        stage._shown = show
        try:
            yield stage
        finally:
            if owner:
                live.stop()
                self._live = None


def _rich_console(name: str, *, mute: bool) -> RichConsole:
    stream: Any = _Stream(name, is_product=name == "stdout")
    return RichConsole(file=stream, highlight=False, soft_wrap=True, quiet=mute)
