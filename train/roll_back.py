"""Going back to the newest checkpoint when figures are not finite: once, then the run gives up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.errors import DivergedError, problem
from shared.files import Disk, publish_json
from train.checkpoint import Checkpoints
from train.resume import Standing, take_up
from train.run_folder import DIVERGED_NAME
from train.state import TrainState
from train.world import World


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Why a run goes back.

    Attributes:
        what: What was not finite.
        step: The last step that was looked at.
        images: Images seen up to it.
        batches: What the step was trained on, for the record.
    """

    what: str
    step: int
    images: int
    batches: list[Any]


class RollBack:
    """The way back, which leads to no checkpoint twice in a row.

    Args:
        out: The run folder.
        checkpoints: Where the way leads.
        fresh_state: Makes the state that the run began with.
        world: The processes of the run; all go back together.
        disk: Calls to the operating system; None for the real ones.
    """

    def __init__(
        self,
        out: Path,
        checkpoints: Checkpoints,
        fresh_state: Callable[[], TrainState],
        *,
        world: World,
        disk: Disk | None,
    ) -> None:
        self._out = out
        self._checkpoints = checkpoints
        self._fresh_state = fresh_state
        self._world = world
        self._disk = disk
        self._last_images = -1
        self._has_learned = True

    def note_finite_step(self) -> None:
        """Note that the run moved on since it went back."""
        self._has_learned = True

    def after(self, failure: Failure) -> Standing:
        """Go back to the newest checkpoint, from where samples come in another order.

        Raises:
            DivergedError: The run went back to this very checkpoint before, or no step was finite
                since it last went back: a checkpoint saved among skipped steps is no way on.
        """
        standing = take_up(self._fresh_state, self._checkpoints, self._world)
        state = standing.state
        if state.images == self._last_images or not self._has_learned:
            self._give_up(failure)
        self._has_learned = False
        self._last_images = state.images
        state.detour += 1
        state.skipped = 0  # a checkpoint may have been saved among skipped steps
        return standing

    def _give_up(self, failure: Failure) -> None:
        path = self._out / DIVERGED_NAME
        record = {"step": failure.step, "images": failure.images, "batches": failure.batches}
        self._world.by_first(lambda: publish_json(path, record, self._disk))
        raise DivergedError(
            problem(
                f"step {failure.step}",
                "finite losses, gradients and weights",
                f"{failure.what}, also after going back to {self._last_images:,} images; {path} "
                "lists the last batch",
                "lower the learning rates or set clip_norm, and choose another --out",
            )
        )
