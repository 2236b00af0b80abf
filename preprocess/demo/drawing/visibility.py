"""Visibility: which joints a drawn picture really shows.

Source: ours.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from preprocess.demo.drawing.body import Skeleton
from preprocess.demo.drawing.solids import FAR_AWAY, Surface
from shared.skeleton import JOINTS

COVER: Final = {
    "nose": 0.07,
    "neck": 0.30,
    "Sho": 0.24,
    "Elb": 0.17,
    "Wri": 0.14,
    "Hip": 0.36,
    "Kne": 0.20,
    "Ank": 0.18,
    "Eye": 0.08,
    "Ear": 0.09,
}
"""How much may lie before a joint that still counts as visible, in torso lengths."""


def visible_joints(skeleton: Skeleton, seen: Surface) -> NDArray[np.bool_]:
    """Tell which joints lie inside the picture and not behind something else.

    Args:
        skeleton: The body, in pixels of the canvas.
        seen: What the canvas shows of it and of what it carries.

    Returns:
        bool (18,).
    """
    height, width = seen.size
    depth = seen.depth_map()
    place = np.rint(skeleton.points[:, :2]).astype(np.int64)
    inside = ((place >= 0) & (place < (width, height))).all(axis=1)
    place = np.clip(place, 0, (width - 1, height - 1))
    nearest = depth[place[:, 1], place[:, 0]]
    before = nearest - skeleton.points[:, 2]
    cover = np.array([_cover(name) for name in JOINTS]) * skeleton.unit_px
    shown: NDArray[np.bool_] = inside & (before < cover) & (nearest > FAR_AWAY)
    return shown


def _cover(name: str) -> float:
    return COVER.get(name, COVER.get(name[1:], 0.0))
