"""Folders for re-identification: Market-1501's layout with tiny pictures of noise."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from reid_twins import FOLDERS
from small_market import jpeg

GOOD = {
    "train": ["0002_c1s1_000001_00.jpg", "0004_c6s1_000001_00.jpg", "0004_c2s1_000001_00g1.jpg"],
    "query": ["0001_c1s1_000001_00.jpg", "0003_c3s1_000001_00.jpg"],
    "gallery": ["0001_c2s1_000001_00.jpg", "0003_c1s1_000001_00.jpg", "0000_c1s1_000001_00.jpg",
                "-1_c1s1_000001_00.jpg", "Thumbs.db"],
}  # fmt: skip
"""Names by part that no tool has anything against."""


def make_folder(root: Path, names: dict[str, list[str]] = GOOD) -> Path:
    """A Market folder of tiny pictures, each of its own content."""
    rng = np.random.default_rng(0)
    for part, folder in FOLDERS.items():
        (root / folder).mkdir(parents=True)
        for name in names[part]:
            (root / folder / name).write_bytes(jpeg(rng, (16, 8)))
    return root
