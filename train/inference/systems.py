"""What a user names as a system: a training run, or a folder of pictures in any result form."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from data_manifest.remote.folder import opened
from data_manifest.settings import CacheSettings
from shared.console import Console
from shared.errors import UsageError, problem
from shared.settings import build_given
from train.inference.from_run import is_run
from train.inference.generate import generate_pairs
from train.scoring.compare import Prepare
from train.scoring.panels import pair_names
from train.scoring.pictures import list_pictures
from train.scoring.settings import DrawnRunSettings, EvalSettings


def systems_of(
    paths: Sequence[Path], options: Mapping[str, Any], console: Console
) -> dict[str, Prepare]:
    """Name systems and say how each is made ready.

    Args:
        paths: Runs (or checkpoints) and folders of pictures.
        options: What the command was given besides.
        console: Told what is drawn.

    Raises:
        UsageError: Fewer than two, or a run without shards.
    """
    if len(paths) < 2:
        remedy = "name another one, or use --run, --generated or --panels"
        raise UsageError(problem("eval-gan", "two systems or more", len(paths), remedy))
    drawn = build_given(DrawnRunSettings, options)
    runs = [path for path in paths if is_run(path)]
    if runs and drawn.shards is None:
        found = f"none for the run {runs[0]}"
        raise UsageError(problem("eval-gan", "--shards beside runs", found, "add --shards DIR"))
    return {
        name: partial(_draw, path, drawn, options, console)
        if path in runs
        else partial(_open, path, options)
        for name, path in zip(_names(paths), paths, strict=True)
    }


def _names(paths: Sequence[Path]) -> list[str]:
    """Name systems by their folders, and by the folders above where two are called alike."""
    whole = [os.path.realpath(path) for path in paths]
    parts = [Path(os.path.splitext(name)[0]).parts for name in whole]  # noqa: PTH122 - odd names
    for depth in range(1, 9):
        names = ["-".join(each[-depth:]) for each in parts]
        if len(set(names)) == len(names):
            return names
    raise UsageError(problem("eval-gan", "different systems", "one twice", "name each once"))


def _draw(
    run: Path, drawn: DrawnRunSettings, options: Mapping[str, Any], console: Console, place: Path
) -> EvalSettings:
    shards = drawn.shards
    assert shards is not None
    cache = build_given(CacheSettings, options)
    made = generate_pairs(
        run,
        opened(shards, cache, say=console.say),
        place,
        console=console,
        raw_weights=drawn.raw_weights,
        limit=options["limit"],
        device_name=options["device"] or "auto",
    )
    known = {"panels": made.panels, "image_size": made.image_size, **made.row_options}
    given = {
        "keypoints": options["keypoints"] or made.keypoints,
        "gallery": options["gallery"] or shards,
    }
    return build_given(EvalSettings, {**options, **known, **given, "real": None})


def _open(folder: Path, options: Mapping[str, Any], _place: Path) -> EvalSettings:
    """Take a folder for a result form where names say the pair, else for images beside --real."""
    tells = any(pair_names(path.name) for path in list_pictures(folder).values())
    known = {"panels": folder} if tells or not options["real"] else {"generated": folder}
    return build_given(EvalSettings, {**options, **known})
