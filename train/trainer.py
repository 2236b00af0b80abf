"""A training under way: steps, and between them reports, sheets, checkpoints and stops."""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from shared.console import Console, Stage
from shared.errors import DivergedError, StoppedError, problem
from shared.files import Disk, publish, publish_json
from train.checkpoint import Checkpoints
from train.data.batch import Batch, make_batch
from train.data.feed import Feed
from train.data.order import Order
from train.data.train_split import Supply
from train.losses.objective import Objective
from train.run_folder import CURVES_NAME, DIVERGED_NAME, SHEETS
from train.settings.tree import TrainSettings
from train.state import TrainState
from train.step import train_step
from train.watch.curves import draw_curves, panels_of
from train.watch.logbook import Logbook, read_log
from train.watch.status import Meter, seconds_left, status_line
from train.watch.validation import GENERATED, Trial

MAX_SKIPPED = 3
"""So many steps in a row may be skipped because losses or gradients are not finite."""

Clock = Callable[[], float]


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What a training works with, all of it made before.

    Attributes:
        objective: The losses.
        supply: The train split.
        trial: Fixed test pairs.
        checkpoints: The run folder's checkpoints.
        logbook: The run folder's log.
        console: What the user sees.
        disk: Calls to the operating system; None for the real ones.
        clock: Monotonic time in seconds.
        fresh_state: Makes the state that the run began with.
    """

    objective: Objective
    supply: Supply
    trial: Trial
    checkpoints: Checkpoints
    logbook: Logbook
    console: Console
    disk: Disk | None
    clock: Clock
    fresh_state: Callable[[], TrainState]


class Training:
    """A run between its first and its last step.

    Args:
        settings: The run's settings.
        state: Where it stands.
        parts: What it works with.
        out: The run folder.
    """

    def __init__(self, settings: TrainSettings, state: TrainState, parts: Parts, out: Path) -> None:
        self.state = state
        self._settings = settings
        self._parts = parts
        self._out = out
        self._meter = Meter(parts.clock)
        self._order, self._feed = self._open_feed()
        self._before = state.images
        self._saved_at = state.images if parts.checkpoints.paths() else -1
        self._scored_at = -1
        self._rolled_back_to = -1
        self._score = math.nan
        self._tick = parts.clock()

    @property
    def is_done(self) -> bool:
        """Whether the run's images or hours are used up."""
        limits, state = self._settings.run, self.state
        out_of_time = bool(limits.max_hours) and state.seconds >= 3600 * limits.max_hours
        return state.images >= limits.max_images or out_of_time

    def step(self) -> None:
        """Teach both networks once; skip, go back or give up where figures are not finite."""
        self._before = self.state.images
        report = train_step(self.state, self._parts.objective, self._draw)
        now = self._parts.clock()
        self.state.seconds += now - self._tick
        self._tick = now
        self._meter.note(report, self.state.images - self._before)
        if bool(report.finite):
            self.state.skipped = 0
            return
        self.state.skipped += 1
        self._parts.console.warn(f"step {self.state.steps} skipped: its figures are not finite")
        if self.state.skipped > MAX_SKIPPED:
            self._roll_back()

    def report_if_due(self, stage: Stage) -> None:
        """Log and show losses and speed every ``status_images``."""
        if self._crossed(self._settings.run.status_images):
            self._report(stage)

    def show_if_due(self) -> None:
        """Score the fixed test pairs and draw the sheet every ``sheet_images``."""
        if self._crossed(self._settings.run.sheet_images):
            self._show()

    def save_if_due(self) -> None:
        """Save a checkpoint every ``checkpoint_images``."""
        if self._crossed(self._settings.run.checkpoint_images):
            self._save(scored=True)

    def stop(self, reason: str) -> None:
        """Save a checkpoint and end the run for now.

        Raises:
            StoppedError: Always.
        """
        path = self._save(scored=False)
        raise StoppedError(
            f"stopped by {reason} after {self.state.images:,} images; {path.name} is saved, "
            "repeat the same command to go on"
        )

    def finish(self, stage: Stage) -> Path:
        """Save the last checkpoint, draw the last sheet and the curves."""
        if self._saved_at != self.state.images:
            if self._meter.has_news:
                self._report(stage)
            self._show()
            self._save(scored=True)
        panels = panels_of(read_log(self._out))
        self._publish_picture(self._out / CURVES_NAME, draw_curves(panels))
        return self._parts.checkpoints.path_of(self.state.images)

    def close(self) -> None:
        """Stop threads and write everything out."""
        self._feed.close()
        self._parts.logbook.close()

    def _open_feed(self) -> tuple[Order, Feed]:
        settings, state, supply = self._settings, self.state, self._parts.supply
        order = Order(
            supply.shard_sizes,
            seed=settings.seed,
            window_shards=state.window_shards,
            mirror=settings.data.mirror,
            detour=state.detour,
        )
        first = state.steps * settings.data.batches_per_step
        return order, supply.feed(order, batch=settings.data.batch, first=first)

    def _draw(self) -> Batch:
        begin = self._parts.clock()
        drawn = self._feed.draw()
        self._meter.waiting(self._parts.clock() - begin)
        mirrored = drawn.mirrored if self._settings.data.mirror else None
        return make_batch(drawn.samples, mirrored, sigma=self._settings.data.sigma)

    def _crossed(self, interval: int) -> bool:
        return interval > 0 and self._before // interval != self.state.images // interval

    def _report(self, stage: Stage) -> None:
        groups = self._meter.take(self.state.device)
        groups["seconds"] = self.state.seconds
        self._parts.logbook.write("status", self.state.images, groups)
        left = seconds_left(self.state, self._settings.run, groups["speed"]["samples_per_s"])
        done = min(self.state.images, stage.total)
        stage.advance(done - stage.done, note=status_line(groups, left))

    def _show(self) -> None:
        begin = self._parts.clock()
        state, trial = self.state, self._parts.trial
        scores = trial.scores(state.average)
        self._parts.logbook.write("scores", state.images, scores)
        sheet = trial.sheet(state.generator, state.average)
        self._publish_picture(self._out / SHEETS / f"sheet-{state.images:010d}.png", sheet)
        self._scored_at, self._score = state.images, scores["ssim"][GENERATED]
        for metric, named in scores.items():
            figures = ", ".join(f"{name} {value:.4f}" for name, value in named.items())
            self._parts.console.say(f"{metric} after {state.images:,} images: {figures}")
        self._pause_since(begin)

    def _save(self, *, scored: bool) -> Path:
        begin = self._parts.clock()
        state = self.state
        if not state.is_finite():
            self._roll_back()
            return self._parts.checkpoints.path_of(self.state.images)
        if scored and self._scored_at != state.images:
            self._show()
        is_best = math.isnan(state.best_score) or self._score > state.best_score
        if scored and is_best:
            state.best_score, state.best_images = self._score, state.images
        best = state.best_images if state.best_images >= 0 else None
        path = self._parts.checkpoints.save(state.images, state.content(), best_images=best)
        self._saved_at = state.images
        self._pause_since(begin)
        return path

    def _pause_since(self, begin: float) -> None:
        now = self._parts.clock()
        self._meter.paused(now - begin)

    def _roll_back(self) -> None:
        """Go back to the newest checkpoint and take another order of samples from there.

        Raises:
            DivergedError: The run went back to this very checkpoint before.
        """
        failed = self.state
        number = (failed.steps - 1) * self._settings.data.batches_per_step
        batches = [
            self._parts.supply.describe(
                self._order, batch=self._settings.data.batch, number=number + each
            )
            for each in range(self._settings.data.batches_per_step)
        ]
        self._feed.close()
        found = self._parts.checkpoints.load_newest()
        self.state = self._parts.fresh_state()
        if found is not None:
            self.state.restore(found[1])
        if self.state.images == self._rolled_back_to:
            self._give_up(failed, batches)
        self._rolled_back_to = self.state.images
        self.state.detour += 1
        self._parts.console.warn(
            f"{MAX_SKIPPED + 1} steps in a row were not finite: going back to "
            f"{self.state.images:,} images, with another order of samples"
        )
        self._before = self.state.images
        self._order, self._feed = self._open_feed()

    def _give_up(self, failed: TrainState, batches: list[Any]) -> None:
        path = self._out / DIVERGED_NAME
        record = {"step": failed.steps, "images": failed.images, "batches": batches}
        publish_json(path, record, self._parts.disk)
        raise DivergedError(
            problem(
                f"step {failed.steps}",
                "finite losses and gradients",
                f"none, also after going back to {self.state.images:,} images; {path} lists "
                "the last batch",
                "lower the learning rates or set clip_norm, and choose another --out",
            )
        )

    def _publish_picture(self, path: Path, picture: Image.Image) -> None:
        buffer = io.BytesIO()
        picture.save(buffer, format="PNG")
        publish(path, buffer.getbuffer(), self._parts.disk)
