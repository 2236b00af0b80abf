"""The command ``augment-reid``: a thin skin over :func:`train.augment.make.augment_reid`."""

from __future__ import annotations

from typing import Any

from shared.options import command
from shared.settings import build_given
from train.augment.settings import AugmentSettings

EXAMPLES = (
    "augment-reid --model runs/demo --shards shards --market Market-1501 --out augmented",
    "augment-reid --model runs/demo --shards shards --market Market-1501 --per-image 4 "
    "--reid reid/reid.pt --keep 0.5 --out augmented",
)


@command(AugmentSettings, examples=EXAMPLES)
def augment_reid(**options: Any) -> None:
    """Draw every train image of SHARDS in poses of others, for re-identification.

    Real and generated images go into one folder that torchreid, fast-reid, CLIP-ReID or layumi's
    baseline read: generated ones keep identity and camera of their source, NAMEg1.jpg, NAMEg2.jpg.
    provenance.csv says of each where it came from. Killed at any moment, the same command ends in
    the same folder. Exit codes: 0 done, 2 wrong use or a judge that is not fit, 4 another run has
    the folder, 5 no space, 6 damaged data.
    """
    settings = build_given(AugmentSettings, options)

    from shared.console import Console  # noqa: PLC0415 - so that --help stays quick
    from train.augment import make  # noqa: PLC0415 - it imports torch

    make.augment_reid(settings, Console(quiet=settings.quiet))
