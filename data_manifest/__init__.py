"""The contract between the stages, for pandas users too: shards, manifests, the field's files."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from data_manifest.shard import open_shard
    from data_manifest.tables import load_images, load_pairs

__all__ = ["load_images", "load_pairs", "open_shard"]


def __getattr__(name: str) -> Any:
    """Import what is asked for only then, so that ``--help`` needs neither h5py nor pandas."""
    homes = {"load_images": "tables", "load_pairs": "tables", "open_shard": "shard"}
    if name not in homes:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{homes[name]}"), name)
