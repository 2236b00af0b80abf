"""The generator of a training run: of its newest whole checkpoint, or of one that is named."""

from __future__ import annotations

from pathlib import Path

from shared.console import Console
from shared.errors import DamagedError, problem
from train.checkpoint import load_run, noted_sha256, other_settings
from train.inference.trained import Trained
from train.nets.generators import make_generator
from train.run_folder import SETTINGS_NAME, read_settings
from train.tensor_file import misfit


def is_run(path: Path) -> bool:
    """Tell whether a path is a run folder or a checkpoint file."""
    if path.is_dir():
        return (path / SETTINGS_NAME).is_file() or any(path.glob("checkpoint-*.pt"))
    return path.suffix == ".pt" and path.is_file()


def read_run(path: Path, *, raw_weights: bool, console: Console) -> Trained:
    """Read the generator of a run.

    Args:
        path: Run folder, or one of its checkpoints.
        raw_weights: Take the generator itself and not its average.
        console: Warned of checkpoints that are passed over.

    Raises:
        UsageError: No checkpoint, or no settings beside it.
        DamagedError: No whole checkpoint, or its settings cannot be understood.
    """
    checkpoint, content = load_run(path, console)
    settings = read_settings(checkpoint.parent)
    weights = "generator" if raw_weights else "average"
    generator = make_generator(settings.generator)
    found = misfit(generator, content.get(weights)) or other_settings(content, settings)
    if found:
        expected = f"the {weights} of the run's settings"
        raise DamagedError(problem(checkpoint, expected, found, "choose another checkpoint"))
    generator.load_state_dict(content[weights])
    return Trained(
        generator=generator,
        image_size=settings.generator.image_size,
        sigma=settings.data.sigma,
        poses=settings.generator.drawn_poses,
        origin={
            "checkpoint": checkpoint.name,
            "sha256": noted_sha256(checkpoint),
            "weights": weights,
        },
    )
