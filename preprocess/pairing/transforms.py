"""How often each part of a body has a transform, over the pairs of a split."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from shared.affine import STATUS_DIRECT, STATUS_MIRRORED, STATUS_NONE
from shared.skeleton import PARTS


def count_status(status: NDArray[np.uint8]) -> dict[str, dict[str, int]]:
    """Count, for each part, the pairs with a direct, a mirrored and no transform."""
    kinds = {"direct": STATUS_DIRECT, "mirrored": STATUS_MIRRORED, "none": STATUS_NONE}
    return {
        part: {kind: int((status[:, row] == value).sum()) for kind, value in kinds.items()}
        for row, part in enumerate(PARTS)
    }
