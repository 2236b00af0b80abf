"""A run under way: steps, and between them reports, sheets, checkpoints and stops."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import torch

from shared.console import Console, Stage
from shared.errors import NoSpaceError, StoppedError
from shared.stopping import StopRequest
from train.agreement import keep_equal
from train.checkpoint import Checkpoints
from train.data.batch import Batch, make_batch
from train.data.feed import Feed
from train.data.order import Order, Share
from train.data.train_split import TrainSplit
from train.losses.objective import Objective
from train.outcomes import Outcomes
from train.resume import Standing
from train.roll_back import Failure, RollBack
from train.settings.tree import TrainSettings
from train.state import TrainState
from train.step import train_step
from train.watch.recorder import Recorder
from train.watch.status import Meter, seconds_left, status_line
from train.world import World, seed_of_step, share_of_batch

MAX_SKIPPED = 3
"""So many steps in a row may be skipped because losses or gradients are not finite."""

Clock = Callable[[], float]
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What a run works with, all of it made before it begins.

    Attributes:
        objective: The losses.
        train_split: The samples.
        checkpoints: The run folder's checkpoints.
        roll_back: The way back to them.
        recorder: Writes log and pictures; None but on the first process.
        console: What the user sees.
        clock: Monotonic time in seconds.
        world: The processes of the run.
    """

    objective: Objective
    train_split: TrainSplit
    checkpoints: Checkpoints
    roll_back: RollBack
    recorder: Recorder | None
    console: Console
    clock: Clock
    world: World


