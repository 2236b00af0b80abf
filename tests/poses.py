"""Hand-made and random poses for the tests."""

from __future__ import annotations

import numpy as np

from shared.skeleton import JOINT


def standing_pose() -> np.ndarray:
    """A person seen from the front; its right side is on the left of the picture."""
    points = {
        "nose": (32, 15), "neck": (32, 26), "RSho": (22, 27), "RElb": (18, 44), "RWri": (17, 60),
        "LSho": (42, 27), "LElb": (46, 44), "LWri": (47, 60), "RHip": (26, 63), "RKne": (25, 88),
        "RAnk": (25, 114), "LHip": (38, 63), "LKne": (39, 88), "LAnk": (39, 114),
        "REye": (30, 13), "LEye": (34, 13), "REar": (27, 14), "LEar": (37, 14),
    }  # fmt: skip
    return np.array([points[name] for name in JOINT], dtype=float)


def random_poses(rng: np.random.Generator, count: int, missing: float = 0.2) -> np.ndarray:
    poses = standing_pose() + rng.normal(0, 6, (count, 18, 2))
    poses[rng.random((count, 18)) < missing] = np.nan
    return poses
