"""Short training runs in the test's own process, and how their results are compared."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import torch

from shared.console import Console
from shared.files import Disk
from train.checkpoint import load_run
from train.loop import run
from train.planned_run import resolved
from train.settings.tree import TrainSettings

QUIET = Console(quiet=True)


def small_settings(
    shards: Path, preset: str = "dsc", config: Path | None = None, **flags: Any
) -> TrainSettings:
    """A preset with 2 channels on pixels: right in form, quick in the tests."""
    given = {"channels": 2, "features": "pixels", "max_images": 48, "device": "cpu", **flags}
    return resolved(shards, preset=preset, config=config, **given)


def train(settings: TrainSettings, shards: Path, out: Path, disk: Disk | None = None) -> Path:
    return run(settings, shards, out, console=QUIET, disk=disk)


def digest(run_folder: Path) -> str:
    """A hash of everything that a run's newest checkpoint holds but the time it took."""
    _, content = load_run(run_folder, QUIET)
    content["counters"].pop("seconds")
    found = hashlib.sha256()
    _add(found, content)
    return found.hexdigest()


def _add(found: Any, value: Any) -> None:
    if isinstance(value, dict):
        for key in sorted(value, key=str):
            found.update(str(key).encode())
            _add(found, value[key])
    elif isinstance(value, (list, tuple)):
        for each in value:
            _add(found, each)
    elif isinstance(value, torch.Tensor):
        found.update(str((value.dtype, tuple(value.shape))).encode())
        found.update(value.contiguous().numpy().tobytes())
    else:
        found.update(repr(value).encode())
