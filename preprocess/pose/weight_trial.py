"""What running a pose network would take, found out on tensors that have a shape and no values."""

from __future__ import annotations

import copy
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from preprocess.pose.person_choice import NUM_POINTS
from preprocess.pose.weight_scan import RefusedWeightsError

INPUT_SIZE: Final = (256, 128)
"""(height, width) of the input that is tried; of larger ones the need grows with the pixels."""

MAX_TENSOR_VALUES: Final = 16_000_000
"""The largest published network makes tensors of 1 million from that input, 5 when it is fused."""

MAX_VALUES: Final = 500_000_000
"""All tensors together; of the largest published network 30 million, and 99 when it is fused."""

MAX_CALLS: Final = 20_000
"""The largest published network makes 2,300 calls."""


class _Counted(TorchFunctionMode):
    """Counts the calls of torch and the values that they give."""

    def __init__(self) -> None:
        super().__init__()
        self.num_calls = 0
        self.num_values = 0

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        given = func(*args, **(kwargs or {}))
        values = given if isinstance(given, (tuple, list)) else (given,)
        sizes = [each.numel() for each in values if isinstance(each, Tensor)]
        self.num_calls += 1
        self.num_values += sum(sizes)
        if max(sizes, default=0) > MAX_TENSOR_VALUES or self.num_values > MAX_VALUES:
            raise RefusedWeightsError("layers that would fill the memory")
        if self.num_calls > MAX_CALLS:
            raise RefusedWeightsError(f"layers that make more than {MAX_CALLS:,} calls")
        return given


def try_network(model: nn.Module) -> None:
    """Run a copy without values: nothing is computed and no memory taken.

    Args:
        model: A pose network as it was loaded, not fused.

    Raises:
        RefusedWeightsError: It would take too much, or its output is no pose network's.
        Exception: Its layers do not fit together.
    """
    bare: dict[int, Any] = {
        id(each): nn.Parameter(each.detach().to("meta"), requires_grad=False)
        for each in model.parameters()
    }
    bare |= {id(each): each.to("meta") for each in model.buffers()}
    with torch.inference_mode(), _Counted():
        copied: Any = copy.deepcopy(model, bare)
        tried = copied.fuse(verbose=False).eval()
        output = tried(torch.empty(1, 3, *INPUT_SIZE, device="meta"))[0]
    wanted = 5 + 3 * NUM_POINTS
    if output.ndim != 3 or len(output) != 1 or wanted not in output.shape[1:]:
        raise RefusedWeightsError(f"an output of shape {tuple(output.shape)}")
