"""The CSV tables of a shard folder, for pandas: ``images.csv`` and ``pairs-*.csv``.

Convention:
    Comma separated, UTF-8, LF at line ends, one header line, columns as in ``schema.py``.
    Unknown whole numbers and floats are empty, unknown cameras of pairs are -1.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data_manifest import schema
from data_manifest.arrays import ShardArrays
from data_manifest.manifest import (
    IMAGES_FILE,
    MAX_TABLE_BYTES,
    REMEDY,
    open_manifest,
    pairs_file,
)
from data_manifest.remote.folder import RemoteFolder, ShardFolder, as_folder
from data_manifest.remote.transfer import Wanted
from data_manifest.schema import Column
from shared.affine import STATUS_DIRECT, STATUS_MIRRORED
from shared.errors import DamagedError, UsageError, problem
from shared.files import Disk, publish
from shared.pair_geometry import pose_changes
from shared.regular_files import read_regular
from shared.stable_fit import degenerate

FLOAT_FORMAT: Final = "%.6g"


def pair_table(arrays: ShardArrays, number: int, *, measured: bool = False) -> pd.DataFrame:
    """Return the pairs of a shard as rows of ``pairs-*.csv``, in the order of the shard.

    Args:
        arrays: The shard.
        number: Its number in its split.
        measured: Add two columns. ``pose_change``: how far the joints that both images know move
            on average, in torso lengths, after both bodies are put on the same middle and brought
            to the same torso length. ``parts_degenerate``: how many of the ten transforms squeeze
            or stretch so much that their pixels are of no use.

    Returns:
        The columns ``schema.PAIR_COLUMNS``, then ``order``, the position in the split's list.
    """
    source, target = arrays.pairs.T
    table = pair_rows(
        names=np.char.decode(arrays.names, "utf-8", "backslashreplace").astype(object),
        identities=arrays.identities,
        cameras=arrays.cameras,
        source=source,
        target=target,
        places={
            "shard": np.full(len(source), number, np.int32),
            "pair_row": np.arange(len(source), dtype=np.int32),
            "row_from": source,
            "row_to": target,
        },
        parts_direct=(arrays.status == STATUS_DIRECT).sum(axis=1, dtype=np.int8),
        parts_mirrored=(arrays.status == STATUS_MIRRORED).sum(axis=1, dtype=np.int8),
        order=arrays.pair_order,
    )
    if measured:
        table["pose_change"] = pose_changes(arrays.joints, source, target)
        useless = degenerate(arrays.transforms, arrays.status)
        table["parts_degenerate"] = useless.sum(axis=1, dtype=np.int8)
    return table


def pair_rows(
    *,
    names: NDArray[np.object_],
    identities: NDArray[np.integer[Any]],
    cameras: NDArray[np.integer[Any]],
    source: NDArray[np.integer[Any]],
    target: NDArray[np.integer[Any]],
    places: Mapping[str, NDArray[np.int32]],
    parts_direct: NDArray[np.int8],
    parts_mirrored: NDArray[np.int8],
    order: NDArray[np.integer[Any]],
) -> pd.DataFrame:
    """Return m pairs as rows of ``pairs-*.csv``, from what the rows are made of.

    Args:
        names: Text (n,), names of images.
        identities: Integers (n,).
        cameras: Integers (n,).
        source: Integers (m,), the sources as rows of these.
        target: Integers (m,), the targets.
        places: The columns ``shard``, ``pair_row``, ``row_from`` and ``row_to``, int32 (m,).
        parts_direct: int8 (m,).
        parts_mirrored: int8 (m,).
        order: Integers (m,), positions in the split's list.

    Returns:
        The columns ``schema.PAIR_COLUMNS``, then ``order``.
    """
    return pd.DataFrame(
        {
            "from": names[source],
            "to": names[target],
            "identity": identities[source],
            "camera_from": cameras[source],
            "camera_to": cameras[target],
            **places,
            "parts_direct": parts_direct,
            "parts_mirrored": parts_mirrored,
            "order": order,
        }
    ).astype({"from": "str", "to": "str"})


def load_pairs(folder: ShardFolder | str, split: str = "train") -> pd.DataFrame:
    """Load the pairs of a shard folder as a table, in the order of the split's list.

    Args:
        folder: A shard folder, or the address of one as text.
        split: ``"train"`` or ``"test"``.

    Returns:
        One row a pair; the columns are ``schema.PAIR_COLUMNS``.

    Raises:
        UsageError: The folder has no manifest, or the split has another name.
        DamagedError: The table is not what was written.
    """
    if split not in schema.SPLITS:
        raise UsageError(problem("split", " or ".join(schema.SPLITS), split, "choose one of them"))
    return read(_verified(as_folder(folder), pairs_file(split)), schema.PAIR_COLUMNS)


def load_images(folder: ShardFolder | str) -> pd.DataFrame:
    """Load all images of the source as a table, also those that are in no shard.

    Args:
        folder: A shard folder, or the address of one as text.

    Returns:
        One row an image; the columns are ``schema.IMAGE_COLUMNS``.

    Raises:
        UsageError: The folder has no manifest.
        DamagedError: The table is not what was written.
    """
    return read(_verified(as_folder(folder), IMAGES_FILE), schema.IMAGE_COLUMNS)


def publish_images(folder: Path, images: pd.DataFrame, disk: Disk | None = None) -> str:
    """Publish ``images.csv``.

    Args:
        folder: The shard folder.
        images: One row an image with exactly the columns ``schema.IMAGE_COLUMNS``, in any order.
        disk: The calls to the operating system.

    Returns:
        The SHA-256 of the file.

    Raises:
        UsageError: A column is missing, unknown or of a type that does not convert.
    """
    typed = _typed(images, schema.IMAGE_COLUMNS, IMAGES_FILE)
    text = typed.to_csv(index=False, lineterminator="\n", float_format=FLOAT_FORMAT)
    return publish(folder / IMAGES_FILE, text.encode("utf-8"), disk)


def publish_pairs(
    folder: Path,
    split: str,
    pairs: pd.DataFrame | Iterable[pd.DataFrame],
    disk: Disk | None = None,
) -> str:
    """Publish ``pairs-<split>.csv``.

    Args:
        folder: The shard folder.
        split: ``"train"`` or ``"test"``.
        pairs: One row a pair, in the order of the split's list, with the columns
            ``schema.PAIR_COLUMNS`` in any order; ``order`` may be there and is left out. A long
            list may come in several tables: no more than one of them is held at a time.
        disk: The calls to the operating system.

    Returns:
        The SHA-256 of the file.

    Raises:
        UsageError: A column is missing, unknown or of a type that does not convert.
    """
    name = pairs_file(split)
    tables = [pairs] if isinstance(pairs, pd.DataFrame) else pairs
    head = ",".join(column.name for column in schema.PAIR_COLUMNS) + "\n"
    rows = (
        _typed(table.drop(columns="order", errors="ignore"), schema.PAIR_COLUMNS, name)
        for table in tables
    )
    return publish(folder / name, chain([head.encode()], map(_pair_lines, rows)), disk)


def read(text: bytes, columns: Sequence[Column]) -> pd.DataFrame:
    """Parse a published table.

    Args:
        text: The file.
        columns: Its columns.

    Returns:
        The table with the columns' types.

    Raises:
        DamagedError: It does not have these columns.
    """
    wanted = ",".join(column.name for column in columns)
    head = text.partition(b"\n")[0].rstrip(b"\r")
    if head != wanted.encode():  # before anything is parsed: a line may hold a million heads
        found = f"the head {head[:60].decode('utf-8', 'replace')!r}"
        raise DamagedError(problem("table", "its columns", found, "make the shards anew"))
    numeric = [column.name for column in columns if column.dtype != "str"]
    try:
        table = pd.read_csv(
            io.BytesIO(text),
            engine="c",
            dtype={column.name: column.dtype for column in columns},
            keep_default_na=False,
            na_values={name: [""] for name in numeric},
            index_col=False,
        )
    except (ValueError, TypeError, OverflowError) as error:
        expected, found = "a table as schema.py describes it", "values of other types, or torn rows"
        raise DamagedError(problem("table", expected, found, "make the shards anew")) from error
    return table


def _verified(folder: ShardFolder, name: str) -> bytes:
    wanted = open_manifest(folder).files.get(name)
    if isinstance(folder, RemoteFolder):
        if wanted is None:
            where = f"{folder}/{name}"
            raise DamagedError(problem(where, "a table that the manifest lists", "none", REMEDY))
        with folder.here(Wanted(name=name, sha256=wanted)) as path:
            return read_regular(path, MAX_TABLE_BYTES)
    path = folder / name
    if wanted is None or not path.is_file():
        raise DamagedError(problem(path, "a table that the manifest lists", "none", REMEDY))
    try:
        text = read_regular(path, MAX_TABLE_BYTES)
    except OSError as error:
        raise DamagedError(problem(path, "a table", error.strerror, REMEDY)) from error
    if hashlib.sha256(text).hexdigest() != wanted:
        remedy = f"work on a copy of it; {REMEDY}"
        raise DamagedError(problem(path, "the table that was written", "another hash", remedy))
    return text


def _typed(table: pd.DataFrame, columns: Sequence[Column], where: str) -> pd.DataFrame:
    names = [column.name for column in columns]
    strange = sorted(set(names) ^ set(map(str, table.columns)))
    if strange:
        found = ", ".join(strange) + " missing or unknown"
        raise UsageError(
            problem(where, "the columns of schema.py", found, "correct the table's columns")
        )
    try:
        return table[names].astype({column.name: column.dtype for column in columns})
    except (ValueError, TypeError) as error:
        raise UsageError(
            problem(where, "values of the columns' types", "others", "convert them")
        ) from error


def _pair_lines(table: pd.DataFrame) -> bytes:
    """Write rows of pairs as pandas does, each name quoted once and not once a pair."""
    columns = []
    for column in schema.PAIR_COLUMNS:
        values = table[column.name]
        if column.dtype == "str":
            which, names = pd.factorize(values)
            columns.append(np.array([*map(_field, names)], object)[which].tolist())
        else:
            columns.append(values.tolist())
    line = ",".join("%s" if c.dtype == "str" else "%d" for c in schema.PAIR_COLUMNS) + "\n"
    return "".join(map(line.__mod__, zip(*columns, strict=True))).encode("utf-8")


def _field(text: str) -> str:
    """Write a text as a field of a CSV, in quotes where it needs them."""
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerow((text, ""))
    return stream.getvalue().removesuffix(",\n")
