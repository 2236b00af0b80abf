"""The picture of the curves, and the reading of logs that somebody may have touched."""

from __future__ import annotations

import math
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from PIL import Image

from train.watch.curves import TITLES, _decimals, _tick, draw_curves, panels_of

RECORDS: list[dict[str, Any]] = [
    {"images": 2000 * number, "losses": {"l1": 1 / number, "nearest": 1190 / number},
     "discriminator": {"loss": 0.69}, "speed": {"samples_per_s": 110.0}}
    for number in range(1, 40)
] + [{"images": 80_000, "ssim": {"generator": 0.2, "black image": 0.0865}}]  # fmt: skip


def test_a_panel_is_drawn_for_each_quantity_that_was_logged() -> None:
    panels = panels_of(RECORDS)
    assert list(panels) == list(TITLES.values())
    assert [title for title, curves in panels.items() if not curves] == [
        TITLES["gradients"],
        TITLES["mask_ssim"],
    ]
    four, two = draw_curves(panels), draw_curves({"one": {"a": [(0, 1), (5, 2)]}})
    assert four.width == two.width and four.height == 2 * two.height


def test_each_curve_has_a_colour_of_its_own() -> None:
    picture = np.asarray(draw_curves({"t": {"a": [(0, 0), (9, 5)], "b": [(0, 5), (9, 0)]}}))
    for colour in ((0x1F, 0x6F, 0xB2), (0xD1, 0x49, 0x5B)):
        assert (picture == colour).all(axis=-1).sum() > 200


@pytest.mark.long
def test_equal_logs_give_an_equal_picture() -> None:
    assert draw_curves(panels_of(RECORDS)).tobytes() == draw_curves(panels_of(RECORDS)).tobytes()


def test_figures_touch_no_border() -> None:
    records = [{"images": 10**9 + 10**8 * n, "losses": {"l1": 3.1e6 * n}} for n in range(4)]
    picture = np.asarray(draw_curves(panels_of([*RECORDS, *records])))
    for border in (picture[:4], picture[-4:], picture[:, :4], picture[:, -4:]):
        assert (border == 255).all()


@pytest.mark.parametrize(
    ("step", "value", "text"),
    [(500, 1000, "1,000"), (0.05, 0.15, "0.15"), (2, 4, "4"), (0.1, 0.30000000000000004, "0.3"),
     (0.002, 0.686, "0.686"), (1e-9, 2e-9, "2e-09"), (1e12, 3e12, "3e+12")],
)  # fmt: skip
def test_ticks_read_as_people_write_numbers(step: float, value: float, text: str) -> None:
    assert _tick(value, _decimals(step)) == text


ODD: list[dict[str, Any]] = [
    {"images": 5},
    {"images": 5, "losses": None, "ssim": "none", "speed": [1], "gradients": 4},
    {"images": 5, "losses": {"l1": "NaN", "nearest": None, "x": True, "y": [1], "z": {}}},
    {"images": 5, "losses": {"l1": math.nan, "nearest": math.inf, "y": -math.inf, "z": 10**400}},
    {"losses": {"l1": 1.0}},
    {"images": "5", "losses": {"l1": 1.0}},
    {"images": math.nan, "losses": {"l1": 1.0}},
]


@pytest.mark.parametrize("record", ODD)
def test_odd_records_are_passed_over(record: dict[str, Any]) -> None:
    assert panels_of([record, *RECORDS]) == panels_of(RECORDS)


def test_odd_names_and_sizes_are_drawn() -> None:
    names = {"": 1.0, "$x_{$": 2.0, "_private": 3.0, "中": 4.0, "a" * 200: 5.0}
    records = [
        {"images": 0, "losses": names},
        {"images": -3, "losses": {"l1": 1e300}},
        {"images": 10**30, "losses": {"l1": -1e300}},
        {"images": 1, "ssim": {"g": 5e-324}},
    ]
    assert draw_curves(panels_of(records)).width > 500


@pytest.mark.parametrize("records", [[], ODD])
def test_a_log_of_nothing_is_an_empty_picture(records: list[dict[str, Any]]) -> None:
    picture: Image.Image = draw_curves(panels_of(records))
    assert picture.getextrema() == ((255, 255), (255, 255), (255, 255))


@pytest.mark.process
def test_neither_import_nor_drawing_takes_up_pyplot() -> None:
    code = (
        "import sys, train.watch.curves as c\n"
        "assert 'matplotlib' not in sys.modules\n"
        "c.draw_curves({'t': {'a': [(0, 1), (2, 3)]}})\n"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
