"""The form of tables alone: parquet files, which pandas, polars, DuckDB and others read by column.

Convention:
    A folder of pairs holds a file a shard, so that writing takes the memory of one shard and
    readers take the folder as one table: the columns of ``pairs-*.csv``, then ``order``,
    ``pose_change`` and ``parts_degenerate``. Rows are in the order of the shards.
"""

from __future__ import annotations

import importlib
import io
from dataclasses import dataclass
from typing import Final

import pandas as pd

from data_manifest.arrays import ShardArrays
from data_manifest.manifest import Manifest, ShardEntry
from data_manifest.tables import pair_table
from shared.errors import UsageError, problem

IMAGES_TABLE: Final = "images.parquet"
IMAGE_BYTES: Final = 120
PAIR_BYTES: Final = 40
"""What a row takes up, for estimates (measured on Market-1501's names: 20 each)."""

FILE_BYTES: Final = 20_000
"""What a file takes up beside its rows."""


@dataclass(frozen=True)
class TablePlan:
    """Which pairs go into one file.

    Args:
        file: Its name, relative to the folder.
        entry: The shard that holds them.
        count: How many.
    """

    file: str
    entry: ShardEntry
    count: int


def plan_tables(manifest: Manifest) -> list[TablePlan]:
    """Return a plan for each shard that holds pairs."""
    return [
        TablePlan(f"{folder_of(entry.split)}/{entry.number:05d}.parquet", entry, entry.num_pairs)
        for entry in manifest.shards
        if entry.num_pairs
    ]


def folder_of(split: str) -> str:
    """Name the folder of a split's pairs."""
    return f"pairs-{split}"


def pairs_of(plan: TablePlan, arrays: ShardArrays) -> bytes:
    """Return the file of a shard's pairs."""
    return table_bytes(pair_table(arrays, plan.entry.number, measured=True))


def table_bytes(table: pd.DataFrame) -> bytes:
    """Return a table as the bytes of a parquet file."""
    stream = io.BytesIO()
    table.to_parquet(stream, engine="pyarrow", index=False)
    return stream.getvalue()


def require_library() -> None:
    """Make sure that parquet files can be written.

    Raises:
        UsageError: The library is missing.
    """
    try:
        importlib.import_module("pyarrow.parquet")
    except ImportError as error:
        expected, remedy = "the library that writes it", "pip install 'posegan[parquet]'"
        raise UsageError(problem("--format parquet", expected, error, remedy)) from error
