"""Where to compute: one rule, one set of names and one error line for every command.

The rule knows no torch: whether there is a CUDA device is what the caller found out.
"""

from __future__ import annotations

import re
from typing import Annotated, Final, Literal

from shared.errors import UsageError, problem
from shared.quantities import Written

DeviceName = Literal["auto", "cpu", "cuda"]
"""What a user may ask for."""

DeviceType = Literal["cpu", "cuda"]
"""What it comes to."""

MAX_DEVICES: Final = 64
"""Devices of one list; a longer one is a slip of the hand."""

_LIST: Final = re.compile(r"cpu(,cpu)*|cuda:(0|[1-9]\d?)(,cuda:(0|[1-9]\d?))*", re.ASCII)


def read_devices(text: str) -> str:
    """Check how one device or a list of devices of one kind is written.

    Raises:
        ValueError: It is written in another way.
    """
    word = text in ("auto", "cuda")
    if not word and (_LIST.fullmatch(text) is None or text.count(",") >= MAX_DEVICES):
        raise ValueError("no devices")
    return text


DEVICES: Final = Written(
    "auto, cpu, cuda, or devices of one kind between commas like cuda:0,cuda:1",
    "DEVICES",
    read_devices,
    str,
)

Devices = Annotated[str, DEVICES]
"""One device, or several of one kind between commas: ``auto``, ``cpu``, ``cuda:0,cuda:1``."""


def choose_device(name: DeviceName, *, has_cuda: bool) -> DeviceType:
    """Return the kind of device that a user's word means here: ``auto`` is CUDA where there is one.

    Args:
        name: What was asked for.
        has_cuda: Whether the machine has a CUDA device that can be used.

    Raises:
        UsageError: CUDA was asked for and there is none.
    """
    if name == "cuda" and not has_cuda:
        raise UsageError(
            problem("--device", "a CUDA device", "none", "leave it out, or give --device cpu")
        )
    return "cuda" if name != "cpu" and has_cuda else "cpu"


def choose_devices(devices: Devices, *, num_cuda: int) -> tuple[str, ...]:
    """Return the devices that a user's words mean here, as torch names them.

    Args:
        devices: What was asked for.
        num_cuda: CUDA devices of the machine that can be used.

    Raises:
        UsageError: A CUDA device was asked for that is not there.
    """
    names = tuple(devices.split(","))
    if names in (("auto",), ("cuda",)):
        return (choose_device("cuda" if devices == "cuda" else "auto", has_cuda=num_cuda > 0),)
    for name in names:
        kind, _, number = name.partition(":")
        choose_device("cuda" if kind == "cuda" else "cpu", has_cuda=num_cuda > 0)
        if number and int(number) >= num_cuda:
            there = "cuda:0" if num_cuda == 1 else f"cuda:0 to cuda:{num_cuda - 1}"
            remedy = "name devices that are there"
            raise UsageError(problem("--device", there, name, remedy))
    return names
