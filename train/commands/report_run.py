"""The command ``report-run``: a thin skin over :func:`train.report.page.publish_report`."""

from __future__ import annotations

from typing import Any

from shared.options import command
from shared.settings import build_given
from train.report.settings import ReportSettings

EXAMPLES = (
    "report-run runs/demo --html run.html",
    "report-run runs/dsc runs/full --html both.html --sheets 12",
)


@command(ReportSettings, examples=EXAMPLES)
def report_run(**options: Any) -> None:
    """Write one page about the runs RUN: settings, curves, sheets over time, scores.

    The page is one file that needs no network. Runs are only read, also while they train;
    what is damaged in them is told and passed over.
    """
    settings = build_given(ReportSettings, options)

    from shared.console import Console  # noqa: PLC0415 - so that --help stays quick
    from train.report.page import publish_report  # noqa: PLC0415 - likewise

    publish_report(settings.runs, settings.html, settings.sheets)
    Console().result(f"{settings.html}: the page")
