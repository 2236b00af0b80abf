"""What ``report-run`` is told."""

from __future__ import annotations

from pathlib import Path

from shared.declarations import declared, setting


@declared("Report")
class ReportSettings:
    """Which runs a page shows, and how much of them."""

    runs: tuple[Path, ...] = setting(
        path="folder", flag="runs", metavar="RUN", help="Run folders of train-gan, up to eight."
    )
    html: Path = setting(
        path="file", flag="--html", metavar="FILE.html", help="Where the page goes."
    )
    sheets: int = setting(
        default=8,
        ge=0,
        le=64,
        flag="--sheets",
        help="Sample sheets of each run, evenly chosen; the first and the last are among them.",
    )
