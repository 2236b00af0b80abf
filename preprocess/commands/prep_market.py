"""The command ``prep-market``: a thin skin over :func:`preprocess.pipeline.run`."""

from __future__ import annotations

from typing import Any

from preprocess.cluster.whole_paths import with_whole_paths
from preprocess.settings import PrepareSettings, default_workers
from shared.options import command
from shared.settings import build_given

EXAMPLES = (
    "prep-market --src Market-1501 --out shards",
    "prep-market --src people.zip --source folders --out shards --image-size 256x176",
    "prep-market --src Market-1501 --out shards --keypoints market-annotation-train.csv \\",
    "            --keypoints market-annotation-test.csv",
)


@command(PrepareSettings, examples=EXAMPLES)
def prep_market(**options: Any) -> None:
    """Turn a folder of person photos into verified shards of images, poses, pairs, transforms.

    Killed at any moment, the same command continues; a finished folder is verified only. Every
    source file and what became of it is listed in images.csv. Exit codes: 0 done, 1 too many bad
    images, 2 wrong use or data, 4 another run has the folder, 5 no space, 6 damaged data,
    75 the cluster went away: the same command continues.
    """
    from preprocess.output.folder import claimed  # noqa: PLC0415
    from shared.console import Console  # noqa: PLC0415

    settings = build_given(PrepareSettings, options, {"run": {"workers": default_workers()}})
    if settings.run.cluster is not None:
        settings = with_whole_paths(settings)
    hold = not settings.run.dry_run
    with claimed(settings, hold=hold) as (source, owned):
        from preprocess.pipeline import run  # noqa: PLC0415 - slow, and the lock comes first

        run(settings, source, Console(), owned=owned)
