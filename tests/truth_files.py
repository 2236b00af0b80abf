"""Reading the truth that ``draw-market`` writes beside its pictures."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from preprocess.demo.drawing.truth import COLUMNS, Truth
from shared.skeleton import NUM_JOINTS


def read_truth(path: Path) -> Truth:
    """Read what :func:`preprocess.demo.drawing.truth.write_truth` wrote."""
    rows = list(csv.reader(path.read_text("utf-8").splitlines()))
    assert tuple(rows[0]) == COLUMNS
    names = tuple(row[0] for row in rows[1:])
    numbers = [[float(cell or "nan") for cell in row[1:]] for row in rows[1:]]
    values = np.array(numbers).reshape(len(names), NUM_JOINTS, 3)
    return Truth(names, values[:, :, :2], values[:, :, 2] == 1)
