"""How this process was started: alone, or among others by torchrun.

Convention:
    The variables of the environment are torch's own (``RANK``, ``WORLD_SIZE``, ``LOCAL_RANK``,
    ``LOCAL_WORLD_SIZE``, ``MASTER_ADDR``, ``MASTER_PORT``), so that whatever sets them for
    ``env://`` starts a run of several processes. Without ``RANK`` and ``WORLD_SIZE`` a process is
    alone, and nothing of torch.distributed is touched.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from shared.errors import UsageError, problem

_REMEDY = "start it by torchrun --no-python, or unset RANK and WORLD_SIZE"


@dataclass(frozen=True, kw_only=True)
class Launch:
    """A process among those that were started to train together.

    Attributes:
        rank: Its number, from 0.
        size: How many there are.
        local_rank: Its number on this machine, from 0; it takes the GPU of that number.
        local_size: How many there are on this machine.
        is_launched: Whether a launcher such as torchrun stands between it and the user.
    """

    rank: int = 0
    size: int = 1
    local_rank: int = 0
    local_size: int = 1
    is_launched: bool = False

    @property
    def is_alone(self) -> bool:
        """Whether it trains by itself."""
        return self.size == 1

    @property
    def is_first(self) -> bool:
        """Whether it is the one that writes and speaks."""
        return self.rank == 0


def find_launch(environment: Mapping[str, str]) -> Launch:
    """Read from the environment how this process was started.

    Raises:
        UsageError: The variables do not describe a process among others.
    """
    if not ("RANK" in environment and "WORLD_SIZE" in environment):
        return Launch()
    size = _number(environment, "WORLD_SIZE", least=1)
    rank = _number(environment, "RANK", below=size)
    local_size = _number(environment, "LOCAL_WORLD_SIZE", default=size, least=1)
    local_rank = _number(environment, "LOCAL_RANK", default=rank, below=local_size)
    for name in ("MASTER_ADDR", "MASTER_PORT"):
        if size > 1 and not environment.get(name):
            raise UsageError(problem("WORLD_SIZE", f"{name} beside it", "none", _REMEDY))
    if size > 1:
        _number(environment, "MASTER_PORT", least=1, below=1 << 16)
    return Launch(
        rank=rank, size=size, local_rank=local_rank, local_size=local_size, is_launched=True
    )


def _number(
    environment: Mapping[str, str],
    name: str,
    *,
    default: int | None = None,
    least: int = 0,
    below: int = 1 << 31,
) -> int:
    text = environment.get(name, "")
    if not text and default is not None:
        return default
    if not (text.isascii() and text.isdecimal() and least <= int(text[:20]) < below):
        expected = f"a whole number from {least} to {below - 1}"
        raise UsageError(problem(name, expected, repr(text[:20]), _REMEDY))
    return int(text)
