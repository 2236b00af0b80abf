"""What a run leaves of itself in its folder besides checkpoints: log, sheets and curves."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

from PIL import Image

from shared.console import Console
from shared.files import publish
from shared.owned_folder import OwnedFolder
from train.run_folder import CURVES_NAME, SHEETS
from train.state import TrainState
from train.watch.curves import draw_curves, panels_of
from train.watch.logbook import Logbook, read_log
from train.watch.validation import GENERATED, Validation


class Recorder:
    """Writes a run's log and pictures; only the first process has one.

    Args:
        owned: The run folder, held by this process.
        validation: Fixed test pairs.
        logbook: The run's log.
        console: Told the quick scores.
    """

    def __init__(
        self, owned: OwnedFolder, validation: Validation, logbook: Logbook, *, console: Console
    ) -> None:
        self._owned = owned
        self._out = owned.path
        self._validation = validation
        self._logbook = logbook
        self._console = console

    def begin(self, images: int) -> None:
        """Drop what was logged after this many images: the run goes on from there."""
        self._logbook.begin(images)

    def status(self, images: int, groups: Mapping[str, Any]) -> None:
        """Log losses and speed."""
        self._logbook.write("status", images, groups)

    def show(self, state: TrainState) -> float:
        """Score the fixed test pairs, log the scores and draw the sheet.

        Returns:
            The score by which checkpoints are compared: SSIM of the average, higher is better.
        """
        scores = self._validation.scores(state.average)
        self._logbook.write("scores", state.images, scores)
        sheet = self._validation.sheet(state.generator, state.average)
        self._publish(f"{SHEETS}/sheet-{state.images:010d}.png", sheet)
        for metric, named in scores.items():
            figures = ", ".join(f"{name} {value:.4f}" for name, value in named.items())
            self._console.say(f"{metric} after {state.images:,} images: {figures}")
        return scores["ssim"][GENERATED]

    def has_scores(self, images: int) -> bool:
        """Whether the log holds the scores after this many images."""
        log = read_log(self._out)
        return any(each["kind"] == "scores" and each["images"] == images for each in log)

    def draw_curves(self) -> None:
        """Draw the curves of the whole log."""
        self._publish(CURVES_NAME, draw_curves(panels_of(read_log(self._out))))

    def close(self) -> None:
        """Write everything out."""
        self._logbook.close()

    def _publish(self, name: str, picture: Image.Image) -> None:
        self._owned.intend([name])
        buffer = io.BytesIO()
        picture.save(buffer, format="PNG")
        publish(self._out / name, buffer.getbuffer(), self._owned.disk)
