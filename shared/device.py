"""Where to compute: one rule, one set of names and one error line for every command.

The rule knows no torch: whether there is a CUDA device is what the caller found out.
"""

from __future__ import annotations

from typing import Literal

from shared.errors import UsageError, problem

DeviceName = Literal["auto", "cpu", "cuda"]
"""What a user may ask for."""

DeviceType = Literal["cpu", "cuda"]
"""What it comes to."""


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
