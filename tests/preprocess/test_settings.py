"""Settings of stage 1 and how sizes are written."""

from __future__ import annotations

import pytest

from preprocess.settings import PoseSettings, RunSettings, ShardSettings, parse_bytes, parse_size
from shared.errors import UsageError


@pytest.mark.parametrize(
    ("text", "expected"),
    [("128x64", (128, 64)), (" 256X176 ", (256, 176)), ("96×40", (96, 40))],
)
def test_convention_a_size_is_height_then_width(text: str, expected: tuple[int, int]) -> None:
    assert parse_size(text, "--image-size") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("48MB", 48_000_000), ("1.5GiB", 1_610_612_736), ("100000", 100_000), ("2 kb", 2000)],
)
def test_bytes_are_read_with_decimal_and_binary_units(text: str, expected: int) -> None:
    assert parse_bytes(text, "--shard-size") == expected


@pytest.mark.parametrize("text", ["", "128", "128x", "-1x64", "128x64x3", "axb", "128,64"])
def test_other_sizes_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--image-size: expected HEIGHTxWIDTH"):
        parse_size(text, "--image-size")


@pytest.mark.parametrize("text", ["", "MB", "48XB", "-5MB", "1e9"])
def test_other_numbers_of_bytes_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--shard-size"):
        parse_bytes(text, "--shard-size")


@pytest.mark.parametrize(
    ("settings_class", "values"),
    [
        (PoseSettings, {"pose_size": (250, 128)}),
        (PoseSettings, {"person_threshold": 1.1}),
        (PoseSettings, {"pose_model": ""}),
        (PoseSettings, {"batch": 0}),
        (ShardSettings, {"image_size": (128, 60)}),
        (ShardSettings, {"shard_bytes": 99_999}),
        (ShardSettings, {"max_pairs_per_identity": 0}),
        (ShardSettings, {"num_test_pairs": -1}),
        (RunSettings, {"workers": 0}),
        (RunSettings, {"max_bad": 1.5}),
    ],
)
def test_values_out_of_range_are_refused(settings_class: type, values: dict) -> None:
    with pytest.raises(UsageError, match="choose a value in that range"):
        settings_class(**values)
