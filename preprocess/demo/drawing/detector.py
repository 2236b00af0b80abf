"""A stand-in for the pose detector of the published annotations: which joints it reports.

Convention:
    What it reports is true; it only leaves joints out. Visible joints are missed now and then;
    hidden ones are often found all the same (a detector guesses a hidden shoulder well, a hidden
    wrist or eye badly); joints outside the picture never are; and of a few pictures nothing is
    found at all.

Source: ours; the shares reproduce the missing rates of the published annotations of Market-1501.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from shared.skeleton import JOINTS

FOUND: Final = {
    "nose": (0.91, 0.02),
    "neck": (1.0, 1.0),
    "Sho": (1.0, 0.97),
    "Elb": (0.88, 0.20),
    "Wri": (0.735, 0.10),
    "Hip": (0.995, 0.96),
    "Kne": (0.96, 0.55),
    "Ank": (0.96, 0.45),
    "Eye": (0.915, 0.03),
    "Ear": (0.86, 0.10),
}
"""Shares of the visible and of the hidden joints that are reported."""

NOTHING_FOUND = 0.030
"""Share of the pictures without a single joint."""


def reported(
    joints: NDArray[np.float64],
    visible: NDArray[np.bool_],
    size: tuple[int, int],
    rng: np.random.Generator,
) -> NDArray[np.bool_]:
    """Tell which joints a detector would report.

    Args:
        joints: float64 (18, 2), the true ones.
        visible: bool (18,).
        size: (height, width) of the picture.
        rng: Decides which joints the detector misses.

    Returns:
        bool (18,).
    """
    shares = np.array([FOUND.get(name, FOUND.get(name[1:], (0.0, 0.0))) for name in JOINTS])
    luck = rng.random(len(JOINTS))
    found: NDArray[np.bool_] = luck < np.where(visible, shares[:, 0], shares[:, 1])
    place = np.rint(joints)
    found &= ((place >= 0) & (place < (size[1], size[0]))).all(axis=1)
    if rng.random() < NOTHING_FOUND:
        found[:] = False
    return found
