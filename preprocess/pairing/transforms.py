"""How often each part of a body has a transform, over the pairs of a split, and a usable one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from shared.affine import STATUS_DIRECT, STATUS_MIRRORED, STATUS_NONE
from shared.geometry import Floats
from shared.skeleton import NUM_PARTS
from shared.stable_fit import degenerate

KINDS: Final = ("direct", "mirrored", "none", "degenerate")
"""What becomes of a part; the first three exclude each other."""


@dataclass(frozen=True)
class PartsOfPairs:
    """What became of the parts of m pairs.

    Attributes:
        direct: int8 (m,), parts of each pair with a direct transform.
        mirrored: int8 (m,), parts whose transform is from the other side of the body.
        counts: int64 (10, 4), for each part the pairs of each of :data:`KINDS`. Degenerate are
            transforms that squeeze or stretch until nothing can be seen, see
            :func:`shared.stable_fit.degenerate`.
    """

    direct: NDArray[np.int8]
    mirrored: NDArray[np.int8]
    counts: NDArray[np.int64]

    @classmethod
    def of(cls, transforms: Floats, status: NDArray[np.uint8]) -> PartsOfPairs:
        """Judge transforms, float (m, 10, 2, 3), of a status, uint8 (m, 10)."""
        direct, mirrored = status == STATUS_DIRECT, status == STATUS_MIRRORED
        kinds = (direct, mirrored, status == STATUS_NONE, degenerate(transforms, status))
        return cls(
            direct.sum(axis=1, dtype=np.int8),
            mirrored.sum(axis=1, dtype=np.int8),
            np.stack([kind.sum(axis=0, dtype=np.int64) for kind in kinds], axis=1),
        )

    @classmethod
    def joined(cls, several: Sequence[PartsOfPairs]) -> PartsOfPairs:
        """Put those of several shards together."""
        none = np.empty(0, np.int8)
        return cls(
            np.concatenate([none, *(each.direct for each in several)]),
            np.concatenate([none, *(each.mirrored for each in several)]),
            sum((each.counts for each in several), np.zeros((NUM_PARTS, len(KINDS)), np.int64)),
        )

    def __len__(self) -> int:
        return len(self.direct)
