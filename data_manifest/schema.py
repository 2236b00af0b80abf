"""The one table of what a shard holds; writer, reader, validator and FORMAT.md follow it.

Convention:
    A shape is written with the symbols ``n`` (images of the shard), ``m`` (pairs of the shard),
    ``H`` and ``W`` (height and width of the images). Points are (x, y) in pixels with pixel centres
    on whole numbers. An absent joint or quad is NaN. ``bool`` is stored as uint8 with 0 and 1.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import DTypeLike, NDArray

from shared.skeleton import JOINTS, NUM_JOINTS, NUM_PARTS

FORMAT: Final = "posegan-shard"
VERSION: Final = 1
SPLITS: Final = ("train", "test")
CHUNK_BYTES: Final = 65536
"""Data sets other than the images are stored in chunks of whole rows of about this size."""

MAX_NAME_BYTES: Final = 255


@dataclasses.dataclass(frozen=True, kw_only=True)
class DataSet:
    """One data set of a shard.

    Attributes:
        name: Name in the file and of the field of ``ShardArrays``.
        dtype: Type in memory; ``"S"`` is a fixed-length byte string of any length up to 255.
        shape: Sizes and symbols, rows first.
        unit: Unit of the values, or ``"-"``.
        since: First version of the format that has it.
        meaning: One line.
        low: Smallest value allowed, None for no bound.
        high: Largest value allowed, None for no bound.
        nan: Whether NaN stands for "unknown" or "absent".
        row_chunks: Every row is a chunk of its own.
    """

    name: str
    dtype: str
    shape: tuple[int | str, ...]
    unit: str
    since: int = 1
    meaning: str
    low: int | None = None
    high: int | None = None
    nan: bool = False
    row_chunks: bool = False

    @property
    def stored(self) -> str:
        """Type in the file."""
        return "uint8" if self.dtype == "bool" else self.dtype

    def fits_type(self, dtype: DTypeLike) -> bool:
        """Tell whether an array in memory has this data set's type."""
        return _fits(np.dtype(dtype), self.dtype)

    def fits_stored_type(self, dtype: DTypeLike) -> bool:
        """Tell whether a data set in a file has this data set's type."""
        return _fits(np.dtype(dtype), self.stored)

    def sizes(self, symbols: Mapping[str, int]) -> tuple[int, ...]:
        """Return the shape as numbers, with the symbols replaced by their values."""
        return tuple(symbols[size] if isinstance(size, str) else size for size in self.shape)

    def chunks(self, shape: tuple[int, ...], item_bytes: int) -> tuple[int, ...] | None:
        """Return the chunk shape that the format asks for; None (contiguous) without elements."""
        if 0 in shape:
            return None
        row_bytes = item_bytes * math.prod(shape[1:])
        rows = 1 if self.row_chunks else max(1, CHUNK_BYTES // row_bytes)
        return (min(rows, shape[0]), *shape[1:])


@dataclasses.dataclass(frozen=True, kw_only=True)
class Attribute:
    """One attribute of a shard's root group: a fixed-length string (``"S"``) or an int64."""

    name: str
    dtype: str
    meaning: str
    since: int = 1


@dataclasses.dataclass(frozen=True, kw_only=True)
class Column:
    """One column of a CSV manifest; ``dtype`` is pandas' name of its type."""

    name: str
    dtype: str
    meaning: str


ATTRIBUTES: Final = (
    Attribute(name="format", dtype="S", meaning=f"always `{FORMAT}`"),
    Attribute(name="version", dtype="int64", meaning="version of this format"),
    Attribute(name="split", dtype="S", meaning="`train` or `test`"),
    Attribute(name="num_images", dtype="int64", meaning="n"),
    Attribute(name="num_pairs", dtype="int64", meaning="m"),
    Attribute(name="height", dtype="int64", meaning="H, pixels"),
    Attribute(name="width", dtype="int64", meaning="W, pixels"),
)

DATASETS: Final = (
    DataSet(
        name="images",
        dtype="uint8",
        shape=("n", "H", "W", 3),
        unit="-",
        row_chunks=True,
        meaning="RGB pixels of the images",
    ),
    DataSet(
        name="joints",
        dtype="float32",
        shape=("n", NUM_JOINTS, 2),
        unit="px",
        nan=True,
        meaning="joints (x, y), NaN where absent",
    ),
    DataSet(
        name="present",
        dtype="bool",
        shape=("n", NUM_JOINTS),
        unit="-",
        low=0,
        high=1,
        meaning="joint known; exactly where `joints` is finite",
    ),
    DataSet(
        name="scores",
        dtype="float32",
        shape=("n", NUM_JOINTS),
        unit="-",
        nan=True,
        meaning="confidence of each joint, NaN where unknown",
    ),
    DataSet(
        name="quads",
        dtype="float32",
        shape=("n", NUM_PARTS, 4, 2),
        unit="px",
        nan=True,
        meaning="corners of each part's mask, NaN where the part is absent",
    ),
    DataSet(
        name="names", dtype="S", shape=("n",), unit="-", meaning="file names, unique in the shard"
    ),
    DataSet(
        name="identities", dtype="int32", shape=("n",), unit="-", low=0, meaning="who it shows"
    ),
    DataSet(
        name="cameras",
        dtype="int16",
        shape=("n",),
        unit="-",
        low=-1,
        meaning="camera number, -1 where unknown",
    ),
    DataSet(
        name="people",
        dtype="int16",
        shape=("n",),
        unit="-",
        low=-1,
        meaning="people the pose model saw, -1 where unknown",
    ),
    DataSet(
        name="person_scores",
        dtype="float32",
        shape=("n",),
        unit="-",
        nan=True,
        meaning="score of the chosen person, NaN where unknown",
    ),
    DataSet(
        name="margins",
        dtype="float32",
        shape=("n",),
        unit="-",
        nan=True,
        meaning="score ahead of the runner-up, NaN where unknown",
    ),
    DataSet(
        name="pairs",
        dtype="int32",
        shape=("m", 2),
        unit="row",
        low=0,
        meaning="rows of source and target: two images of one identity",
    ),
    DataSet(
        name="pair_order",
        dtype="int64",
        shape=("m",),
        unit="-",
        low=0,
        meaning="position of the pair in the split's list, unique",
    ),
    DataSet(
        name="transforms",
        dtype="float32",
        shape=("m", NUM_PARTS, 2, 3),
        unit="px",
        meaning="affine of each part from target to source coordinates, always finite",
    ),
    DataSet(
        name="status",
        dtype="uint8",
        shape=("m", NUM_PARTS),
        unit="-",
        low=0,
        high=2,
        meaning="0 no transform, 1 direct, 2 from the mirrored limb of the source",
    ),
)

PAIR_COLUMNS: Final = (
    Column(name="from", dtype="str", meaning="file name of the source"),
    Column(name="to", dtype="str", meaning="file name of the target"),
    Column(name="identity", dtype="int32", meaning="who both show"),
    Column(name="camera_from", dtype="int16", meaning="camera of the source, -1 unknown"),
    Column(name="camera_to", dtype="int16", meaning="camera of the target, -1 unknown"),
    Column(name="shard", dtype="int32", meaning="number of the shard in its split"),
    Column(name="pair_row", dtype="int32", meaning="row in the shard's `pairs`"),
    Column(name="row_from", dtype="int32", meaning="row of the source in the shard's `images`"),
    Column(name="row_to", dtype="int32", meaning="row of the target in the shard's `images`"),
    Column(name="parts_direct", dtype="int8", meaning="number of parts with a direct transform"),
    Column(name="parts_mirrored", dtype="int8", meaning="number of parts mirrored in the source"),
)

IMAGE_COLUMNS: Final = (
    Column(name="name", dtype="str", meaning="file name, `'` before one that is a formula"),
    Column(name="folder", dtype="str", meaning="folder of the source that holds it"),
    Column(name="split", dtype="str", meaning="`train`, `test` or empty"),
    Column(name="status", dtype="str", meaning="`valid` (in a shard) or why it is not"),
    Column(name="reason", dtype="str", meaning="in words, empty where valid"),
    Column(name="identity", dtype="Int32", meaning="who it shows; -1 junk, Market: 0 distractor"),
    Column(name="camera", dtype="Int16", meaning="camera number"),
    Column(name="sequence", dtype="Int16", meaning="sequence number"),
    Column(name="frame", dtype="Int32", meaning="frame number"),
    Column(name="box", dtype="Int16", meaning="box number"),
    Column(name="width", dtype="Int32", meaning="pixels, of the source file"),
    Column(name="height", dtype="Int32", meaning="pixels, of the source file"),
    Column(name="shard", dtype="Int32", meaning="number of the shard in its split"),
    Column(name="row", dtype="Int32", meaning="row in the shard's `images`"),
    Column(name="joints_present", dtype="Int8", meaning="number of joints known"),
    Column(name="people", dtype="Int16", meaning="people the pose model saw"),
    Column(name="person_score", dtype="float32", meaning="score of the chosen person"),
    Column(name="margin", dtype="float32", meaning="score ahead of the runner-up"),
    *(
        Column(name=f"has_{joint}", dtype="Int8", meaning=f"1 where {joint} is known, else 0")
        for joint in JOINTS
    ),
)


def datasets_of(version: int) -> tuple[DataSet, ...]:
    """List the data sets that a shard of a version of the format holds."""
    return tuple(entry for entry in DATASETS if entry.since <= version)


def shard_file(split: str, number: int) -> str:
    """Name a shard's file, for example ``"train-00003.h5"``."""
    return f"{split}-{number:05d}.h5"


def row_bytes(symbol: str, image_size: tuple[int, int], name_bytes: int = 1) -> int:
    """Add up the bytes of one row of images (``"n"``) or of pairs (``"m"``).

    Nothing is compressed, and a name takes up ``name_bytes``: one byte at least.
    """
    sizes = {"n": 1, "m": 1, "H": image_size[0], "W": image_size[1]}
    return sum(
        math.prod(entry.sizes(sizes))
        * (name_bytes if entry.stored == "S" else np.dtype(entry.stored).itemsize)
        for entry in DATASETS
        if entry.shape[0] == symbol
    )


def symbols_of(images: NDArray[Any], num_pairs: int) -> dict[str, int]:
    """Read the values of the symbols n, m, H, W from an array (n, H, W, 3) and a count."""
    count, height, width, _ = images.shape
    return {"n": count, "m": num_pairs, "H": height, "W": width}


def _fits(dtype: np.dtype[Any], wanted: str) -> bool:
    if wanted == "S":
        return dtype.kind == "S" and 1 <= dtype.itemsize <= MAX_NAME_BYTES
    return dtype == np.dtype(wanted)
