"""From measurements to the entries of ``metrics.json``: value, 95 % interval, number of pairs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from train.metrics.bootstrap import Interval, percentile_interval, ratio_draws, resamples
from train.metrics.protocols import Score
from train.metrics.sets import SetScore
from train.scoring.measure import CONSTANT_SUBJECTS, CONTROLS, SUBJECTS, Floats, Measurements
from train.scoring.plan import Plan

Entry = dict[str, float | int | None]
Table = dict[str, dict[str, Entry]]
"""Metric to protocol to entry."""


@dataclass(frozen=True)
class Ratio:
    """A metric of pairs as sums: float64 (n,) over float64 (n,)."""

    over: Floats
    under: Floats


class Columns:
    """The metrics of pairs of each subject, as ratios of sums, with one set of resamples."""

    def __init__(self, num_pairs: int) -> None:
        self._ratios: dict[str, dict[str, Ratio]] = {}
        self._counts = resamples(num_pairs)

    def put_mean(self, subject: str, key: str, values: Floats) -> None:
        """Add a metric that is the mean of its pairs' values (n,), NaN where a pair has none."""
        known = ~np.isnan(values)
        self.put(subject, key, Ratio(np.where(known, values, 0.0), known.astype(np.float64)))

    def put_measured(self, found: Measurements) -> None:
        """Add every metric of pairs that was measured."""
        for subject, by_key in found.values.items():
            for key, values in by_key.items():
                self.put_mean(subject, key, values)
        for subject, by_sums in found.sums.items():
            for key, (over, under) in by_sums.items():
                known = ~np.isnan(under)
                ratio = Ratio(np.where(known, over, 0.0), np.where(known, under, 0.0))
                self.put(subject, key, ratio)

    def put(self, subject: str, key: str, ratio: Ratio) -> None:
        """Add a metric that is a ratio of sums."""
        self._ratios.setdefault(subject, {})[key] = ratio

    def keys(self, subject: str) -> list[str]:
        """Return the keys of a subject's metrics."""
        return list(self._ratios.get(subject, {}))

    def entry(self, subject: str, key: str) -> Entry:
        """Return a metric's entry; its value is None where no pair has one or one is infinite."""
        ratio = self._ratios[subject][key]
        value, interval = _estimate(ratio, self._counts)
        return _entry(value, interval, int((ratio.under > 0).sum()))

    def lead(self, control: str, key: str) -> Entry:
        """Return generated less control, with the interval of paired resamples."""
        return self._difference(self._ratios["generated"][key], self._ratios[control][key])

    def lead_over(self, other: Columns, key: str) -> Entry:
        """Return these generated images less another system's of the same pairs in one order."""
        ours, theirs = self._ratios["generated"][key], other._ratios["generated"][key]
        return self._difference(ours, theirs)

    def _difference(self, ours: Ratio, theirs: Ratio) -> Entry:
        value = _value(ours) - _value(theirs)
        n = int(((ours.under > 0) & (theirs.under > 0)).sum())
        if not np.isfinite(value):
            return _entry(value, Interval(None, None), n)
        draws = [ratio_draws(r.over, r.under, self._counts) for r in (ours, theirs)]
        return _entry(value, percentile_interval(draws[0] - draws[1]), n)


def subject_tables(
    columns: Columns, found: Measurements, plan: Plan, reference: str
) -> dict[str, Table]:
    """Return the table of entries of every subject that was measured.

    Args:
        columns: Metrics of pairs.
        found: Features of whole sets.
        plan: Order of the scores.
        reference: Subject whose features FID compares with.

    Returns:
        Subject to table, in the order of :data:`train.scoring.measure.SUBJECTS`.
    """
    tables: dict[str, Table] = {}
    for subject in SUBJECTS:
        table: Table = {}
        for score in plan.scores:
            entry = None
            if score.key in columns.keys(subject):
                entry = columns.entry(subject, score.key)
            elif score.of_sets:
                entry = _set_entry(found, subject, score, reference)
            if entry is not None:
                table.setdefault(score.metric, {})[score.protocol] = entry
        if table:
            tables[subject] = table
    return tables


def lead_tables(columns: Columns) -> dict[str, Table]:
    """Return generated less control for every control and every metric of pairs."""
    tables: dict[str, Table] = {}
    for control in CONTROLS:
        for key in columns.keys(control):
            metric, protocol = key.split("/", 1)
            if key in columns.keys("generated"):
                table = tables.setdefault(control, {}).setdefault(metric, {})
                table[protocol] = columns.lead(control, key)
    return tables


def _set_entry(found: Measurements, subject: str, score: Score, reference: str) -> Entry | None:
    ours = found.features_of(subject, score.key)
    if ours is None:
        return None
    theirs = found.features_of(reference, score.key)
    got: SetScore | None = score.function("of_sets")(ours, theirs, subject in CONSTANT_SUBJECTS)
    return None if got is None else {**_entry(got.value, got.interval, got.n), **got.further}


def _estimate(ratio: Ratio, counts: NDArray[np.int32]) -> tuple[float, Interval]:
    value = _value(ratio)
    if not np.isfinite(value):
        return value, Interval(None, None)
    return value, percentile_interval(ratio_draws(ratio.over, ratio.under, counts))


def _value(ratio: Ratio) -> float:
    total = ratio.under.sum()
    return float(ratio.over.sum() / total) if total > 0 else float("nan")


def _entry(value: float, interval: Interval, n: int) -> Entry:
    finite = float(value) if np.isfinite(value) else None
    return {"value": finite, "low": interval.low, "high": interval.high, "n": n}
