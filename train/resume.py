"""Where a run stands when it begins, goes on, or has gone back: its state and its checkpoint."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from train.checkpoint import Checkpoints
from train.state import TrainState
from train.world import World


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Where a run stands.

    Attributes:
        state: Networks and counters.
        checkpoint: The checkpoint that holds this very state; None at the start of a run.
    """

    state: TrainState
    checkpoint: Path | None


def take_up(
    fresh_state: Callable[[], TrainState], checkpoints: Checkpoints, world: World
) -> Standing:
    """Take up the newest whole checkpoint; without any, begin where all processes agree.

    Args:
        fresh_state: Makes the state that the run began with.
        checkpoints: Read by the first process, for all.
        world: The processes of the run.

    Raises:
        DamagedError: There are checkpoints, but not one of them is whole.
    """
    found = world.by_first(checkpoints.load_newest)
    state = fresh_state()
    if found is not None:
        state.restore(found[1])
    elif world.size > 1:
        state.restore(world.by_first(state.content))
    return Standing(state=state, checkpoint=None if found is None else found[0])
