"""The figures of the run that made a shard folder, kept in its manifest as small tables.

Convention:
    A summary maps a table's title to ``{"columns": [...], "rows": [[...], ...]}``, plain values
    only, so that it can be printed again and read by machines without this project.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from shared.console import Console


def table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> dict[str, Any]:
    """Format one table of a summary."""
    return {"columns": list(columns), "rows": [list(row) for row in rows]}


def print_summary(summary: Mapping[str, Any], console: Console) -> None:
    """Print the tables of a summary in their order."""
    for title, content in summary.items():
        console.table(title, content["columns"], [_cells(row) for row in content["rows"]])


def _cells(row: Sequence[object]) -> list[str]:
    return [f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in row]
