"""The device of stage 2: chosen by the shared rule, torch set up for it, networks put on it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import torch
from torch import nn

from shared.device import DeviceName, choose_device

Network = TypeVar("Network", bound=nn.Module)

_OLDER = "allow_tf32"


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


@contextmanager
def full_precision() -> Iterator[None]:
    """Let convolutions on CUDA compute in float32 as it is, without rounding it to 10 bits (TF32).

    For pictures and scores, which are to be those of a CPU. It serves as a decorator too.
    """
    # Since torch 2.9 the older switch warns, and the two must not be mixed.
    switch: Any = getattr(torch.backends.cudnn, "conv", torch.backends.cudnn)
    name, off = ("fp32_precision", "ieee") if hasattr(switch, "fp32_precision") else (_OLDER, False)
    before = getattr(switch, name)
    setattr(switch, name, off)
    try:
        yield
    finally:
        setattr(switch, name, before)


def put_on(device: torch.device, network: Network) -> Network:
    """Move a network to a device, its weights channels-last: faster on CPU and GPU.

    Returns:
        The same network.
    """
    network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    for parameter in network.parameters():
        if parameter.dim() == 4 and parameter[0, 0].numel() == 1:
            # A kernel of one pixel is in both orders and keeps its strides. Its gradient would have
            # others on CUDA, and an optimiser in one kernel refuses that.
            shape = parameter.shape
            last = torch.empty(shape, device=device, memory_format=torch.channels_last)
            parameter.data = last.copy_(parameter.data)
    return network
