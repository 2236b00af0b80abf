"""The command ``export-pairs``: a thin skin over :mod:`data_manifest.export.folder`."""

from __future__ import annotations

from typing import Any

from data_manifest.settings import CacheSettings, ExportSettings
from shared.options import command
from shared.settings import build_given

EXAMPLES = (
    "export-pairs shards --format pose-gan --out pose-gan/data",
    "export-pairs shards --format webdataset --out tars --originals Market-1501/bounding_box_train",
)


@command(ExportSettings, CacheSettings, examples=EXAMPLES)
def export_pairs(**options: Any) -> None:
    """Write the folder SHARDS in the form that another system reads.

    Images, key points and pair lists come out so that prep-market makes equal shards of them
    again; webdataset and parquet are one-way forms. Killed at any moment, the same command
    continues. Exit codes: 0 done, 2 wrong use or data, 4 another run has the folder, 5 no space,
    6 damaged data.
    """
    from data_manifest.export.folder import export_pairs as export  # noqa: PLC0415 - needs h5py
    from shared.console import Console  # noqa: PLC0415 - --help needs no rich

    cache = build_given(CacheSettings, options)
    export(build_given(ExportSettings, options), Console(), cache=cache)
