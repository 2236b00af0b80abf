"""Names of pairs and roles of panels in the field's result forms."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import UsageError
from train.scoring.panels import layout_of, pair_names

A, B = "0003_c1s6_015971_02", "0003_c3s3_064744_01"


@pytest.mark.parametrize(
    "name",
    [
        f"{A}.jpg_{B}.jpg.png",  # Def-GAN
        f"{A}.jpg_{B}.jpg",
        f"{A}___{B}_vis.jpg",  # PATN
        f"{A}.jpg___{B}.jpg_vis.jpg",
        f"{A}.jpg___{B}.jpg_vis.png",
        f"{A}_2_{B}_vis.jpg",  # GFLA
        f"{A}_2_{B}.png",
    ],
)
def test_every_published_form_says_its_pair(name: str) -> None:
    assert pair_names(name) == (A, B)


def test_fashion_names_are_read() -> None:
    a, b = "fashionMENDenimid0000008002_1front", "fashionMENDenimid0000008002_2side"
    assert pair_names(f"{a}.jpg___{b}.jpg_vis.jpg") == (a, b)
    assert pair_names(f"{a}_2_{b}_vis.jpg") == (a, b)


@pytest.mark.parametrize("name", ["17.png", f"{A}.jpg", "_2_", "___x.jpg", "a_vis.jpg", ""])
def test_other_names_say_nothing(name: str) -> None:
    assert pair_names(name) is None


@given(st.text(max_size=40))
def test_no_name_breaks_the_parser(name: str) -> None:
    found = pair_names(name)
    assert found is None or all(found)


def test_the_width_gives_the_number_of_panels() -> None:
    path = Path("x.png")
    assert layout_of(path, (128, 192), (128, 64), ()) == ("source", "target", "generated")
    assert layout_of(path, (256, 176), (256, 176), ()) == ("generated",)
    five = layout_of(path, (128, 320), (128, 64), ())
    assert five[0] == "source" and five[2] == "target" and five[4] == "generated"
    with pytest.raises(UsageError, match="--image-size"):
        layout_of(path, (128, 190), (128, 64), ())
    with pytest.raises(UsageError, match="name the panels with --layout"):
        layout_of(path, (128, 128), (128, 64), ())
