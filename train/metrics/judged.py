"""What a judge of people sees, as the table of scores asks for it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from train.metrics.compared import Compared

REID = "reid"
"""The name under which a judge stands among the networks."""


def embeddings_of(compared: Compared) -> NDArray[np.float32]:
    """Return the judge's embeddings of the images, float32 (n, d) of length 1."""
    judge: Callable[[Tensor], NDArray[np.float32]] = compared.networks[REID]
    return compared.once(REID, lambda: judge(compared.images))
