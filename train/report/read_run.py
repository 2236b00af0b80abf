"""A run folder as a report reads it: whatever is there, also while training writes into it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from shared.errors import PoseGanError, UsageError, problem
from shared.files import read_json
from shared.regular_files import read_regular
from train.run_folder import DIVERGED_NAME, LOG_NAME, SETTINGS_NAME, SHEETS
from train.watch.logbook import MAX_LOG_BYTES, read_log

SCORES: Final = Path("scores") / "metrics.json"

_SHEET: Final = re.compile(r"sheet-(\d{1,15})\.png", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class RunFacts:
    """What a run folder holds.

    Args:
        label: What the page calls it; unique among the runs of a page.
        folder: The folder.
        settings: Its settings as they were saved, flat: dotted key to plain value.
        records: The lines of its log that a run can have written.
        num_odd_lines: The other lines.
        sheets: Images seen, and the file, for each sample sheet.
        scores: What ``eval-gan --run`` wrote; None where there is nothing to read.
        why_no_scores: Why there is nothing, in words.
        has_diverged: Whether training noted that it diverged.
    """

    label: str
    folder: Path
    settings: Mapping[str, Any]
    records: Sequence[Mapping[str, Any]]
    num_odd_lines: int
    sheets: Sequence[tuple[int, Path]]
    scores: Mapping[str, Any] | None
    why_no_scores: str
    has_diverged: bool

    @property
    def images(self) -> int:
        """Images seen at the log's last line."""
        return max((int(record["images"]) for record in self.records), default=0)


def read_runs(folders: Sequence[Path]) -> list[RunFacts]:
    """Read run folders; those of one name are told apart by their parents' names, or by number.

    Raises:
        UsageError: A folder is no run.
        DamagedError: Its settings are not JSON.
    """
    return [
        _read_run(folder, label) for folder, label in zip(folders, _labels(folders), strict=True)
    ]


def _read_run(folder: Path, label: str) -> RunFacts:
    path = folder / SETTINGS_NAME
    if not path.is_file():
        remedy = "give train-gan's --out"
        raise UsageError(problem(folder, f"a run folder with {SETTINGS_NAME}", "none", remedy))
    settings = read_json(path)
    records = read_log(folder)
    scores, why = _scores(folder)
    return RunFacts(
        label=label,
        folder=folder,
        settings=dict(_flat(settings if isinstance(settings, dict) else {"settings": settings})),
        records=records,
        num_odd_lines=max(0, _num_lines(folder) - len(records)),
        sheets=_sheets(folder),
        scores=scores,
        why_no_scores=why,
        has_diverged=(folder / DIVERGED_NAME).exists(),
    )


def _labels(folders: Sequence[Path]) -> list[str]:
    whole = [folder.absolute() for folder in folders]
    labels = [folder.name or str(folder) for folder in whole]
    if len(set(labels)) < len(labels):
        labels = [f"{folder.parent.name}/{folder.name}" for folder in whole]
    if len(set(labels)) < len(labels):
        labels = [f"{number}: {label}" for number, label in enumerate(labels, start=1)]
    return labels


def _flat(content: Mapping[str, Any], prefix: str = "", depth: int = 0) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for key, value in content.items():
        if isinstance(value, Mapping) and depth < 8:
            found += _flat(value, f"{prefix}{key}.", depth + 1)
        else:
            found.append((f"{prefix}{key}", value))
    return found


def _num_lines(folder: Path) -> int:
    """Count the lines of the log that hold something."""
    try:
        lines = read_regular(folder / LOG_NAME, MAX_LOG_BYTES).split(b"\n")
    except OSError:
        return 0
    return sum(bool(line.strip()) for line in lines)


def _sheets(folder: Path) -> list[tuple[int, Path]]:
    try:
        found = list((folder / SHEETS).iterdir())
    except OSError:
        return []
    matched = ((path, _SHEET.fullmatch(path.name)) for path in found)
    return sorted((int(match[1]), path) for path, match in matched if match)


def _scores(folder: Path) -> tuple[Mapping[str, Any] | None, str]:
    path = folder / SCORES
    if not path.exists():
        return None, "not scored; eval-gan --run scores a run"
    try:
        content = read_json(path)
    except PoseGanError as error:
        return None, str(error)
    return (content, "") if isinstance(content, dict) else (None, f"{path}: no table of scores")
