"""The command ``export-generator``: a thin skin over :func:`train.export.make.export_generator`."""

from __future__ import annotations

from typing import Any

from data_manifest.settings import CacheSettings
from shared.options import command
from shared.settings import build_given
from train.export.settings import ExportSettings

EXAMPLES = (
    "export-generator runs/demo --out my-generator",
    "export-generator runs/demo --out my-generator --shards shards/",
)


@command(ExportSettings, CacheSettings, examples=EXAMPLES)
def export_generator(**options: Any) -> None:
    """Take a trained generator out of its run, in a folder that can be handed on.

    Writes model.safetensors, config.json and a card, README.md: data, settings, scores by the
    names of their protocols, licence and intended use. Every command that draws takes the folder
    in the place of a run.
    """
    settings = build_given(ExportSettings, options)

    from shared.console import Console  # noqa: PLC0415 - so that --help stays quick
    from train.export import make  # noqa: PLC0415 - it imports torch

    cache = build_given(CacheSettings, options)
    make.export_generator(settings, Console(quiet=settings.quiet), cache=cache)
