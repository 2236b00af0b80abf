"""Settings of stage 1."""

from __future__ import annotations

from pathlib import Path

import pytest

from preprocess.settings import PoseSettings, PrepareSettings, RunSettings, ShardSettings
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
        (RunSettings, {"patience_s": 0}, "run.patience_s: expected a number from 0.1 to 86,400 s"),
        (
            RunSettings,
            {"backend": "dask"},
            "--backend dask: expected --cluster ADDRESS beside it, found none; add it",
        ),
        (
            RunSettings,
            {"cluster": "tcp://a:1"},
            "--cluster: expected --backend dask beside it, found loky; add it",
        ),
    ],
)
def test_values_out_of_range_are_refused(
    settings_class: type, values: dict[str, object], expected: str
) -> None:
    with pytest.raises(UsageError, match=expected):
        settings_class(**values)


@pytest.mark.parametrize(
    "address",
    ["", "tcp://", "host", "tcp://host", "host:", "host:0", "host:65536", "http://host:80", ":8786",
     "a b:1", "tcp://a:1/x", "tcp://user:secret@a:1", "ß:1", "a:1\n", "a" * 300 + ":1", "a:٣"],
)  # fmt: skip
def test_what_is_no_scheduler_s_address_is_refused(address: str) -> None:
    with pytest.raises(UsageError, match="--cluster: expected an address like tcp://HOST:8786"):
        RunSettings(backend="dask", cluster=address)


@pytest.mark.parametrize(
    "address", ["a:1", "tcp://10.0.0.1:8786", "tls://n_1.a-b:1", "[::1]:65535"]
)
def test_a_scheduler_s_address_is_taken(address: str) -> None:
    assert RunSettings(backend="dask", cluster=address).cluster == address


def test_a_cluster_s_workers_have_one_device_each() -> None:
    with pytest.raises(UsageError, match="--device: expected one device, each worker's"):
        PrepareSettings(
            src=Path("a"),
            out=Path("b"),
            pose=PoseSettings(device="cpu,cpu"),
            run=RunSettings(backend="dask", cluster="a:1"),
        )
