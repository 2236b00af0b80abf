from __future__ import annotations

import pytest

from shared.device import DeviceName, DeviceType, choose_device
from shared.errors import UsageError


@pytest.mark.parametrize(
    ("name", "has_cuda", "expected"),
    [
        ("auto", False, "cpu"), ("auto", True, "cuda"),
        ("cpu", False, "cpu"), ("cpu", True, "cpu"), ("cuda", True, "cuda"),
    ],
)  # fmt: skip
def test_auto_takes_cuda_where_there_is_one(
    name: DeviceName, has_cuda: bool, expected: DeviceType
) -> None:
    assert choose_device(name, has_cuda=has_cuda) == expected


def test_cuda_where_there_is_none_is_one_line_with_the_remedy() -> None:
    with pytest.raises(UsageError) as found:
        choose_device("cuda", has_cuda=False)
    assert found.value.message == (
        "--device: expected a CUDA device, found none; leave it out, or give --device cpu"
    )
