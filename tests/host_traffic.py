"""What a CUDA device would make the host wait for, noted while the same code runs on the CPU.

A tensor made of Python numbers on a device, an index that is a list, a truth value or a number
read off a tensor: on CUDA each of them waits until the device has done all that it was asked.
On the CPU they look alike, so they are seen where Python calls torch.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

ROOT = Path(__file__).resolve().parent.parent
WATCHED = "train"
"""The folder whose calls count."""

MAKERS = {torch.tensor, torch.as_tensor}
READERS = {
    Tensor.item, Tensor.tolist, Tensor.cpu, Tensor.numpy, Tensor.__bool__, Tensor.__float__,
    Tensor.__int__, Tensor.__index__, Tensor.nonzero, torch.nonzero, torch.unique,
    torch.masked_select, Tensor.masked_select, torch.equal, Tensor.equal, torch.allclose,
    torch.repeat_interleave,
}  # fmt: skip
INDEXERS = {Tensor.__getitem__, Tensor.__setitem__}


class HostTraffic(TorchFunctionMode):
    """Notes every such call, with the line of ours that makes it.

    Args:
        allowed: Functions of ours, by name, that may: what runs on the host on any device.
    """

    def __init__(self, allowed: Sequence[str] = ()) -> None:
        super().__init__()
        self.found: list[str] = []
        self._allowed = set(allowed)

    def __torch_function__(
        self,
        function: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        if _waits(function, args):
            self._note(function)
        return function(*args, **(kwargs or {}))

    def _note(self, function: Callable[..., Any]) -> None:
        watched = str(ROOT / WATCHED)
        own = (str(ROOT / "tests" / "host_traffic.py"), __file__)
        frames = [
            frame
            for frame in traceback.extract_stack()
            if frame.filename.startswith(watched) and frame.filename not in own
        ]
        if frames and not self._allowed & {frame.name for frame in frames}:
            last = frames[-1]
            place = Path(last.filename).relative_to(ROOT)
            self.found.append(f"{place}:{last.lineno} {function.__name__}: {last.line}")


def _waits(function: Callable[..., Any], args: tuple[Any, ...]) -> bool:
    if function in MAKERS:
        return not isinstance(args[0], Tensor)
    if function in INDEXERS:
        index = args[1] if isinstance(args[1], tuple) else (args[1],)
        return any(_is_host_index(each) for each in index)
    return function in READERS


def _is_host_index(index: Any) -> bool:
    return isinstance(index, list) or (isinstance(index, Tensor) and index.dtype == torch.bool)
