"""The command ``repose``: a thin skin over :func:`train.repose.make.repose`."""

from __future__ import annotations

from typing import Any

from shared.options import command
from shared.settings import build_given
from train.repose.settings import ReposeSettings

EXAMPLES = (
    "repose --model demo --source me.jpg --target dancer.jpg --out reposed",
    "repose --model demo --source me.jpg --target stance:walk-right --gif --out walking",
    "repose --model runs/demo --source people/ --target poses.csv:walk-03.png --out reposed",
    "repose --model demo --source me.jpg --target walk/ --gif --put-back --out walking",
)


@command(ReposeSettings, examples=EXAMPLES)
def repose(**options: Any) -> None:
    """Draw the people of photos in other poses: every source in the pose of every target.

    Writes SOURCE_to_TARGET.png for each, SOURCE_along_TARGET.webp (and a folder of frames) for a
    sequence, sheet.png, poses.csv (what was drawn, in pixels of the pictures) and repose.json
    (hashes, settings, versions). Where a photo's pose is not given, extract-poses finds it. Killed
    at any moment, the same command continues. Exit code 1 where a source or a target could not be
    used: one line says why, the others are drawn.
    """
    settings = build_given(ReposeSettings, options)
    settings.boxes  # noqa: B018 - so that a wrong box is refused first

    from shared.console import Console  # noqa: PLC0415 - so that --help stays quick
    from train.repose import make  # noqa: PLC0415 - it imports torch

    make.repose(settings, Console(quiet=settings.quiet))
