"""What decides the content of an export, by which a repeated command knows its own."""

from __future__ import annotations

import hashlib
from typing import Any, Final

from data_manifest.manifest import manifest_bytes
from data_manifest.remote.folder import ShardFolder
from data_manifest.settings import ExportSettings

WEBDATASET: Final = "webdataset"
PARQUET: Final = "parquet"


def record_of(settings: ExportSettings, shards: ShardFolder) -> dict[str, Any]:
    """Return what decides the content of an export, as plain values."""
    record: dict[str, Any] = {
        "format": settings.format,
        "shards": hashlib.sha256(manifest_bytes(shards)).hexdigest(),
        "originals": bool(settings.originals),
    }
    if settings.format == PARQUET:
        return record
    if settings.format == WEBDATASET:
        return {**record, "pairs_per_tar": settings.pairs_per_tar}
    return {**record, "whole_pixels": settings.whole_pixels}
