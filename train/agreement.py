"""All processes of a run hold the same weights: looked at, not believed, at every checkpoint.

Every process moves its networks by the same mean gradients, so they stay equal to the bit where
the machines compute alike. Where they do not, as between two kinds of processors, last bits part.
"""

from __future__ import annotations

import hashlib
from typing import Any

from torch import Tensor

from shared.console import Console
from train.state import TrainState
from train.world import World

_SHOWN = 16
_LEARNED = (
    "generator",
    "discriminator",
    "average",
    "generator_optimizer",
    "discriminator_optimizer",
)


def keep_equal(state: TrainState, world: World, console: Console) -> None:
    """Compare what all processes have learned; where it differs, all take the first one's.

    Args:
        state: What this process has learned.
        world: The processes of the run; with one alone nothing is done.
        console: Told the common hash, or warned.
    """
    if world.size == 1:
        return
    own = fingerprint_of(state)
    first = world.by_first(lambda: own)
    if world.all_true(own == first):
        console.say(f"weights of all {world.size} processes are equal: SHA-256 {own[:_SHOWN]}")
        return
    console.warn(
        f"weights of {world.size} processes had parted, as on machines of different kinds; "
        "all go on with those of the first"
    )
    content = world.by_first(state.content)
    if not world.is_first:
        state.restore(content)


def fingerprint_of(state: TrainState) -> str:
    """Return a SHA-256 of all weights and of the optimisers' state, as they are in memory."""
    found = hashlib.sha256()
    for name in _LEARNED:
        _add(found, getattr(state, name).state_dict())
    return found.hexdigest()


def _add(found: Any, value: Any) -> None:
    if isinstance(value, Tensor):
        found.update(value.detach().cpu().contiguous().numpy().tobytes())
    elif isinstance(value, dict):
        for key in value:
            found.update(str(key).encode())
            _add(found, value[key])
    elif isinstance(value, (list, tuple)):
        for each in value:
            _add(found, each)
    else:
        found.update(repr(value).encode())
