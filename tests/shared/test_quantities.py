"""How sizes, bytes and names are written."""

from __future__ import annotations

import pytest

from shared.quantities import read_bytes, read_names, read_size, show_bytes


@pytest.mark.parametrize(
    ("text", "expected"),
    [("128x64", (128, 64)), (" 256X176 ", (256, 176)), ("96×40", (96, 40))],
)
def test_convention_a_size_is_height_then_width(text: str, expected: tuple[int, int]) -> None:
    assert read_size(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("48MB", 48_000_000), ("1.5GiB", 1_610_612_736), ("100000", 100_000), ("2 kb", 2000)],
)
def test_bytes_are_read_with_decimal_and_binary_units(text: str, expected: int) -> None:
    assert read_bytes(text) == expected


@pytest.mark.parametrize("text", ["", "128", "128x", "-1x64", "128x64x3", "axb", "128,64"])
def test_other_sizes_are_refused(text: str) -> None:
    with pytest.raises(ValueError):
        read_size(text)


@pytest.mark.parametrize("text", ["", "MB", "48XB", "-5MB", "1e9"])
def test_other_numbers_of_bytes_are_refused(text: str) -> None:
    with pytest.raises(ValueError):
        read_bytes(text)


@pytest.mark.parametrize("count", [1, 999, 48_000_000, 100_000, 2_000_000_000, 1_610_612_736, 0])
def test_shown_bytes_are_read_back(count: int) -> None:
    assert read_bytes(show_bytes(count)) == count


def test_names_stand_between_commas() -> None:
    assert read_names("ssim, mask-ssim,,") == ("ssim", "mask-ssim")