class Training:
    """A run between its first and its last step.

    Args:
        settings: The run's settings.
        standing: Where it stands.
        parts: What it works with.
    """

    def __init__(self, settings: TrainSettings, standing: Standing, parts: Parts) -> None:
        self._settings = settings
        self._parts = parts
        self._world = parts.world
        self._meter = Meter(parts.clock)
        self._outcomes = Outcomes(parts.world.device)
        self._tick = parts.clock()
        self._stand(standing)
        self._record(lambda recorder: recorder.begin(standing.state.images))

    def _stand(self, standing: Standing) -> None:
        """Go on from here."""
        self.state: TrainState = standing.state
        self._checkpoint = standing.checkpoint
        self._saved_at = -1 if standing.checkpoint is None else standing.state.images
        self._before = standing.state.images
        self._scored_at, self._score = -1, math.nan
        self._order, self._feed = self._open_feed()
        self._done = self._is_used_up()

    @property
    def is_done(self) -> bool:
        """Whether the run's images or hours are used up."""
        return self._done

    def step(self) -> None:
        """Teach both networks once; skip, go back or give up where figures are not finite."""
        state, world = self.state, self._world
        self._before = state.images
        seed = seed_of_step(world, self._settings.seed, state.steps)
        if seed is not None:
            torch.manual_seed(seed)
        report = train_step(state, self._parts.objective, self._draw, world)
        now = self._parts.clock()
        state.seconds += now - self._tick
        self._tick = now
        self._outcomes.put(step=state.steps, images=state.images - self._before, report=report)
        self._done = self._is_used_up()
        self._settle(everything=self._is_boundary())

    def report_if_due(self, stage: Stage) -> None:
        """Log and show losses and speed every ``status_images``."""
        if self._due(self._settings.run.status_images) and self._meter.has_news:
            self._report(stage)

    def show_if_due(self) -> None:
        """Score the fixed test pairs and draw the sheet every ``sheet_images``."""
        if self._due(self._settings.run.sheet_images):
            self._show()

    def save_if_due(self) -> None:
        """Save a checkpoint every ``checkpoint_images``; go back where weights are not finite."""
        if self._due(self._settings.run.checkpoint_images):
            self._save(scored=True)

    def stop_if_asked(self, stop: StopRequest) -> None:
        """Save a checkpoint and end the run for now, where a signal asks any process to.

        Raises:
            StoppedError: One does.
        """
        if not self._world.any_true(stop.asked_by is not None):
            return
        self._settle(everything=True)
        if self.state.images not in (0, self._saved_at):
            self._save(scored=False)
        saved = "nothing" if self._checkpoint is None else self._checkpoint.name
        raise StoppedError(
            f"stopped by {stop.asked_by or 'another process'} after "
            f"{self.state.images:,} images; {saved} is saved, repeat the same command to go on"
        )

    def finish(self) -> Path:
        """Draw the curves of a run that is done; score it, where a full disk prevented that.

        Returns:
            The newest checkpoint.
        """
        if not self._record(lambda recorder: recorder.has_scores(self.state.images)):
            self._publish_scored()
        self._record(Recorder.draw_curves)
        assert self._checkpoint is not None, "a run is done only with a checkpoint"
        return self._checkpoint

    def close(self) -> None:
        """Stop threads and write everything out."""
        self._feed.close()
        if self._parts.recorder is not None:
            self._parts.recorder.close()

    def _open_feed(self) -> tuple[Order, Feed]:
        settings, state, split = self._settings, self.state, self._parts.train_split
        order = Order(
            split.shard_sizes,
            seed=settings.seed,
            window_shards=state.window_shards,
            mirror=settings.data.mirror,
            detour=state.detour,
        )
        size = share_of_batch(self._world, settings.data.batch)
        share = Share(order, size, rank=self._world.rank, ranks=self._world.size)
        return order, split.feed(share, first=state.steps * settings.batches_per_step)

    def _draw(self) -> Batch:
        begin = self._parts.clock()
        drawn = self._feed.draw()
        self._meter.waiting(self._parts.clock() - begin)
        mirrored = drawn.mirrored if self._settings.data.mirror else None
        return make_batch(drawn.samples, mirrored, **self._settings.seen)

    def _is_used_up(self) -> bool:
        limits, state = self._settings.run, self.state
        if state.images >= limits.max_images:
            return True
        hours = limits.max_hours
        return hours > 0 and self._world.any_true(state.seconds >= 3600 * hours)

    def _due(self, interval: int) -> bool:
        """Whether the last step reached a multiple of an interval, or the end of the run."""
        crossed = interval > 0 and self._before // interval != self.state.images // interval
        return crossed or (self._done and self._before != self.state.images)

    def _is_boundary(self) -> bool:
        run = self._settings.run
        return any(
            self._due(each) for each in (run.status_images, run.sheet_images, run.checkpoint_images)
        )

    def _settle(self, *, everything: bool) -> None:
        """Look at what became of the last steps; go back after too many skipped ones."""
        for outcome in self._outcomes.settled(everything=everything):
            self._meter.note(outcome)
            self.state.skipped = 0 if outcome.finite else self.state.skipped + 1
            if outcome.finite:
                self._parts.roll_back.note_finite_step()
            else:
                self._parts.console.warn(f"step {outcome.step} skipped: its figures are not finite")
            if self.state.skipped > MAX_SKIPPED:
                what = f"{self.state.skipped} steps in a row were not finite"
                self._roll_back(what, step=outcome.step)
                return

    def _report(self, stage: Stage) -> None:
        groups = self._meter.take(self._world)
        groups["seconds"] = self.state.seconds
        self._record(lambda recorder: recorder.status(self.state.images, groups))
        left = seconds_left(self.state, self._settings.run, groups["speed"]["samples_per_s"])
        done = min(self.state.images, stage.total)
        stage.advance(done - stage.done, note=status_line(groups), seconds_left=left)

    def _show(self) -> None:
        begin = self._parts.clock()
        self._score = self._record(lambda recorder: recorder.show(self.state))
        self._scored_at = self.state.images
        self._meter.paused(self._parts.clock() - begin)

    def _save(self, *, scored: bool) -> None:
        if not self._is_finite():
            self._roll_back("weights are not finite", step=self.state.steps)
        elif scored:
            self._publish_scored()
        else:
            self._publish_checkpoint()

    def _is_finite(self) -> bool:
        return self._world.all_true(self.state.is_finite())

    def _publish_scored(self) -> None:
        state = self.state
        if self._scored_at != state.images:
            self._show()
        if math.isnan(state.best_score) or self._score > state.best_score:
            state.best_score, state.best_images = self._score, state.images
        self._publish_checkpoint()

    def _publish_checkpoint(self) -> None:
        begin, state = self._parts.clock(), self.state
        keep_equal(state, self._world, self._parts.console)
        best = state.best_images if state.best_images >= 0 else None
        self._checkpoint = self._world.by_first(
            lambda: self._parts.checkpoints.save(state.images, state.content(), best_images=best)
        )
        self._saved_at = state.images
        self._meter.paused(self._parts.clock() - begin)

    def _record(self, action: Callable[[Recorder], T]) -> T:
        """Let the first process write log or pictures, for all.

        Raises:
            NoSpaceError: The disk is full; a checkpoint was tried, as it may be the last that fits.
        """

        def act() -> T:
            assert self._parts.recorder is not None, "the first process has a recorder"
            return action(self._parts.recorder)

        try:
            return self._world.by_first(act)
        except NoSpaceError:
            if self.state.images not in (0, self._saved_at) and self._is_finite():
                self._publish_checkpoint()
            raise

    def _roll_back(self, what: str, *, step: int) -> None:
        """Go back to the newest checkpoint and take another order of samples from there.

        Raises:
            DivergedError: The run went back to this very checkpoint before.
        """
        failure = Failure(
            what=what, step=step, images=self.state.images, batches=self._batches_of(step)
        )
        self._outcomes.forget()
        self._feed.close()
        self._stand(self._parts.roll_back.after(failure))
        self._record(lambda recorder: recorder.begin(self.state.images))
        self._parts.console.warn(
            f"{what}: going back to {self.state.images:,} images, with another order of samples"
        )

    def _batches_of(self, step: int) -> list[Any]:
        count, size = self._settings.batches_per_step, self._settings.data.batch
        first = (step - 1) * count
        return [
            self._parts.train_split.describe(self._order, batch=size, number=number)
            for number in range(first, first + count)
        ]
