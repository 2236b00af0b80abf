from __future__ import annotations

import numpy as np

from preprocess.pairing.transforms import KINDS, PartsOfPairs
from shared.affine import STATUS_DIRECT, STATUS_MIRRORED, STATUS_NONE
from shared.skeleton import NUM_PARTS


def counts_of(parts: PartsOfPairs, kind: str) -> list[int]:
    return parts.counts[:, KINDS.index(kind)].tolist()


def test_every_part_and_every_pair_is_counted_by_its_status(rng: np.random.Generator) -> None:
    status = rng.integers(0, 3, (50, NUM_PARTS)).astype(np.uint8)
    status[:, 3] = STATUS_MIRRORED
    parts = PartsOfPairs.of(np.tile(np.eye(2, 3), (50, NUM_PARTS, 1, 1)), status)
    assert parts.counts[3].tolist() == [0, 50, 0, 0] and len(parts) == 50
    assert counts_of(parts, "direct") == [row.count(STATUS_DIRECT) for row in status.T.tolist()]
    assert counts_of(parts, "none") == [row.count(STATUS_NONE) for row in status.T.tolist()]
    assert parts.direct.tolist() == [row.count(STATUS_DIRECT) for row in status.tolist()]
    assert parts.mirrored.tolist() == [row.count(STATUS_MIRRORED) for row in status.tolist()]


def test_transforms_that_squeeze_or_stretch_are_counted_as_degenerate() -> None:
    transforms = np.tile(np.eye(2, 3), (4, NUM_PARTS, 1, 1))
    status = np.full((4, NUM_PARTS), STATUS_DIRECT, np.uint8)
    transforms[0, 2, 0, 0] = 4.5  # stretched more than fourfold
    transforms[1, 2] *= 0.3  # a determinant of .09
    transforms[2, 2, 0, 0] = 3.5  # still of use
    transforms[3, 5] = 0.0
    status[3, 5] = STATUS_NONE  # no transform at all
    half = PartsOfPairs.of(transforms[:2], status[:2]), PartsOfPairs.of(transforms[2:], status[2:])
    joined = PartsOfPairs.joined(half)
    assert counts_of(joined, "degenerate") == [0, 0, 2, 0, 0, 0, 0, 0, 0, 0]
    assert counts_of(joined, "none")[5] == 1
    assert joined.direct.tolist() == [10, 10, 10, 9] and len(PartsOfPairs.joined([])) == 0
