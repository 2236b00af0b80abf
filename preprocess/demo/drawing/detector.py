"""A stand-in for the pose detector of the published annotations: which joints it reports.

Convention:
    What :func:`reported` reports is true; it only leaves joints out, and :func:`mistaken` adds
    a detector's faults to it. Visible joints are missed now and then;
    hidden ones are often found all the same (a detector guesses a hidden shoulder well, a hidden
    wrist or eye badly); joints outside the picture never are; and of a few pictures nothing is
    found at all.

Source: ours; the shares reproduce the missing rates of the published annotations of Market-1501.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from preprocess.demo.drawing.framing import CROP_SIZE
from shared.skeleton import JOINT, JOINTS

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

SHIFT_PX: Final = (0.5, 1.8)
"""Standard deviation of the shift in a picture of 128 pixels' height; one value a picture."""
UNSURE: Final = {"Wri": 1.4, "Ank": 1.3, "Hip": 1.4, "Elb": 1.2, "Eye": 0.6, "Ear": 0.7}
WRONG, WRONG_PX, DROPPED, SWAPPED = 0.012, 9.0, 0.06, 0.012
"""Share of joints elsewhere and how far; of wrists and ankles left out; of sides swapped."""
ARMS, LEGS = ("Sho", "Elb", "Wri"), ("Hip", "Kne", "Ank")


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


def mistaken(
    joints: NDArray[np.float64],
    found: NDArray[np.bool_],
    size: tuple[int, int],
    rng: np.random.Generator,
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Report joints as a detector with faults does: shifted, sometimes wrong, rarely swapped.

    Args:
        joints: float64 (18, 2), the true ones.
        found: bool (18,), those that a truthful detector reports.
        size: (height, width) of the picture.
        rng: Decides on the faults.

    Returns:
        What it reports, float64 (18, 2), whole pixels, and bool (18,), which joints it reports.
    """
    px = size[0] / CROP_SIZE[0]
    shift = rng.uniform(*SHIFT_PX) * px * np.array([_unsure(name) for name in JOINTS])
    seen = joints + rng.normal(0.0, 1.0, joints.shape) * shift[:, None]
    wrong = rng.random(len(JOINTS)) < WRONG
    seen[wrong] += rng.normal(0.0, WRONG_PX * px, (int(wrong.sum()), 2))
    for chain in (ARMS, LEGS, (*ARMS, *LEGS)):
        if rng.random() < SWAPPED:
            right = [JOINT["R" + name] for name in chain]
            left = [JOINT["L" + name] for name in chain]
            seen[right + left] = seen[left + right]
            found = found.copy()
            found[right + left] = found[left + right]
    ends = np.array([name.endswith(("Wri", "Ank")) for name in JOINTS])
    kept = found & ~(ends & (rng.random(len(JOINTS)) < DROPPED))
    place = np.rint(seen)
    kept &= ((place >= 0) & (place < (size[1], size[0]))).all(axis=1)
    return place, kept


def _unsure(name: str) -> float:
    """How much farther than others a joint is shifted."""
    return UNSURE.get(name[1:], 1.0)
