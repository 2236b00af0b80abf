"""The check of a folder for re-identification tools: read, report, judge."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from data_manifest.reid.lists import list_files, read_lists
from data_manifest.reid.reading import (
    Reading,
    identities_root,
    market_root,
    read_folders,
    read_market,
)
from data_manifest.reid.view import shared_findings
from data_manifest.settings import ReidCheckSettings
from shared.console import Console
from shared.errors import RulesBrokenError, UsageError, problem
from shared.owned_files import OwnedFiles

NUM_SHOWN: Final = 3
COMMAND: Final = "check-reid"


def check_reid(settings: ReidCheckSettings, console: Console) -> None:
    """Print what re-identification tools see in a folder, and judge it.

    Args:
        settings: What was asked for.
        console: What the user sees.

    Raises:
        UsageError: The folder has no such layout, or the file of the report is somebody else's.
        RulesBrokenError: A tool breaks, or leaves out or mistakes images without a word.
    """
    owned = None if settings.json is None else OwnedFiles([settings.json], COMMAND)
    if owned is not None:
        owned.check()
    layout, reading = read(settings.folder, settings.layout)
    report = _as_plain(layout, reading)
    if settings.json is not None and owned is not None:
        owned.publish({settings.json: (json.dumps(report, indent=2) + "\n").encode()})
    _print(reading, console)
    count = sum(len(view.findings) for view in reading.views)
    if count:
        found = f"{count:,} findings"
        remedy = "read them on standard output, then correct the folder"
        expected = "a folder that every tool reads as it is meant"
        raise RulesBrokenError(problem(settings.folder, expected, found, remedy))
    console.result(f"{settings.folder}: every tool reads it as it is meant")


def read(folder: Path, layout: str = "auto") -> tuple[str, Reading]:
    """Read a folder in a layout; ``"auto"`` takes the first that fits.

    Returns:
        The layout's name and what was read.

    Raises:
        UsageError: The folder has no such layout, or cannot be read.
    """
    if not folder.is_dir():
        raise UsageError(problem(folder, "a folder", "none of that name", "check the name"))
    market, identities = market_root(folder), identities_root(folder)
    if layout == "market" or (layout == "auto" and market is not None):
        return "market", read_market(market or folder)
    if layout == "folders" or (layout == "auto" and identities is not None):
        return "folders", read_folders(identities or folder)
    if layout == "list" or list_files(folder):
        return "list", read_lists(folder)
    expected = "bounding_box_train, query, bounding_box_test; train, query, gallery; or lists"
    raise UsageError(problem(folder, expected, "none of them", "name another folder or --layout"))


def _as_plain(layout: str, reading: Reading) -> dict[str, Any]:
    return {
        "layout": layout,
        "tools": {view.tool: view.as_plain() for view in reading.views},
        "copies": reading.copies,
        "identities in train and test": reading.shared,
    }


def _print(reading: Reading, console: Console) -> None:
    columns = ("part", "images", "identities", "cameras", "distractors", "not used")
    for view in reading.views:
        rows = [
            (name, *(f"{count:,}" for count in part.counts.values()))
            for name, part in view.parts.items()
        ]
        console.table(view.tool, columns, rows)
    for tools, finding in shared_findings(reading.views):
        end = "breaks" if finding.breaks else "goes on without a word"
        names = ", ".join(map(repr, finding.names[:NUM_SHOWN]))
        more = finding.count - NUM_SHOWN
        names = f": {names}" + (f" and {more:,} more" if more > 0 else "") if names else ""
        where = f"{', '.join(tools)}: {finding.part}"
        console.result(f"{where}: {finding.what} ({end}), {finding.count:,}{names}")
    if reading.copies:
        console.result(f"note: {reading.copies:,} images have the content of another one")
    if reading.shared:
        shown = ", ".join(reading.shared[:NUM_SHOWN])
        count = len(reading.shared)
        console.result(f"note: {count:,} identities are in train and in query or gallery: {shown}")
