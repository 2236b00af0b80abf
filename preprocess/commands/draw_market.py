"""The command ``draw-market``: a thin skin over :func:`preprocess.demo.market.draw_market`."""

from __future__ import annotations

from typing import Any

from preprocess.demo.settings import DrawRunSettings, DrawSettings
from preprocess.settings import default_workers
from shared.options import command
from shared.settings import build_given

EXAMPLES = (
    "draw-market --out drawn",
    "draw-market --out twin --layout msmt17 --identities 24",
    "draw-market --out stand-in --poses market-annotation-train.csv --workers 4",
)


@command(DrawSettings, DrawRunSettings, examples=EXAMPLES)
def draw_market(**options: Any) -> None:
    """Draw a data set of people that do not exist, laid out like Market-1501 or another one.

    Beside the pictures stand the true key points in the published form, with joints left out as a
    detector leaves them out, and the whole truth with every joint's visibility. Exit codes: 0
    done, 2 wrong use, 4 another run has the folder, 5 no space.
    """
    settings = build_given(DrawSettings, options)
    how = build_given(DrawRunSettings, options, {"workers": default_workers()})

    from preprocess.demo.market import draw_market as draw  # noqa: PLC0415
    from shared.console import Console  # noqa: PLC0415

    draw(
        settings,
        how.out,
        Console(),
        workers=how.workers,
        overwrite=how.overwrite,
        dry_run=how.dry_run,
    )
