from __future__ import annotations

import numpy as np
from poses import standing_pose

from shared.picture_sheet import DARK, enlarged
from train.watch.sheets import draw_sheet, factor_of, picture_cells, pose_cells


def test_a_sheet_holds_every_picture_enlarged(rng: np.random.Generator) -> None:
    columns = {
        name: rng.integers(0, 256, (3, 40, 24, 3), dtype=np.uint8) for name in ("source", "target")
    }
    sheet = np.asarray(draw_sheet({name: picture_cells(rows) for name, rows in columns.items()}))
    assert factor_of((40, 24)) == 4
    top = 2 * DARK.gap_px + DARK.head_height_px + 2 * (40 * 4 + DARK.gap_px)
    left = 2 * DARK.gap_px + 24 * 4
    cell = sheet[top : top + 40 * 4, left : left + 24 * 4]
    np.testing.assert_array_equal(cell, np.asarray(enlarged(columns["target"][2], 4)))


def test_poses_are_as_large_as_the_pictures_beside_them(rng: np.random.Generator) -> None:
    pose = standing_pose() * [48 / 64, 64 / 128]
    cells = pose_cells(np.stack([pose, np.full((18, 2), np.nan)]), (64, 48))
    pictures = picture_cells(rng.integers(0, 256, (2, 64, 48, 3), dtype=np.uint8))
    assert (
        [cell.size for cell in cells] == [picture.size for picture in pictures] == [(96, 128)] * 2
    )
    assert np.asarray(cells[0]).any() and not np.asarray(cells[1]).any()
