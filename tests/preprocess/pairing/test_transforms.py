from __future__ import annotations

import numpy as np

from preprocess.pairing.transforms import PartsOfPairs, count_parts
from shared.affine import STATUS_DIRECT, STATUS_MIRRORED, STATUS_NONE
from shared.skeleton import NUM_PARTS, PARTS


def test_every_part_is_counted_by_its_status(rng: np.random.Generator) -> None:
    status = rng.integers(0, 3, (50, 10)).astype(np.uint8)
    status[:, 3] = STATUS_MIRRORED
    counts = count_parts(PartsOfPairs(status, np.zeros(status.shape, bool)))
    assert list(counts) == list(PARTS)
    assert counts[PARTS[3]] == {"direct": 0, "mirrored": 50, "none": 0, "degenerate": 0}
    for part, row in zip(PARTS, status.T.tolist(), strict=True):
        assert counts[part]["direct"] == row.count(STATUS_DIRECT)
        assert counts[part]["none"] == row.count(STATUS_NONE)


def test_transforms_that_squeeze_or_stretch_are_counted_as_degenerate() -> None:
    transforms = np.tile(np.eye(2, 3), (4, NUM_PARTS, 1, 1))
    status = np.full((4, NUM_PARTS), STATUS_DIRECT, np.uint8)
    transforms[0, 2, 0, 0] = 4.5  # stretched more than fourfold
    transforms[1, 2] *= 0.3  # a determinant of .09
    transforms[2, 2, 0, 0] = 3.5  # still of use
    transforms[3, 5] = 0.0
    status[3, 5] = STATUS_NONE  # no transform at all
    half = PartsOfPairs.of(transforms[:2], status[:2]), PartsOfPairs.of(transforms[2:], status[2:])
    counts = count_parts(PartsOfPairs.joined(half))
    assert [counts[part]["degenerate"] for part in PARTS] == [0, 0, 2, 0, 0, 0, 0, 0, 0, 0]
    assert counts[PARTS[5]]["none"] == 1
