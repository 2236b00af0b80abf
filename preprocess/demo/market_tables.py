"""The tables beside drawn pictures: key points as a detector reports them, and the truth."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from data_manifest.published_files import write_keypoints
from preprocess.demo.drawing.blocks import Drawn
from preprocess.demo.drawing.layout import Entry
from preprocess.demo.drawing.truth import Truth, write_people, write_truth
from shared.files import Disk

SPLITS: Final = ("train", "test")


def publish_tables(
    entries: Sequence[Entry], drawn: Drawn, out: Path, disk: Disk | None, *, crowds: bool
) -> None:
    """Publish key points and truth of the two splits.

    Args:
        entries: The pictures, in the order of the tables.
        drawn: The truth about them.
        out: Root of the data set.
        disk: The calls to the operating system.
        crowds: Whether they show several people, who have a table of their own.
    """
    for split in SPLITS:
        rows = [row for row, entry in enumerate(entries) if entry.split == split]
        names = tuple(entries[row].table_name for row in rows)
        joints = drawn.joints[rows]
        found = np.where(drawn.found[rows][:, :, None], drawn.reported[rows], np.nan)
        write_keypoints(out / f"keypoints-{split}.csv", names, found, disk)
        truth = Truth(names, joints, drawn.visible[rows])
        write_truth(out / f"visibility-{split}.csv", truth, disk)
        if crowds:
            people = [drawn.people[row] for row in rows]
            write_people(out / f"people-{split}.csv", names, people, disk)
