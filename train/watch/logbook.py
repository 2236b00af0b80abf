"""The logbook of a run: JSON lines always, TensorBoard where wanted, the console for people.

Convention:
    ``log.jsonl`` holds one JSON object a line, each with ``images`` and ``kind``: ``status``
    (losses and speed) or ``scores`` (quick scores on fixed test pairs). When a run goes on from a
    checkpoint, the lines written after that checkpoint are dropped first, so that the log reads
    as if nothing had happened. A line that no run could have written, torn or edited, does not
    count and goes then too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from shared.errors import UsageError, problem
from shared.files import Disk, append_text, publish_text
from shared.regular_files import read_regular
from train.run_folder import EVENTS, LOG_NAME

GROUPS = ("losses", "discriminator", "gradients", "speed", "ssim", "mask_ssim")
"""What holds figures by name; everything else is a figure or a word."""

_MAX_IMAGES = 2**53
MAX_LOG_BYTES = 1 << 32
_NAME = re.compile(r"[\w .+-]{1,80}")


class Events(Protocol):
    """The part of TensorBoard's writer that is used."""

    def add_scalar(self, tag: str, value: float, step: int) -> None:
        """Note one figure."""

    def close(self) -> None:
        """Write everything out."""


class Logbook:
    """Writes the records of a run.

    Args:
        folder: The run folder.
        open_events: Opens TensorBoard's writer after so many images; None for none.
        disk: Calls to the operating system; the real ones by default.
    """

    def __init__(
        self,
        folder: Path,
        *,
        open_events: Callable[[int], Events] | None = None,
        disk: Disk | None = None,
    ) -> None:
        self._folder = folder
        self._open_events = open_events
        self._disk = disk
        self._events: Events | None = None

    def begin(self, images: int) -> None:
        """Keep the records up to this many images, from where the run goes on.

        Raises:
            NoSpaceError: The disk is full; the log is as it was.
        """
        kept = [record for record in read_log(self._folder) if record["images"] <= images]
        lines = [json.dumps(record) + "\n" for record in kept]
        publish_text(self._folder / LOG_NAME, "".join(lines), self._disk)
        self.close()
        if self._open_events is not None:
            self._events = self._open_events(images)

    def write(self, kind: str, images: int, groups: Mapping[str, Any]) -> None:
        """Append one record.

        Args:
            kind: ``status`` or ``scores``.
            images: Images seen so far.
            groups: Single figures, and groups of figures by name.

        Raises:
            NoSpaceError: The disk is full.
            UsageError: The log cannot be written, for example because its folder is gone.
        """
        line = json.dumps({"images": images, "kind": kind, **groups}) + "\n"
        append_text(self._folder / LOG_NAME, line, self._disk)
        if self._events is None:
            return
        for group, figures in groups.items():
            named = figures.items() if isinstance(figures, Mapping) else [("value", figures)]
            for name, value in named:
                self._events.add_scalar(f"{group}/{name}", float(value), images)

    def close(self) -> None:
        """Write everything out."""
        if self._events is not None:
            self._events.close()
            self._events = None


def read_log(folder: Path) -> list[dict[str, Any]]:
    """Read the records of a run, oldest first; lines that no run could have written do not count.

    Raises:
        UsageError: The log cannot be read.
    """
    path = folder / LOG_NAME
    try:
        text = read_regular(path, MAX_LOG_BYTES).decode("utf-8", "replace")
    except FileNotFoundError:
        return []
    except OSError as error:
        raise UsageError(
            problem(path, "the run's log", error.strerror, "move it away or choose another --out")
        ) from error
    read = (_record(line) for line in text.split("\n"))
    return [record for record in read if record is not None]


def _record(line: str) -> dict[str, Any] | None:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) and _is_well_formed(record) else None


def _is_well_formed(record: dict[str, Any]) -> bool:
    images = record.get("images")
    if not isinstance(images, int) or isinstance(images, bool) or not 0 <= images <= _MAX_IMAGES:
        return False
    if record.get("kind") not in ("status", "scores"):
        return False
    return all(
        _are_figures(value) if name in GROUPS or isinstance(value, dict) else _is_plain(value)
        for name, value in record.items()
    )


def _are_figures(group: Any) -> bool:
    return isinstance(group, dict) and all(
        _NAME.fullmatch(name) and _is_figure(value) for name, value in group.items()
    )


def _is_plain(value: Any) -> bool:
    return isinstance(value, str) or _is_figure(value)


def _is_figure(value: Any) -> bool:
    """Tell whether a value is a number that a float can hold; NaN and infinity are."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return isinstance(value, float) or abs(value) <= _MAX_IMAGES


def require_tensorboard() -> None:
    """Make sure that TensorBoard's writer is there.

    Raises:
        UsageError: TensorBoard is not installed.
    """
    try:
        import torch.utils.tensorboard.writer  # noqa: F401, PLC0415 - an extra
    except ImportError as error:
        raise UsageError(
            problem(
                "--tensorboard",
                "TensorBoard installed",
                str(error),
                "run pip install 'posegan[tensorboard]', or leave the option out",
            )
        ) from error


def open_tensorboard(folder: Path, images: int) -> Events:
    """Open TensorBoard's writer in the run folder.

    Args:
        folder: The run folder.
        images: Images seen so far; later events of an earlier try are hidden.

    Raises:
        UsageError: TensorBoard is not installed.
    """
    require_tensorboard()
    from torch.utils.tensorboard.writer import SummaryWriter  # noqa: PLC0415 - an extra

    writer: Events = SummaryWriter(str(folder / EVENTS), purge_step=images + 1)
    return writer
