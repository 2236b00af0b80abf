"""How often each part of a body has a transform, over the pairs of a split, and a usable one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared.affine import STATUS_DIRECT, STATUS_MIRRORED, STATUS_NONE
from shared.geometry import Floats
from shared.skeleton import NUM_PARTS, PARTS
from shared.stable_fit import degenerate


@dataclass(frozen=True)
class PartsOfPairs:
    """What became of the parts of m pairs.

    Attributes:
        status: uint8 (m, 10), of the transforms.
        degenerate: bool (m, 10), transforms that squeeze or stretch until nothing can be seen; see
            :func:`shared.stable_fit.degenerate`.
    """

    status: NDArray[np.uint8]
    degenerate: NDArray[np.bool_]

    @classmethod
    def of(cls, transforms: Floats, status: NDArray[np.uint8]) -> PartsOfPairs:
        """Judge transforms, float (m, 10, 2, 3), of a status, uint8 (m, 10)."""
        return cls(status, degenerate(transforms, status))

    @classmethod
    def joined(cls, several: Sequence[PartsOfPairs]) -> PartsOfPairs:
        """Put those of several shards together."""
        empty = np.empty((0, NUM_PARTS), np.uint8)
        return cls(
            np.concatenate([empty, *(each.status for each in several)]),
            np.concatenate([empty.astype(np.bool_), *(each.degenerate for each in several)]),
        )

    def __len__(self) -> int:
        return len(self.status)


def count_parts(parts: PartsOfPairs) -> dict[str, dict[str, int]]:
    """Count, for each part, the pairs with a direct, a mirrored, no and a degenerate transform."""
    kinds = {"direct": STATUS_DIRECT, "mirrored": STATUS_MIRRORED, "none": STATUS_NONE}
    counts = {
        part: {kind: int((parts.status[:, row] == value).sum()) for kind, value in kinds.items()}
        for row, part in enumerate(PARTS)
    }
    for row, part in enumerate(PARTS):
        counts[part]["degenerate"] = int(parts.degenerate[:, row].sum())
    return counts
