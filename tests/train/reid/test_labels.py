"""Identity and camera from names, as torchreid reads them."""

from __future__ import annotations

import re

import pytest

from train.reid.labels import Label, label_of


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("0002_c1s1_000451_03.jpg", (2, 1)),
        ("-1_c6s3_001128_09.jpg", (-1, 6)),
        ("0000_c2s1_000001_00.png", (0, 2)),
        ("0005_c8_f0018463.jpg", (5, 8)),
        ("1501_c12", (1501, 12)),
    ],
)
def test_names_of_the_field_are_read(name: str, label: tuple[int, int]) -> None:
    assert label_of(name) == Label(*label)
    torchreid = re.compile(r"([-\d]+)_c(\d+)").search(name)
    assert torchreid is not None and tuple(map(int, torchreid.groups())) == label


@pytest.mark.parametrize("name", ["", "holiday.jpg", "x0002_c1.jpg", "0002_s1.jpg", "-2_c1.jpg"])
def test_other_names_tell_nothing(name: str) -> None:
    assert label_of(name) is None
