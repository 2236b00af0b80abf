"""Curves of runs for a page: a chart for each quantity, a line for each run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from shared.charts import Curve, Points, Stroke, line_chart
from shared.page import Markup, element
from train.report.read_run import RunFacts
from train.watch.curves import TITLES, panels_of

GENERATOR: Final = "generator"
SCORE_TITLES: Final = (TITLES["ssim"], TITLES["mask_ssim"])
MAX_CHARTS: Final = 40


def draw_charts(runs: Sequence[RunFacts]) -> Markup | None:
    """Draw what the logs of runs say over the number of images; None where they say nothing."""
    of_runs = [panels_of(run.records) for run in runs]
    charts = []
    for title in TITLES.values():
        panels = [panels.get(title, {}) for panels in of_runs]
        if title in SCORE_TITLES:
            curves = _score_curves(runs, panels)
            charts += [_chart(title, curves, runs)] if curves else []
        else:
            charts += _one_each(title, runs, panels)
    return element("div", charts[:MAX_CHARTS], class_="charts") if charts else None


def _one_each(
    title: str, runs: Sequence[RunFacts], panels: Sequence[Mapping[str, Points]]
) -> list[Markup]:
    names = dict.fromkeys(name for panel in panels for name in panel)
    charts = []
    for quantity in names:
        curves = [
            Curve(label=run.label, points=panel[quantity], colour=number)
            for number, (run, panel) in enumerate(zip(runs, panels, strict=True))
            if panel.get(quantity)
        ]
        head = title if len(names) == 1 else f"{title}: {quantity.replace('_', ' ')}"
        charts.append(_chart(head, curves, runs))
    return charts


def _chart(title: str, curves: Sequence[Curve], runs: Sequence[RunFacts]) -> Markup:
    """Draw one chart; of several runs each is named, also one that a chart shows alone."""
    return line_chart(title, curves, "images", always_named=len(runs) > 1)


def _score_curves(runs: Sequence[RunFacts], panels: Sequence[Mapping[str, Points]]) -> list[Curve]:
    """Draw each run's generator; each control once, where runs agree on it."""
    curves, controls = [], list[Curve]()
    for number, (run, panel) in enumerate(zip(runs, panels, strict=True)):
        for subject, points in panel.items():
            if not points:
                continue
            if subject == GENERATOR:
                curves.append(Curve(label=run.label, points=points, colour=number))
            elif all(other.points[0][1] != points[0][1] for other in controls):
                stroke: Stroke = "dotted" if subject.startswith("black") else "dashed"
                label = subject if not _is_taken(subject, controls) else f"{subject}, {run.label}"
                colour = len(runs) + len(controls)
                controls.append(Curve(label=label, points=points, colour=colour, stroke=stroke))
    return [*curves, *controls]


def _is_taken(subject: str, controls: Sequence[Curve]) -> bool:
    return any(control.label.split(", ")[0] == subject for control in controls)
