"""The logbook of a run: JSON lines always, TensorBoard where wanted, the console for people.

Convention:
    ``log.jsonl`` holds one JSON object a line, each with ``images`` and ``kind``: ``status``
    (losses and speed) or ``scores`` (quick scores on fixed test pairs). When a run resumes from a
    checkpoint, the lines written after that checkpoint are dropped first, so that the log reads
    as if nothing had happened.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from shared.errors import UsageError, problem
from shared.files import Disk, publish_text

LOG_NAME = "log.jsonl"


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
        images: Images seen by the checkpoint from which the run goes on.
        events: TensorBoard's writer; None for none.
        disk: Calls to the operating system; the real ones by default.
    """

    def __init__(
        self, folder: Path, *, images: int, events: Events | None = None, disk: Disk | None = None
    ) -> None:
        self._path = folder / LOG_NAME
        self._events = events
        kept = [record for record in read_log(folder) if record["images"] <= images]
        lines = [json.dumps(record) + "\n" for record in kept]
        publish_text(self._path, "".join(lines), disk)

    def write(self, kind: str, images: int, groups: Mapping[str, Any]) -> None:
        """Append one record.

        Args:
            kind: ``status`` or ``scores``.
            images: Images seen so far.
            groups: Single figures, and groups of figures by name.
        """
        record = {"images": images, "kind": kind, **groups}
        with self._path.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(record) + "\n")
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


def read_log(folder: Path) -> list[dict[str, Any]]:
    """Read the records of a run, oldest first; a torn last line does not count."""
    try:
        text = (folder / LOG_NAME).read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return []
    records = []
    for line in text.splitlines():
        try:
            record = json.loads(line)
        except ValueError:
            continue
        if isinstance(record, dict) and isinstance(record.get("images"), int):
            records.append(record)
    return records


def open_tensorboard(folder: Path, images: int) -> Events:
    """Open TensorBoard's writer in the run folder.

    Args:
        folder: The run folder.
        images: Images seen so far; later events of an earlier try are hidden.

    Raises:
        UsageError: TensorBoard is not installed.
    """
    try:
        from torch.utils.tensorboard.writer import SummaryWriter  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise UsageError(
            problem(
                "--tensorboard",
                "TensorBoard installed",
                str(error),
                "run pip install 'posegan[tensorboard]', or leave the option out",
            )
        ) from error
    writer: Events = SummaryWriter(str(folder / "tensorboard"), purge_step=images + 1)
    return writer
