"""The command ``copy-shards``: a thin skin over :mod:`data_manifest.copying.copy`."""

from __future__ import annotations

from typing import Any

from data_manifest.settings import CacheSettings, CopySettings
from shared.options import command
from shared.settings import build_given

EXAMPLES = (
    "copy-shards shards/ s3://bucket/shards",
    "copy-shards https://example.org/shards /scratch/shards",
)


@command(CopySettings, CacheSettings, examples=EXAMPLES)
def copy_shards(**options: Any) -> None:
    """Copy the shard folder SRC to DST, either of them here or elsewhere.

    Each file is checked by its hash, the manifest comes last, and the same command goes on with a
    copy that was cut short. Nothing that it did not make is replaced. Addresses need the extra
    remote. Exit codes: 0 done, 2 wrong use or no access, 4 another run has the folder, 5 no space,
    6 damaged data.
    """
    from data_manifest.copying.copy import copy_shards as copy  # noqa: PLC0415 - needs numpy
    from shared.console import Console  # noqa: PLC0415 - --help needs no rich

    copy(build_given(CopySettings, options), Console(), build_given(CacheSettings, options))
