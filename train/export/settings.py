"""What ``export-generator`` is told."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from shared.addresses import Place
from shared.declarations import declared, setting
from shared.usual_settings import dry_run_setting, overwrite_setting, quiet_setting
from train.settings.painter import raw_weights_setting


@declared("Export")
class ExportSettings:
    """Which generator leaves its run, and what its card says of it."""

    run: Path = setting(
        flag="run", metavar="RUN", help="A training run, or one of its checkpoints."
    )
    out: Path = setting(
        path="folder", flag="--out", metavar="DIR", help="Where the exported generator goes."
    )
    shards: Place | None = setting(
        default=None,
        path="folder",
        flag="--shards",
        metavar="DIR",
        help="The shards that it learned from: for the card's figures of the data, and so that "
        "repose can name photos unlike them.",
    )
    scores: Path | None = setting(
        default=None,
        path="folder",
        flag="--scores",
        metavar="DIR",
        shown="RUN/scores where it is of this checkpoint",
        help="What eval-gan --run wrote about this checkpoint, for the card.",
    )
    format: Literal["safetensors", "torch-export", "onnx"] = setting(
        default="safetensors",
        flag="--format",
        help="What is written besides the card: safetensors, the weights; torch-export and onnx, "
        "also a graph that other programs run, checked against the generator (onnx needs the "
        "extra onnx).",
    )
    licence: str = setting(
        default="agpl-3.0",
        flag="--licence",
        metavar="NAME",
        help="Of the weights, as model hubs write it; people's photos may ask for another one.",
    )
    raw_weights: bool = raw_weights_setting()
    overwrite: bool = overwrite_setting("Replace an export of another generator.")
    dry_run: bool = dry_run_setting("Say what would be written; write nothing.")
    quiet: bool = quiet_setting()
