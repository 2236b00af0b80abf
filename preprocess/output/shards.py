"""Shards: which images and pairs go into which, and how one is made.

Convention:
    An identity never spans two shards of a split. A shard's content is a function of its task
    alone, so that it does not matter which worker makes it, and when.
"""

from __future__ import annotations

import dataclasses
import hashlib
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from data_manifest import schema
from data_manifest.arrays import ShardArrays
from data_manifest.manifest import ShardEntry
from data_manifest.shard import shard_bytes
from preprocess.pairing.pairs import rows_of_identities
from preprocess.pairing.transforms import transforms_of_pairs
from preprocess.sources.images import fast_decoder, read_image
from shared.errors import UsageError, problem
from shared.files import Disk, publish
from shared.geometry import mask_quads, presence
from shared.pictures import RefusedPictureError, resized

NAME_BYTES: Final = 28
"""What the name of an image takes up, for estimates."""

OVERHEAD_BYTES: Final = 65_536
"""What a shard's file takes up beside its rows, for estimates."""

CHUNK_INDEX_BYTES: Final = 288
"""What the index entry and checksum of an image's own chunk take up at most (measured)."""


@dataclasses.dataclass(frozen=True)
class ShardPlan:
    """What goes into one shard.

    Args:
        split: ``"train"`` or ``"test"``.
        number: Number of the shard in its split.
        rows: int64 (n,), which of the split's images.
        pairs: int32 (m, 2), source and target as rows of the shard.
        order: int64 (m,), positions of these pairs in the split's list, ascending.
    """

    split: str
    number: int
    rows: NDArray[np.int64]
    pairs: NDArray[np.int32]
    order: NDArray[np.int64]

    @property
    def file(self) -> str:
        """Name of the shard's file."""
        return schema.shard_file(self.split, self.number)


@dataclasses.dataclass(frozen=True, kw_only=True)
class ShardTask:
    """All that a worker needs to make one shard; n images, m pairs.

    Args:
        path: The file to be published.
        split: ``"train"`` or ``"test"``.
        image_size: (height, width) of the images in the shard.
        sources: The image files.
        digests: SHA-256 of each file's content.
        joints: float64 (n, 18, 2), pixels of the shard's images, NaN where absent.
        scores: float32 (n, 18).
        identities: int32 (n,).
        cameras: int16 (n,).
        people: int16 (n,).
        person_scores: float32 (n,).
        margins: float32 (n,).
        pairs: int32 (m, 2), rows.
        order: int64 (m,).
    """

    path: Path
    split: str
    image_size: tuple[int, int]
    sources: Sequence[Path]
    digests: Sequence[str]
    joints: NDArray[np.float64]
    scores: NDArray[np.float32]
    identities: NDArray[np.int32]
    cameras: NDArray[np.int16]
    people: NDArray[np.int16]
    person_scores: NDArray[np.float32]
    margins: NDArray[np.float32]
    pairs: NDArray[np.int32]
    order: NDArray[np.int64]

    @property
    def key(self) -> str:
        """SHA-256 of everything that the shard's content follows from."""
        digest = hashlib.sha256(f"{schema.FORMAT} {schema.VERSION}\n".encode())
        names = [source.name for source in self.sources]
        plain = (self.path.name, self.split, self.image_size, names, list(self.digests))
        digest.update(repr(plain).encode("utf-8", "surrogateescape"))
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if isinstance(value, np.ndarray):
                digest.update(f"{field.name} {value.dtype} {value.shape}\n".encode())
                digest.update(np.ascontiguousarray(value).tobytes())
        return digest.hexdigest()


def image_bytes(image_size: tuple[int, int]) -> int:
    """Estimate what one image takes up in a shard."""
    return _row_bytes("n", image_size) + CHUNK_INDEX_BYTES


def pair_bytes() -> int:
    """Estimate what one pair takes up in a shard."""
    return _row_bytes("m", (1, 1))


