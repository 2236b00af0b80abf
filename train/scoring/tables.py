"""Tables of scores: for the terminal, as CSV, Markdown and LaTeX; and the CSV of all pairs."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from shared.console import Console
from shared.spreadsheets import harmless
from train.metrics.protocols import Score
from train.scoring.distances import reference_lines
from train.scoring.entries import HEADS, Report, bounds, entries_of, scored_entries, shown
from train.scoring.measure import CONTROLS, SUBJECTS, Floats
from train.scoring.pairing import Pair
from train.scoring.rows import ROWS

LEAD_SCORES: Final = (("ssim", "pose-gan"), ("mask-ssim", "pose-gan"))


def show(report: Report, console: Console) -> None:
    """Write the table for the terminal, in columns that fit into 80 characters."""
    controls = [subject for subject in CONTROLS if entries_of(report, subject)]
    rows = []
    for score, entry in scored_entries(report, "generated"):
        numbers = [shown(entry["value"], score), bounds(entry, score).replace(" to ", "–")]
        rows.append([score.key, *numbers, *_values(report, score, controls)])
    title = f"Scores of {report['pairs']:,} pairs; then the controls"
    console.table(title, ("score", "value", "95 % interval", *controls), rows)
    _show_rows(report, console)
    for line in reference_lines(report):
        console.result(line)


def _show_rows(report: Report, console: Console) -> None:
    named = [row for row in ROWS if entries_of(report, row)]
    if named:
        cells = [
            [score.key, *_values(report, score, ["generated", *named])]
            for score, _ in scored_entries(report, "generated")
        ]
        title = "The same pairs drawn otherwise, each a row of its own"
        console.table(title, ("score", "generated", *named), cells)


def show_lead(report: Report, console: Console) -> None:
    """Say by how much the generated images lead each control, pair against pair.

    A lead whose interval lies above zero does not come from the choice of pairs.
    """
    rows = []
    for metric, protocol in LEAD_SCORES:
        for control, table in report["lead"].items():
            entry = table.get(metric, {}).get(protocol)
            if control == "real" or entry is None or entry["value"] is None:
                continue
            interval = f"{entry['low']:+.4f} to {entry['high']:+.4f}"
            rows.append((f"{metric} over {HEADS[control]}", f"{entry['value']:+.4f}", interval))
    if rows:
        title = "Lead of the generated images over the controls, paired"
        console.table(title, ("score", "lead", "95 % interval"), rows)


def markdown(report: Report) -> str:
    """Return the table in Markdown, and below it what Fréchet distances were taken to."""
    notes = "".join(f"\n{line}\n" for line in reference_lines(report))
    return markdown_table(*_cells(report)) + notes


def markdown_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return any table in Markdown, the first column aligned left."""
    ruler = ["---", *("---:" for _ in heads[1:])]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in (heads, ruler, *rows))


def latex(report: Report) -> str:
    """Write the table as a LaTeX tabular that needs no package."""
    heads, rows = _cells(report)
    lines = [r" & ".join(_escaped(cell) for cell in cells) + r" \\" for cells in (heads, *rows)]
    body = "\n".join([r"\hline", lines[0], r"\hline", *lines[1:], r"\hline"])
    return f"\\begin{{tabular}}{{l{'r' * (len(heads) - 1)}}}\n{body}\n\\end{{tabular}}\n"


def table_csv(report: Report) -> str:
    """Write the table as CSV in full precision: a row for each score of each subject."""
    rows = [["subject", "metric", "protocol", "better", "value", "low", "high", "n"]]
    for subject in SUBJECTS:
        for score, entry in scored_entries(report, subject):
            better = "higher" if score.higher_is_better else "lower"
            numbers = [_exact(entry[name]) for name in ("value", "low", "high", "n")]
            rows.append([subject, score.metric, score.protocol, better, *numbers])
    return _csv(rows)


def pairs_csv(
    pairs: Sequence[Pair],
    hashes: Mapping[Path, str],
    values: Mapping[str, Mapping[str, Floats]],
) -> str:
    """Write one row for each pair: names, scores of all subjects, hashes of the files.

    Args:
        pairs: The pairs.
        hashes: SHA-256 of their files.
        values: Subject to key to numbers (n,). The generated image's columns bear the key, those
            of a control ``control:key``.

    Returns:
        The CSV.
    """
    columns = {
        (key if subject == "generated" else f"{subject}:{key}"): numbers
        for subject, by_key in values.items()
        for key, numbers in by_key.items()
    }
    rows = [["name", "source", "target", *columns, "generated_sha256", "real_sha256"]]
    for number, pair in enumerate(pairs):
        scores = [repr(float(numbers[number])) for numbers in columns.values()]
        files = [hashes[pair.generated.path], hashes[pair.real.path]]
        names = (harmless(name) for name in (pair.name, pair.source or "", pair.target))
        rows.append([*names, *scores, *files])
    return _csv(rows)


def _cells(report: Report) -> tuple[list[str], list[list[str]]]:
    subjects = [subject for subject in SUBJECTS if entries_of(report, subject)]
    heads = ["score", "generated", "95 % interval", "pairs"]
    heads += [HEADS[subject] for subject in subjects if subject != "generated"]
    rows = []
    for score, entry in scored_entries(report, "generated"):
        row = [f"{score.key} {'↑' if score.higher_is_better else '↓'}"]
        row += [shown(entry["value"], score), bounds(entry, score), f"{entry['n']:,}"]
        rows.append([*row, *_values(report, score, subjects[1:])])
    return heads, rows


def _values(report: Report, score: Score, subjects: Sequence[str]) -> list[str]:
    entries = (
        entries_of(report, subject).get(score.metric, {}).get(score.protocol)
        for subject in subjects
    )
    return [shown(entry["value"], score) if entry else "–" for entry in entries]


def _exact(value: float | None) -> str:
    return "" if value is None else repr(value)


def _escaped(text: str) -> str:
    signs = {"%": r"\%", "_": r"\_", "&": r"\&", "#": r"\#", "–": "--"}
    signs |= {"↑": r"$\uparrow$", "↓": r"$\downarrow$"}
    return "".join(signs.get(sign, sign) for sign in text)


def _csv(rows: Sequence[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()
