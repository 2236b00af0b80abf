from __future__ import annotations

import pytest

from preprocess.settings import PoseSettings
from shared.device import DeviceName, DeviceType, choose_device, choose_devices
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


@pytest.mark.parametrize(
    ("devices", "num_cuda", "expected"),
    [
        ("auto", 0, ("cpu",)), ("auto", 2, ("cuda",)), ("cuda", 1, ("cuda",)), ("cpu", 2, ("cpu",)),
        ("cpu,cpu", 0, ("cpu", "cpu")), ("cuda:1", 2, ("cuda:1",)),
        ("cuda:0,cuda:2", 3, ("cuda:0", "cuda:2")), ("cuda:0,cuda:0", 1, ("cuda:0", "cuda:0")),
    ],
)  # fmt: skip
def test_a_list_names_its_devices(devices: str, num_cuda: int, expected: tuple[str, ...]) -> None:
    assert PoseSettings(device=devices).device == devices
    assert choose_devices(devices, num_cuda=num_cuda) == expected


@pytest.mark.parametrize(
    ("devices", "num_cuda", "line"),
    [
        ("cuda:99", 2, "expected cuda:0 to cuda:1, found cuda:99; name devices that are there"),
        ("cuda:0,cuda:1", 1, "expected cuda:0, found cuda:1; name devices that are there"),
        ("cuda:0", 0, "expected a CUDA device, found none; leave it out, or give --device cpu"),
        ("cuda", 0, "expected a CUDA device, found none; leave it out, or give --device cpu"),
    ],
)
def test_a_device_that_is_not_there_is_one_line(devices: str, num_cuda: int, line: str) -> None:
    with pytest.raises(UsageError) as refused:
        choose_devices(devices, num_cuda=num_cuda)
    assert refused.value.message == f"--device: {line}"


@pytest.mark.parametrize(
    "text",
    [
        "", ",", "cpu,", ",cpu", "cpu,,cpu", "cpu,cuda", "cpu,cuda:0", "auto,cpu", "cuda,cuda",
        "cpu:0", "cuda:", "cuda:-1", "cuda:01", "cuda:١", "cuda:0, cuda:1", " cpu", "CPU", "cpu\n",
        ",".join(["cpu"] * 65),
    ],
)  # fmt: skip
def test_other_words_for_devices_are_one_line(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        PoseSettings(device=text)
    assert refused.value.message.startswith(
        "--device: expected auto, cpu, cuda, or devices of one kind between commas like "
        "cuda:0,cuda:1, found "
    )
