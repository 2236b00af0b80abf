"""The CSV tables of a shard folder, for pandas: ``images.csv`` and ``pairs-*.csv``.

Convention:
    Comma separated, UTF-8, LF at line ends, one header line, columns as in ``schema.py``.
    Unknown whole numbers and floats are empty, unknown cameras of pairs are -1.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data_manifest import schema
from data_manifest.arrays import ShardArrays
from data_manifest.manifest import IMAGES_FILE, REMEDY, open_manifest, pairs_file
from data_manifest.remote.folder import RemoteFolder, ShardFolder, as_folder
from data_manifest.remote.transfer import Wanted
from data_manifest.schema import Column
from shared.affine import STATUS_DIRECT, STATUS_MIRRORED
from shared.errors import DamagedError, UsageError, problem
from shared.files import Disk, publish
from shared.geometry import presence, torso_lengths
from shared.regular_files import read_regular
from shared.stable_fit import degenerate

FLOAT_FORMAT: Final = "%.6g"

MAX_TABLE_BYTES: Final = 1 << 33
"""A table of a hundred million pairs is smaller."""


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
    table = pair_rows(
        names=np.char.decode(arrays.names, "utf-8", "backslashreplace").astype(object),
        identities=arrays.identities,
        cameras=arrays.cameras,
        pairs=arrays.pairs,
        order=arrays.pair_order,
        status=arrays.status,
        number=number,
    )
    if measured:
        table["pose_change"] = pose_changes(arrays.joints, *arrays.pairs.T)
        useless = degenerate(arrays.transforms, arrays.status)
        table["parts_degenerate"] = useless.sum(axis=1, dtype=np.int8)
    return table


def pair_rows(
    *,
    names: NDArray[np.object_],
    identities: NDArray[np.integer[Any]],
    cameras: NDArray[np.integer[Any]],
    pairs: NDArray[np.integer[Any]],
    order: NDArray[np.integer[Any]],
    status: NDArray[np.uint8],
    number: int,
) -> pd.DataFrame:
    """Return the pairs of a shard as rows of ``pairs-*.csv``, from what the rows are made of.

    Args:
        names: Text (n,), names of the shard's images.
        identities: Integers (n,).
        cameras: Integers (n,).
        pairs: Integers (m, 2), rows of source and target.
        order: Integers (m,), positions in the split's list.
        status: uint8 (m, 10), of the transforms.
        number: Number of the shard in its split.

    Returns:
        The columns ``schema.PAIR_COLUMNS``, then ``order``.
    """
    source, target = pairs.T
    return pd.DataFrame(
        {
            "from": names[source],
            "to": names[target],
            "identity": identities[source],
            "camera_from": cameras[source],
            "camera_to": cameras[target],
            "shard": np.full(len(source), number, np.int32),
            "pair_row": np.arange(len(source), dtype=np.int32),
            "row_from": source,
            "row_to": target,
            "parts_direct": (status == STATUS_DIRECT).sum(axis=1, dtype=np.int8),
            "parts_mirrored": (status == STATUS_MIRRORED).sum(axis=1, dtype=np.int8),
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
    return publish(folder / IMAGES_FILE, _csv(images, schema.IMAGE_COLUMNS, IMAGES_FILE), disk)


def publish_pairs(folder: Path, split: str, pairs: pd.DataFrame, disk: Disk | None = None) -> str:
    """Publish ``pairs-<split>.csv``.

    Args:
        folder: The shard folder.
        split: ``"train"`` or ``"test"``.
        pairs: One row a pair, in the order of the split's list, with the columns
            ``schema.PAIR_COLUMNS`` in any order; ``order`` may be there and is left out.
        disk: The calls to the operating system.

    Returns:
        The SHA-256 of the file.

    Raises:
        UsageError: A column is missing, unknown or of a type that does not convert.
    """
    name = pairs_file(split)
    rows = pairs.drop(columns="order", errors="ignore")
    return publish(folder / name, _csv(rows, schema.PAIR_COLUMNS, name), disk)


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


def _csv(table: pd.DataFrame, columns: Sequence[Column], where: str) -> bytes:
    names = [column.name for column in columns]
    strange = sorted(set(names) ^ set(map(str, table.columns)))
    if strange:
        found = ", ".join(strange) + " missing or unknown"
        raise UsageError(
            problem(where, "the columns of schema.py", found, "correct the table's columns")
        )
    try:
        typed = table[names].astype({column.name: column.dtype for column in columns})
    except (ValueError, TypeError) as error:
        raise UsageError(
            problem(where, "values of the columns' types", "others", "convert them")
        ) from error
    text = typed.to_csv(index=False, lineterminator="\n", float_format=FLOAT_FORMAT)
    return text.encode("utf-8")


def pose_changes(
    joints: NDArray[np.float32], source: NDArray[Any], target: NDArray[Any]
) -> NDArray[np.float32]:
    """Measure how far poses change, as the column ``pose_change`` of :func:`pair_table`.

    Args:
        joints: float32 (n, 18, 2), px, NaN where absent.
        source: Integers (m,), rows of the sources.
        target: Integers (m,), rows of the targets.

    Returns:
        float32 (m,), in torso lengths.
    """
    exact = joints.astype(np.float64)
    scale = torso_lengths(exact)[:, None, None]
    known = presence(exact)
    common = (known[source] & known[target])[:, :, None]
    count = np.maximum(common.sum(axis=1, keepdims=True), 1)

    def placed(rows: NDArray[Any]) -> NDArray[np.float64]:
        points = np.where(common, exact[rows], 0.0)
        middle = points.sum(axis=1, keepdims=True) / count
        return np.where(common, (points - middle) / scale[rows], 0.0)

    moved = np.sqrt(np.square(placed(target) - placed(source)).sum(axis=-1))
    change: NDArray[np.float64] = moved.sum(axis=1) / count[:, 0, 0]
    return change.astype(np.float32)
