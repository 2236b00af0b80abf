"""Several systems beside each other: the same pairs, one table, differences paired, one sheet.

Convention:
    Systems are compared on the same pairs in one order, so that the resamples of their intervals
    are the same. A pair is known by source and target, where one system does not tell sources by
    the target alone. Differences are each system less the first one.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from PIL import Image

from data_manifest.settings import CacheSettings
from shared.console import Console
from shared.errors import UsageError, problem
from shared.files import Disk, publish, publish_json, publish_text
from shared.owned_folder import OwnedFolder, owned_folder
from shared.picture_sheet import DARK, draw_grid, enlarged
from train.scoring.entries import bounds, scored_entries, shown
from train.scoring.evaluate import Scored, pairing_of, score_pairs
from train.scoring.measure import CONTROLS
from train.scoring.pairing import Pair, Pairing, settle, shortened
from train.scoring.reading import read_cut
from train.scoring.settings import EvalSettings
from train.scoring.tables import markdown_table

COMMAND: Final = "eval-gan"
FORMAT: Final = 1
RESULTS: Final = ("comparison.md", "comparison.png", "comparison.json")
SHEET_PAIRS: Final = 8
ENLARGED: Final = 2

Key = tuple[str, ...]


Prepare = Callable[[Path], EvalSettings]
"""Makes a system ready to be scored; a folder of that name is its own to draw into."""


def compare(
    prepared: Mapping[str, Prepare],
    out: Path,
    console: Console,
    disk: Disk | None = None,
    cache: CacheSettings | None = None,
) -> dict[str, Any]:
    """Score systems on the same pairs and publish one table, one sheet and the differences.

    Args:
        prepared: What to score of each, by its name; the first one is compared with.
        out: Where the results go.
        console: Told what goes on; given the tables.
        disk: The calls to the operating system by which files are published.
        cache: Where galleries' shards are kept, if they lie elsewhere.

    Returns:
        The content of ``comparison.json``.

    Raises:
        UsageError: Input that cannot be scored, or systems of different pairs.
        LockedError: Another process writes into the folder.
    """
    with owned_folder(out, COMMAND, disk=disk) as folder:
        folder.remove_temporaries()
        systems = {name: prepare(folder.path / name) for name, prepare in prepared.items()}
        pairings = {name: pairing_of(settings) for name, settings in systems.items()}
        chosen = same_pairs(systems, pairings)
        scored = {}
        for name, settings in systems.items():
            console.say(f"system {name}")
            scored[name] = score_pairs(settings, pairings[name], chosen[name], console, cache)
        report = {
            "format": FORMAT,
            "systems": {name: one.report for name, one in scored.items()},
            "less": next(iter(scored)),
            "differences": _differences(scored),
        }
        _publish(folder, report, scored)
    title = f"{len(next(iter(chosen.values()))):,} pairs, each system, then the controls"
    heads, rows = score_rows(report)
    console.table(title, heads, rows)
    heads, rows = difference_rows(report)
    console.table(f"Less {report['less']}, paired", heads, rows)
    console.result(str(out / RESULTS[0]))
    return report


def same_pairs(
    systems: Mapping[str, EvalSettings], pairings: Mapping[str, Pairing]
) -> dict[str, tuple[Pair, ...]]:
    """Choose the pairs that all systems have, in one order.

    Raises:
        UsageError: Systems have different pairs and that is not allowed, or a pair twice.
    """
    settled = {
        name: settle(pairings[name], settings.allow_missing, None)
        for name, settings in systems.items()
    }
    with_sources = all(pair.source for pairs in settled.values() for pair in pairs)
    key = _by_source_and_target if with_sources else _by_target
    tables = {name: _table(name, pairs, key) for name, pairs in settled.items()}
    common = sorted(set.intersection(*(set(table) for table in tables.values())))
    for name, table in tables.items():
        alone = sorted(set(table) - set(common))
        allowed = systems[name].allow_missing or systems[name].limit is not None
        if (alone and not allowed) or not common:
            found = f"only in {name}: {shortened([' '.join(each) for each in alone])}"
            remedy = "draw the same pairs, or add --allow-missing"
            raise UsageError(problem("systems", "the same pairs in all of them", found, remedy))
    limit = next(iter(systems.values())).limit
    return {name: tuple(table[each] for each in common[:limit]) for name, table in tables.items()}


def score_rows(report: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Return heads and rows: scores of every system with intervals, then the first's controls."""
    systems: Mapping[str, Any] = report["systems"]
    first = systems[report["less"]]
    controls = [name for name in CONTROLS if name in first["controls"]]
    rows = []
    for score, _ in scored_entries(first, "generated"):
        row = [f"{score.key} {'↑' if score.higher_is_better else '↓'}"]
        for one in systems.values():
            entry = one.get(score.metric, {}).get(score.protocol)
            row.append(f"{shown(entry['value'], score)} ({bounds(entry, score)})" if entry else "–")
        for control in controls:
            entry = first["controls"][control].get(score.metric, {}).get(score.protocol)
            row.append(shown(entry["value"], score) if entry else "–")
        rows.append(row)
    return ["score", *systems, *controls], rows


