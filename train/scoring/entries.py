"""The entries of a report of scores, ``metrics.json``, and how they are written; no torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from train.metrics.protocols import SCORES, Score
from train.scoring.rows import ROW_HEADS, ROWS

HEADS: Final = {
    "generated": "generated",
    **ROW_HEADS,
    "real": "real itself",
    "source": "source copied",
    "mean": "mean image",
    "black": "black image",
}
DECIMALS: Final = {"psnr": 2, "fid": 2, "is": 3, "mask-is": 3}

Report = Mapping[str, Any]


def entries_of(report: Report, subject: str) -> Mapping[str, Any]:
    """Return the entries (metric to protocol to entry) of a subject in a report."""
    if subject != "generated":
        kind = "rows" if subject in ROWS else "controls"
        table: Mapping[str, Any] = report.get(kind, {}).get(subject, {})
        return table
    metrics = dict.fromkeys(score.metric for score in SCORES)
    return {metric: report[metric] for metric in metrics if metric in report}


def scored_entries(report: Report, subject: str) -> list[tuple[Score, Mapping[str, Any]]]:
    """List a subject's scores with their entries, in the order of the table of scores."""
    entries = entries_of(report, subject)
    return [
        (replace(score, protocol=protocol), entry)
        for score in SCORES
        for protocol, entry in entries.get(score.metric, {}).items()
        if score.bears(protocol)
    ]


def shown(value: float | None, score: Score) -> str:
    """Write a value with the decimals of its score."""
    return "–" if value is None else f"{value:.{DECIMALS.get(score.metric, 4)}f}"


def bounds(entry: Mapping[str, Any], score: Score) -> str:
    """Write an interval in words."""
    if entry["low"] is None:
        return "–"
    return f"{shown(entry['low'], score)} to {shown(entry['high'], score)}"
