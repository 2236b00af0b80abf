"""People of a drawn data set as arrays, without shards."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from data_manifest.published_files import read_keypoints
from shared.geometry import valid_poses


def drawn_people(market: Path) -> tuple[np.ndarray, np.ndarray]:
    """Train pictures uint8 (n, H, W, 3) and joints (n, 18, 2), as far as the poses are valid."""
    table = read_keypoints(market / "keypoints-train.csv")
    rows = np.flatnonzero(valid_poses(table.joints))
    folder = market / "bounding_box_train"
    names = [table.names[row] for row in rows]
    pictures = np.stack([np.asarray(Image.open(folder / name).convert("RGB")) for name in names])
    return pictures, table.joints[rows]