def difference_rows(report: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Return heads and rows: each system less the first, with paired intervals."""
    first = report["systems"][report["less"]]
    rows = []
    for score, _ in scored_entries(first, "generated"):
        cells = []
        for table in report["differences"].values():
            entry = table.get(score.metric, {}).get(score.protocol)
            cells.append(_signed(entry))
        if any(cell != "–" for cell in cells):
            rows.append([score.key, *cells])
    return ["score", *report["differences"]], rows


def _signed(entry: Mapping[str, Any] | None) -> str:
    if entry is None or entry["value"] is None:
        return "–"
    if entry["low"] is None:
        return f"{entry['value']:+.4f}"
    return f"{entry['value']:+.4f} ({entry['low']:+.4f} to {entry['high']:+.4f})"


def _differences(scored: Mapping[str, Scored]) -> dict[str, Any]:
    (_, base), *others = scored.items()
    found: dict[str, Any] = {}
    for name, one in others:
        table: dict[str, Any] = {}
        for score, entry in scored_entries(base.report, "generated"):
            theirs = one.report.get(score.metric, {}).get(score.protocol)
            if theirs is None:
                continue
            if score.key in base.columns.keys("generated"):
                difference: Mapping[str, Any] = one.columns.lead_over(base.columns, score.key)
            else:  # of whole sets: no interval, see PROTOCOLS.md
                values = theirs["value"], entry["value"]
                value = None if None in values else values[0] - values[1]
                difference = {"value": value, "low": None, "high": None, "n": entry["n"]}
            table.setdefault(score.metric, {})[score.protocol] = difference
        found[name] = table
    return found


def _publish(folder: OwnedFolder, report: Mapping[str, Any], scored: Mapping[str, Scored]) -> None:
    folder.intend(RESULTS)
    tables = markdown_table(*score_rows(report))
    tables += f"\nLess {report['less']}, paired:\n\n{markdown_table(*difference_rows(report))}"
    publish_text(folder.path / RESULTS[0], tables, folder.disk)
    picture = io.BytesIO()
    _sheet(scored).save(picture, format="PNG")
    publish(folder.path / RESULTS[1], picture.getbuffer(), folder.disk)
    publish_json(folder.path / RESULTS[2], report, folder.disk)


def _sheet(scored: Mapping[str, Scored]) -> Image.Image:
    """Draw pairs spread over all: source, target, then what each system drew."""
    first = next(iter(scored.values())).pairs
    count = min(SHEET_PAIRS, len(first))
    rows = [number * len(first) // count for number in range(count)]
    columns: dict[str, Any] = {}
    if all(pair.original for pair in first):
        originals = [first[row].original for row in rows]
        columns["source"] = [read_cut(cut) for cut in originals if cut]
    columns["target"] = [read_cut(first[row].real) for row in rows]
    for name, one in scored.items():
        columns[name] = [read_cut(one.pairs[row].generated) for row in rows]
    cells = [
        [enlarged(cell, ENLARGED) for cell in row] for row in zip(*columns.values(), strict=True)
    ]
    return draw_grid(cells, look=DARK, heads=tuple(columns))


def _by_target(pair: Pair) -> Key:
    return (pair.target,)


def _by_source_and_target(pair: Pair) -> Key:
    return (pair.source or "", pair.target)


def _table(name: str, pairs: Sequence[Pair], key: Callable[[Pair], Key]) -> dict[Key, Pair]:
    table = {key(pair): pair for pair in pairs}
    if len(table) < len(pairs):
        remedy = "name pictures FROM_2_TO so that their sources are known"
        raise UsageError(problem(name, "each pair once", "a target with several sources", remedy))
    return table