def plan_shards(
    split: str,
    identities: NDArray[np.integer[Any]],
    pairs: NDArray[np.int64],
    image_size: tuple[int, int],
    shard_bytes: int,
) -> list[ShardPlan]:
    """Divide a split's images by identity into shards of a size.

    Args:
        split: ``"train"`` or ``"test"``.
        identities: Integers (n,), of the split's valid images.
        pairs: int64 (m, 2), the split's pairs as rows of these images.
        image_size: (height, width).
        shard_bytes: Size that a shard does not exceed unless one identity alone does.

    Returns:
        The plans; together they hold every image and every pair once.
    """
    if len(identities) == 0:
        return []
    groups = rows_of_identities(identities)
    group_of_row = np.empty(len(identities), np.int64)
    for number, rows in enumerate(groups):
        group_of_row[rows] = number
    num_pairs = np.bincount(group_of_row[pairs[:, 0]], minlength=len(groups))
    sizes = [len(rows) * image_bytes(image_size) for rows in groups] + num_pairs * pair_bytes()
    shard_of_group = _fill(sizes.tolist(), shard_bytes - OVERHEAD_BYTES)
    shard_of_row = shard_of_group[group_of_row]
    order = np.argsort(shard_of_group[group_of_row[pairs[:, 0]]], kind="stable")
    ends = np.searchsorted(
        shard_of_row[pairs[order, 0]], np.arange(shard_of_group[-1] + 1), side="right"
    )
    plans = []
    for number, chosen in enumerate(np.split(order, ends[:-1])):
        rows = np.concatenate([groups[g] for g in np.flatnonzero(shard_of_group == number)])
        local = np.zeros(len(identities), np.int32)
        local[rows] = np.arange(len(rows))
        plans.append(ShardPlan(split, number, rows, local[pairs[chosen]], chosen))
    return plans


def make_shard(task: ShardTask, disk: Disk | None = None) -> tuple[ShardEntry, NDArray[np.uint8]]:
    """Make and publish one shard.

    Args:
        task: What goes into it.
        disk: The calls to the operating system.

    Returns:
        The shard's entry for the manifest and the status of its parts, uint8 (m, 10).

    Raises:
        UsageError: A source image is not the one that was checked before.
        NoSpaceError: The disk is full.
    """
    transforms, status = transforms_of_pairs(task.joints, task.pairs)
    arrays = ShardArrays(
        images=_pictures(task),
        joints=task.joints.astype(np.float32),
        present=presence(task.joints),
        scores=task.scores,
        quads=mask_quads(task.joints, task.image_size),
        names=np.array([source.name.encode() for source in task.sources]),
        identities=task.identities,
        cameras=task.cameras,
        people=task.people,
        person_scores=task.person_scores,
        margins=task.margins,
        pairs=task.pairs,
        pair_order=task.order,
        transforms=transforms,
        status=status,
    )
    data = shard_bytes(arrays, task.split)
    sha256 = publish(task.path, data, disk)
    return entry_of(task, len(data), sha256), status


def entry_of(task: ShardTask, num_bytes: int, sha256: str) -> ShardEntry:
    """Give the manifest's entry of a shard that was made."""
    return ShardEntry(
        file=task.path.name,
        split=task.split,
        num_bytes=num_bytes,
        sha256=sha256,
        num_images=len(task.sources),
        num_pairs=len(task.pairs),
        identities=tuple(np.unique(task.identities).tolist()),
    )


def _pictures(task: ShardTask) -> NDArray[np.uint8]:
    pictures = np.empty((len(task.sources), *task.image_size, 3), np.uint8)
    fast = fast_decoder()
    for row, (source, digest) in enumerate(zip(task.sources, task.digests, strict=True)):
        try:
            picture, found = read_image(source, fast)
        except RefusedPictureError as refusal:
            picture, found = pictures[row], str(refusal)
        if found != digest:
            raise UsageError(
                problem(
                    source,
                    "the image that was checked before",
                    "another content",
                    "let nothing change the source, then repeat the command",
                )
            )
        pictures[row] = resized(picture, task.image_size)
    return pictures


def _row_bytes(symbol: str, image_size: tuple[int, int]) -> int:
    sizes = {"n": 1, "m": 1, "H": image_size[0], "W": image_size[1]}
    rows = [entry for entry in schema.DATASETS if entry.shape[0] == symbol]
    return sum(
        math.prod(entry.sizes(sizes))
        * (NAME_BYTES if entry.stored == "S" else np.dtype(entry.stored).itemsize)
        for entry in rows
    )


def _fill(sizes: Sequence[int], limit: int) -> NDArray[np.int64]:
    """Give the number of the shard of each group: groups in order, a new shard when one is full."""
    numbers = np.empty(len(sizes), np.int64)
    number, filled = 0, 0
    for group, size in enumerate(sizes):
        if filled and filled + size > limit:
            number, filled = number + 1, 0
        numbers[group] = number
        filled += size
    return numbers
