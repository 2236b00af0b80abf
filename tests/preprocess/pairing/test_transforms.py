from __future__ import annotations

import numpy as np

from preprocess.pairing.transforms import count_status
from shared.affine import STATUS_DIRECT, STATUS_MIRRORED, STATUS_NONE
from shared.skeleton import PARTS


def test_every_part_is_counted_by_its_status(rng: np.random.Generator) -> None:
    status = rng.integers(0, 3, (50, 10)).astype(np.uint8)
    status[:, 3] = STATUS_MIRRORED
    counts = count_status(status)
    assert list(counts) == list(PARTS)
    assert counts[PARTS[3]] == {"direct": 0, "mirrored": 50, "none": 0}
    for part, row in zip(PARTS, status.T.tolist(), strict=True):
        assert counts[part]["direct"] == row.count(STATUS_DIRECT)
        assert counts[part]["none"] == row.count(STATUS_NONE)
