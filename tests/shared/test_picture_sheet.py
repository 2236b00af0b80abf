"""Sheets of pictures: every cell whole, no text outside of its cell, skeletons where joints are."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from poses import standing_pose

from shared.picture_sheet import (
    DARK,
    LIGHT,
    SIDE_COLOURS,
    Look,
    draw_grid,
    draw_skeleton,
    enlarged,
    on_enlarged,
)
from shared.skeleton import JOINTS


def noise(rng: np.random.Generator, height: int, width: int) -> Image.Image:
    return Image.fromarray(rng.integers(0, 256, (height, width, 3), dtype=np.uint8))


@pytest.mark.parametrize("look", [LIGHT, DARK])
def test_every_picture_stands_whole_in_its_cell(rng: np.random.Generator, look: Look) -> None:
    rows = [[noise(rng, 40, 24) for _ in range(count)] for count in (3, 2)]
    captions = [("a", "b"), ("c", "d")]
    sheet = np.asarray(draw_grid(rows, look=look, heads=("x", "y", "z"), captions=captions))
    lines = 2 * look.line_px
    top = look.gap_px + look.head_height_px + look.gap_px
    for number, row in enumerate(rows):
        y = top + number * (lines + 40 + look.gap_px) + lines
        for column, picture in enumerate(row):
            x = look.gap_px + column * (24 + look.gap_px)
            np.testing.assert_array_equal(sheet[y : y + 40, x : x + 24], np.asarray(picture))
    assert sheet.shape[1] == look.gap_px + 3 * (24 + look.gap_px)
    assert (sheet[-look.gap_px :] == look.ground).all()
    assert (sheet[:, -look.gap_px :] == look.ground).all()


@pytest.mark.parametrize("width", [20, 64, 192])
@pytest.mark.parametrize(
    "head", ["target", "warped: limbs on top", "Donaudampfschifffahrt", "W" * 60]
)
def test_a_head_never_leaves_its_cell(width: int, head: str) -> None:
    """Ink is found between the borders of its own cell only."""
    cells = [[Image.new("RGB", (width, 30))] * 3]
    sheet = np.asarray(draw_grid(cells, look=LIGHT, heads=("", head, "")))
    band = sheet[: LIGHT.gap_px + LIGHT.head_height_px + LIGHT.gap_px]
    inked = (band != LIGHT.ground).any(axis=(0, 2))
    left = LIGHT.gap_px + width + LIGHT.gap_px
    assert inked[left : left + width].any()
    assert not inked[: left - 1].any() and not inked[left + width + 1 :].any()
    rows = (band != LIGHT.ground).any(axis=(1, 2))
    assert not rows[: LIGHT.gap_px].any() and not rows[LIGHT.gap_px + LIGHT.head_height_px :].any()


def test_heads_are_of_one_size(rng: np.random.Generator) -> None:
    """A head is drawn as small beside a long one as that one needs."""
    cells = [[noise(rng, 30, 64) for _ in range(2)]]
    short = np.asarray(draw_grid(cells, look=LIGHT, heads=("pose", "pose")))
    beside = np.asarray(draw_grid(cells, look=LIGHT, heads=("pose", "warped: limbs on top")))
    own = (slice(0, LIGHT.gap_px + LIGHT.head_height_px), slice(0, LIGHT.gap_px + 64))
    heights = [np.flatnonzero((s[own] != LIGHT.ground).any(axis=(1, 2))) for s in (short, beside)]
    assert np.ptp(heights[1]) < np.ptp(heights[0])


def test_a_caption_stays_on_the_sheet() -> None:
    cells = [[Image.new("RGB", (60, 20))]]
    sheet = np.asarray(draw_grid(cells, look=LIGHT, captions=[("long " * 40,)]))
    band = sheet[LIGHT.gap_px : LIGHT.gap_px + LIGHT.line_px]
    assert (band != LIGHT.ground).any()
    assert (band[:, -LIGHT.gap_px + 1 :] == LIGHT.ground).all()


def test_a_skeleton_has_the_colour_of_each_side_and_nothing_where_absent() -> None:
    pose, factor = standing_pose(), 3
    pose[4] = np.nan
    picture = Image.new("RGB", (64 * factor, 128 * factor))
    draw_skeleton(picture, pose, factor)
    drawn = np.asarray(picture)
    for joint, (x, y) in enumerate(
        np.array(on_enlarged(standing_pose(), factor)).round().astype(int)
    ):
        near = drawn[max(y - 1, 0) : y + 2, max(x - 1, 0) : x + 2].reshape(-1, 3)
        if joint == 4:
            assert not near.any()
        else:
            side = JOINTS[joint][0] if JOINTS[joint][0] in "RL" else ""
            assert (near == SIDE_COLOURS[side]).all(axis=1).any(), JOINTS[joint]


def test_absent_people_leave_the_picture_as_it_was() -> None:
    picture = Image.new("RGB", (16, 32))
    draw_skeleton(picture, np.full((18, 2), np.nan))
    assert not np.asarray(picture).any()


def test_convention_points_lie_on_the_middle_of_their_enlarged_pixel() -> None:
    pixels = np.zeros((5, 7, 3), np.uint8)
    pixels[3, 2] = 255
    large = np.asarray(enlarged(pixels, 5)).sum(axis=-1).astype(np.float64)
    y, x = (
        np.average(np.arange(n), weights=large.sum(axis=axis)) for n, axis in ((25, 1), (35, 0))
    )
    assert on_enlarged(np.array([[2.0, 3.0]]), 5) == [pytest.approx((x, y), abs=0.1)]
