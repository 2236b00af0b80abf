"""Which images and pairs go into which shard.

Convention:
    An identity never spans two shards of a split.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from data_manifest import schema
from preprocess.pairing.pairs import rows_of_identities

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


def image_bytes(image_size: tuple[int, int]) -> int:
    """Estimate what one image takes up in a shard."""
    return schema.row_bytes("n", image_size, NAME_BYTES) + CHUNK_INDEX_BYTES


def pair_bytes() -> int:
    """Estimate what one pair takes up in a shard."""
    return schema.row_bytes("m", (1, 1))


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


def _fill(sizes: Sequence[int], limit: int) -> NDArray[np.int64]:
    """Number the shard of each group: groups in order, a new shard when one is full."""
    numbers = np.empty(len(sizes), np.int64)
    number, filled = 0, 0
    for group, size in enumerate(sizes):
        if filled and filled + size > limit:
            number, filled = number + 1, 0
        numbers[group] = number
        filled += size
    return numbers
