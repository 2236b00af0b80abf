"""The command ``train-reid``: a thin skin over :func:`train.reid.make.make_judge`."""

from __future__ import annotations

from typing import Any

from shared.options import command
from shared.settings import build_given
from train.reid.settings import ReidSettings

EXAMPLES = (
    "train-reid --src Market-1501 --out reid",
    "train-reid --src drawn/bounding_box_train --out reid-drawn --device cpu",
)


@command(ReidSettings, examples=EXAMPLES)
def train_reid(**options: Any) -> None:
    """Train the judge of generated people: a small re-identification network, in minutes.

    It learns to tell the people of a train folder apart and writes one file, reid.pt, for
    eval-gan --reid. Seed, steps and who takes part are fixed; the file's hash names the protocol.
    The same command again checks what is there; an interrupted one begins anew.
    """
    settings = build_given(ReidSettings, options)

    from shared.console import Console  # noqa: PLC0415 - so that --help stays quick
    from train.reid.make import make_judge  # noqa: PLC0415 - it imports torch

    make_judge(settings, Console(quiet=settings.quiet))
