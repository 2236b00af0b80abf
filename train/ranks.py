"""A world of several processes on torch.distributed: gloo on the CPU, NCCL between GPUs.

Convention:
    What the host asks travels by gloo, also beside GPUs, so that a question waits for no device and
    a peer that died is noticed at the next one: its connections close. What is computed on a GPU is
    reduced by NCCL. Every process reduces to the same bits.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn

from shared.errors import PoseGanError, from_machine, problem
from train.launch import Launch
from train.world import LostError, Mean

T = TypeVar("T")
CPU = torch.device("cpu")


class Ranks:
    """The world as one of several processes sees it; see :class:`train.world.World`.

    The processes have met in torch.distributed's default group before.

    Args:
        launch: Which of them this one is.
        device: Where it computes.
    """

    def __init__(self, launch: Launch, device: torch.device) -> None:
        self.rank = launch.rank
        self.size = launch.size
        self.num_here = launch.local_size
        self.is_first = launch.is_first
        self.device = device

    def all_true(self, flag: bool) -> bool:
        """Whether the flag is true on every process."""
        return not self.any_true(not flag)

    def any_true(self, flag: bool) -> bool:
        """Whether the flag is true on at least one process."""
        raised = torch.tensor(int(flag))
        with answered():
            dist.all_reduce(raised, op=dist.ReduceOp.MAX)
        return bool(raised)

    def mean(self, value: Mean) -> Mean:
        """The mean over all processes; a tensor stays on its device."""
        if isinstance(value, float):
            return float(self.mean(torch.tensor(value, dtype=torch.float64)))
        total = value.detach().clone()
        with answered():
            dist.all_reduce(total)
        return total.div_(self.size)

    def average_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Replace each gradient by its mean over all processes, all of them in one message."""
        grads = [each.grad for each in parameters if each.grad is not None]
        if not grads:
            return
        together = torch.cat([grad.flatten() for grad in grads])
        with answered():
            dist.all_reduce(together)
        together.div_(self.size)
        means = torch.split(together, [grad.numel() for grad in grads])
        for grad, mean in zip(grads, means, strict=True):
            grad.copy_(mean.view(grad.shape))

    def by_first(self, action: Callable[[], T]) -> T:
        """Let the first process act while the others wait; all get what it got, or its error."""
        if not self.is_first:
            told: list[Any] = [None]
            with answered():
                dist.broadcast_object_list(told, src=0, device=CPU)
            result, error = told[0]
            if error is not None:
                raise error
            return result  # type: ignore[no-any-return]
        try:
            own = action()
        except Exception as error:
            self._tell((None, _portable(error)))
            raise
        self._tell((_on_host(own), None))
        return own

    def _tell(self, outcome: tuple[Any, Exception | None]) -> None:
        with answered():
            dist.broadcast_object_list([outcome], src=0, device=CPU)


@contextmanager
def answered() -> Iterator[None]:
    """Turn torch's words about a peer that is gone or silent into one error.

    Raises:
        LostError: There is one.
    """
    try:
        yield
    except RuntimeError as error:
        if from_machine(error) is not None:
            raise
        reason = " ".join(str(error).split())[:200]
        remedy = "repeat the same command to go on from the newest checkpoint"
        raise LostError(
            problem("the run's processes", "an answer of each", reason, remedy)
        ) from error


def _portable(error: Exception) -> Exception:
    """Return the error, or its like that can be sent."""
    sent = error if isinstance(error, PoseGanError) else from_machine(error) or error
    try:
        pickle.loads(pickle.dumps(sent))
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")
    return sent


def _on_host(value: Any) -> Any:
    """Copy the tensors in plain containers to the CPU, whose memory every process has."""
    if isinstance(value, Tensor):
        return value.cpu()
    if isinstance(value, dict):
        return {key: _on_host(each) for key, each in value.items()}
    if type(value) in (list, tuple):
        return type(value)(_on_host(each) for each in value)
    return value
