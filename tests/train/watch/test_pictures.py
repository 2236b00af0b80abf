from __future__ import annotations

import math

import numpy as np
from poses import standing_pose

from train.watch.curves import PANEL_HEIGHT, PANEL_WIDTH, draw_curves, panels_of
from train.watch.sheets import GAP_PX, TITLE_PX, draw_poses, draw_sheet


def test_a_sheet_holds_every_picture_enlarged(rng: np.random.Generator) -> None:
    columns = {
        name: rng.integers(0, 256, (3, 40, 24, 3), dtype=np.uint8) for name in ("source", "target")
    }
    sheet = np.asarray(draw_sheet(columns))
    factor = 4
    top = TITLE_PX + GAP_PX + 2 * (40 * factor + GAP_PX)
    left = GAP_PX + 24 * factor + GAP_PX
    cell = sheet[top : top + 40 * factor, left : left + 24 * factor]
    centres = cell[factor // 2 :: factor, factor // 2 :: factor].astype(int)
    assert abs(centres - columns["target"][2].astype(int)).mean() < 40


def test_a_drawn_pose_has_its_joints_and_nothing_where_absent() -> None:
    pose = standing_pose()
    pose[4] = np.nan
    picture = draw_poses(pose[None], (128, 64))[0]
    assert picture.shape == (128, 64, 3)
    for joint, (x, y) in enumerate(standing_pose().round().astype(int)):
        near = picture[max(y - 1, 0) : y + 2, max(x - 1, 0) : x + 2]
        assert near.any() == (joint != 4), joint


def test_absent_people_give_a_black_picture() -> None:
    assert not draw_poses(np.full((1, 18, 2), np.nan), (32, 16)).any()


def test_curves_leave_out_what_is_not_finite_or_empty() -> None:
    records = [
        {"images": 0, "losses": {"l1": 2.0, "nearest": math.inf}},
        {"images": 1500, "losses": {"l1": 1.0}, "ssim": {"generator": 0.2, "black image": 0.1}},
        {"images": 2_500_000, "losses": {"l1": math.nan}},
    ]
    panels = panels_of(records)
    picture = draw_curves(panels)
    assert picture.size == (2 * PANEL_WIDTH, PANEL_HEIGHT)
    assert panels["losses of the generator, weighted"]["l1"][:2] == [(0.0, 2.0), (1500.0, 1.0)]


def test_curves_of_nothing_are_an_empty_picture() -> None:
    assert draw_curves({}).getextrema() == ((255, 255), (255, 255), (255, 255))
