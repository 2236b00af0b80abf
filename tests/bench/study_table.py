"""The table of the variants in the README, made of the JSON files that the study left."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from study_rows import STEPS

BEGIN = "<!-- variants: written by tests/bench/study.py --readme -->"
END = "<!-- variants end -->"
COLUMNS = (
    ("SSIM", "ssim"),
    ("inside", "ssim-inside"),
    ("mask-SSIM", "mask-ssim"),
    ("sharpness", "sharpness"),
)
IDENTITY = ("identity", "rank-1")
"""A column where a judge scored every row."""

CONTROLS = (("source copied", "source"), ("mean image", "mean"))


def write_readme(readme: Path, results: Path) -> None:
    """Put the table of the newest results between the markers of a README."""
    readme.write_text(with_table(readme.read_text(), table_of(results)))


def with_table(text: str, table: str) -> str:
    """Return the text with the table between its markers."""
    before, found, rest = text.partition(BEGIN)
    _, closed, after = rest.partition(END)
    if not found or not closed:
        raise ValueError(f"expected the lines {BEGIN} and {END}")
    return f"{before}{BEGIN}\n{table}{END}{after}"


def table_of(results: Path) -> str:
    """Return the table of a folder of results as Markdown, in the order of the rows.

    The rows are those of seed 0; the controls are of the same pairs. Rows that have no result yet
    are left out; without any there is no table.
    """
    paths = [results / f"{name}-0.json" for name, _, _ in STEPS]
    found = [json.loads(path.read_text()) for path in paths if path.exists()]
    if not found:
        return ""
    judged = all(IDENTITY[1] in row["scores"] for row in found)
    columns = (*COLUMNS, IDENTITY) if judged else COLUMNS
    heads = ["variant", "ms", *(head for head, _ in columns)]
    lines = [f"| {' | '.join(heads)} |", "|---|--:" + "|--:" * len(columns) + "|"]
    for control, key in CONTROLS:
        table = found[-1]["controls"][key]
        lines.append(_line(control, "–", [_control(table, metric) for _, metric in columns]))
    for row in found:
        adds = row["adds"] if row["row"] == STEPS[0][0] else f"+ {row['adds']}"
        figures = [_decimals(_entry(row, metric)) for _, metric in columns]
        lines.append(_line(adds, f"{row['ms_a_sample']:.0f}", figures))
    return "\n".join(lines) + "\n"


def _entry(row: dict[str, Any], metric: str) -> float:
    (entry,) = row["scores"][metric].values()
    return float(entry["value"])


def _control(table: dict[str, Any], metric: str) -> str:
    (value,) = table[metric].values()
    return _decimals(float(value))


def _decimals(value: float) -> str:
    return f"{value:.3f}"


def _line(name: str, milliseconds: str, figures: list[str]) -> str:
    return f"| {name} | {milliseconds} | {' | '.join(figures)} |"
