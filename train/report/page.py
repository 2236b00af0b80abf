"""The page of runs: how far they are, what differs, curves, sheets over time, scores, settings."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from shared.errors import UsageError, problem
from shared.files import Disk
from shared.owned_files import OwnedFiles
from shared.page import Content, Markup, element, joined, name, page, paragraph, table
from shared.page_style import NUM_COLOURS
from train.report.curves import draw_charts
from train.report.read_run import RunFacts, read_runs
from train.report.sheets import SCRIPT, draw_sheets
from train.scoring.entries import HEADS, bounds, entries_of, scored_entries, shown

COMMAND: Final = "report-run"
MAX_RUNS: Final = NUM_COLOURS
MAX_SETTINGS: Final = 400


def publish_report(
    folders: Sequence[Path], file: Path, num_sheets: int, disk: Disk | None = None
) -> None:
    """Write the page of runs; only such a page is replaced. The runs are only read.

    Args:
        folders: The run folders.
        file: The page, HTML.
        num_sheets: Sample sheets of each run.
        disk: The calls to the operating system.

    Raises:
        UsageError: A folder is no run, there are too many, or the file is somebody else's.
        DamagedError: The settings of a run are not JSON.
    """
    if not 1 <= len(folders) <= MAX_RUNS:
        remedy = "name fewer, or write several pages"
        raise UsageError(problem("RUN", f"1 to {MAX_RUNS} runs", len(folders), remedy))
    owned = OwnedFiles([file], COMMAND, disk)
    owned.check()
    owned.publish({file: report(read_runs(folders), num_sheets)})


def report(runs: Sequence[RunFacts], num_sheets: int) -> bytes:
    """Return the page of runs."""
    title = f"Run: {runs[0].label}" if len(runs) == 1 else f"{len(runs)} runs side by side"
    sections: list[tuple[str, str, Content]] = []
    if len(runs) > 1:
        sections.append(("Differences", "differences", _differences(runs)))
    charts = draw_charts(runs)
    nothing = paragraph("The log has no line yet.", class_="faint")
    sections += [
        ("Curves", "curves", charts or nothing),
        ("Sheets", "sheets", draw_sheets(runs, num_sheets)),
        ("Scores", "scores", _scores(runs)),
        ("Settings", "settings", _settings(runs)),
    ]
    return page(title, _lead(runs), sections, script=SCRIPT)


def _lead(runs: Sequence[RunFacts]) -> Markup:
    rows = [[element("th", name(run.label), scope="row"), *_progress(run)] for run in runs]
    heads = ("run", "preset", "images seen", "of", "state", "hours", "samples/s", "log")
    return table(heads, rows, words=2)


def _progress(run: RunFacts) -> list[Content]:
    most = run.settings.get("run.max_images")
    whole = most if isinstance(most, int) and not isinstance(most, bool) else 0
    state: Content = "not at its end"
    if run.has_diverged:
        state = element("span", "diverged", class_="warm")
    elif whole and run.images >= whole:
        state = "at its end"
    log = f"{len(run.records):,} lines"
    if run.num_odd_lines:
        log += f", {run.num_odd_lines:,} more that no run can have written"
    seconds, speed = _last(run, "seconds"), _last(run, "speed", "samples_per_s")
    return [
        _said(run.settings.get("preset", "–")),
        f"{run.images:,}",
        f"{whole:,}" if whole else "–",
        element("td", state, class_="word"),
        "–" if seconds is None else f"{seconds / 3600:,.2f}",
        "–" if speed is None else f"{speed:,.1f}",
        element("td", log),
    ]


def _last(run: RunFacts, *path: str) -> float | None:
    """Return the last finite figure of a name in the log."""
    for record in reversed(run.records):
        value: Any = record
        for key in path:
            value = value.get(key) if isinstance(value, Mapping) else None
        if isinstance(value, int | float) and abs(value) < float("inf"):
            return float(value)
    return None


def _differences(runs: Sequence[RunFacts]) -> Markup:
    keys = dict.fromkeys(key for run in runs for key in run.settings)
    rows = [_setting(key, runs) for key in keys if len({_of(run, key) for run in runs}) > 1]
    if not rows:
        return paragraph("Their settings are the same.")
    words = "Settings that are not the same in all runs; a dash where a run's version knows none."
    return joined(paragraph(words), _table_of(runs, rows))


def _settings(runs: Sequence[RunFacts]) -> Markup:
    keys = list(dict.fromkeys(key for run in runs for key in run.settings))
    rows = [_setting(key, runs) for key in keys[:MAX_SETTINGS]]
    return element("details", element("summary", "All settings"), _table_of(runs, rows), open=True)


def _setting(key: str, runs: Sequence[RunFacts]) -> list[Content]:
    values = [element("td", name(_of(run, key))) for run in runs]
    return [element("th", name(key), scope="row"), *values]


def _table_of(runs: Sequence[RunFacts], rows: Sequence[Sequence[Content]]) -> Markup:
    return table(["setting", *(name(run.label) for run in runs)], rows, words=1 + len(runs))


def _of(run: RunFacts, key: str) -> str:
    return _said(run.settings[key]) if key in run.settings else "–"


def _said(value: Any) -> str:
    if isinstance(value, str):
        return value or "empty"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)  # settings read from a file may say 0 where a default says 0.0
    return json.dumps(value, ensure_ascii=False)[:400]


def _scores(runs: Sequence[RunFacts]) -> Markup:
    blocks: list[Content] = []
    scored = [(run, lines) for run in runs if (lines := _lines(run))]
    if len(scored) > 1:
        blocks += [element("h3", "Side by side"), _side_by_side(scored)]
    for run in runs:
        blocks.append(element("h3", name(run.label)))
        lines = _lines(run)
        if lines is None:
            why = run.why_no_scores or "its scores cannot be read: score it again by eval-gan --run"
            blocks.append(paragraph(name(why), class_="faint"))
        else:
            blocks.append(_with_controls(run, lines))
    return joined(blocks)


Lines = dict[str, tuple[str, str, str, dict[str, str]]]
"""Score to value, interval, pairs, and values of the other subjects."""


def _lines(run: RunFacts) -> Lines | None:
    """Return a run's scores as they are shown; None where they cannot be read."""
    if run.scores is None:
        return None
    try:
        return {
            f"{score.key} {'↑' if score.higher_is_better else '↓'}": (
                shown(entry["value"], score),
                bounds(entry, score),
                f"{entry['n']:,}",
                _others(run.scores, score),
            )
            for score, entry in scored_entries(run.scores, "generated")
        }
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def _others(report_: Mapping[str, Any], score: Any) -> dict[str, str]:
    found = {}
    for subject in HEADS:
        entry = entries_of(report_, subject).get(score.metric, {}).get(score.protocol)
        if subject != "generated" and entry:
            found[subject] = shown(entry["value"], score)
    return found


def _with_controls(run: RunFacts, lines: Lines) -> Markup:
    subjects = [each for each in HEADS if any(each in others for *_, others in lines.values())]
    rows = [
        [key, value, interval, pairs, *(others.get(each, "–") for each in subjects)]
        for key, (value, interval, pairs, others) in lines.items()
    ]
    heads = ["score", "generated", "95 % interval", "pairs", *(HEADS[each] for each in subjects)]
    words = "The arrow says which way is better. Controls stand to the right of the generated."
    return joined(paragraph(words, class_="faint"), table(heads, rows))


def _side_by_side(scored: Sequence[tuple[RunFacts, Lines]]) -> Markup:
    keys = dict.fromkeys(key for _, lines in scored for key in lines)
    rows = []
    for key in keys:
        cells = [lines.get(key) for _, lines in scored]
        rows.append([key, *(f"{cell[0]} ({cell[1]})" if cell else "–" for cell in cells)])
    return table(["score", *(name(run.label) for run, _ in scored)], rows)
