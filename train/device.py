"""The device of stage 2: chosen by the shared rule, torch set up for it, networks put on it."""

from __future__ import annotations

import os
from typing import TypeVar

import torch
from torch import nn

from shared.device import DeviceName, choose_device

Network = TypeVar("Network", bound=nn.Module)


def find_device(name: DeviceName) -> torch.device:
    """Return the device that a name means on this machine; nothing is set up.

    Raises:
        UsageError: There is no GPU although one was asked for.
    """
    return torch.device(choose_device(name, has_cuda=torch.cuda.is_available()))


def set_up_device(name: DeviceName, *, deterministic: bool = False) -> torch.device:
    """Choose the device and set torch up for this process.

    Args:
        name: What was asked for.
        deterministic: Ask torch for the same bits every time, where that is slower too.

    Raises:
        UsageError: There is no GPU although one was asked for.
    """
    device = find_device(name)
    if deterministic:
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(deterministic)
    torch.backends.cudnn.benchmark = not deterministic
    return device


def put_on(device: torch.device, network: Network) -> Network:
    """Move a network to a device, its weights channels-last: faster on CPU and GPU.

    Returns:
        The same network.
    """
    network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    return network
