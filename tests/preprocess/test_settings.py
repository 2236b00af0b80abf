"""Settings of stage 1."""

from __future__ import annotations

import pytest

from preprocess.settings import PoseSettings, RunSettings, ShardSettings
from shared.errors import UsageError


@pytest.mark.parametrize(
    ("settings_class", "values", "expected"),
    [
        (
            PoseSettings,
            {"pose_size": (250, 128)},
            "--pose-size: expected HEIGHTxWIDTH, multiples of 32 up to 4,096",
        ),
        (
            PoseSettings,
            {"person_threshold": 1.1},
            "--person-threshold: expected a number from 0 to 1, found 1.1",
        ),
        (PoseSettings, {"pose_model": ""}, "--pose-model: expected a name"),
        (
            PoseSettings,
            {"batch": 0},
            "--pose-batch: expected a whole number from 1 to 65,536, found 0",
        ),
        (
            ShardSettings,
            {"image_size": (128, 60)},
            "--image-size: expected HEIGHTxWIDTH, multiples of 8",
        ),
        (ShardSettings, {"shard_bytes": 99_999}, "--shard-size: .* 100KB to 2GB, found 99999"),
        (ShardSettings, {"max_pairs_per_identity": 0}, "--max-pairs-per-identity"),
        (ShardSettings, {"num_test_pairs": -1}, "--num-test-pairs"),
        (RunSettings, {"workers": 0}, "--workers: expected a whole number from 1 to 1,024"),
        (RunSettings, {"max_bad": 1.5}, "--max-bad"),
    ],
)
def test_values_out_of_range_are_refused(
    settings_class: type, values: dict[str, object], expected: str
) -> None:
    with pytest.raises(UsageError, match=expected):
        settings_class(**values)
