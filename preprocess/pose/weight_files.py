"""Where the weights of a pose model are: the demo's, a file's, or a named model's.

Nothing here imports torch or ultralytics: the record of a run asks for the weights before the
model is opened.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from preprocess.settings import AUTO_MODEL, DEMO_MODEL
from shared.errors import DamagedError, UsageError, problem
from shared.input_file import InputFile
from shared.regular_files import read_regular
from shared.weights import WEIGHTS, cache_folder

DEMO_POSE: Final = WEIGHTS["demo-pose"]
BEST_MODEL: Final = {"cuda": "yolo26x-pose", "cpu": "yolo26n-pose"}
"""What ``auto`` stands for: the most exact model on a GPU, the fastest one on a CPU."""

NAMED_MODEL: Final = re.compile(
    r"(yolov8[nsmlx]-pose|yolov8x-pose-p6|yolo(11|26)[nsmlx]-pose)(\.pt)?"
)

DEMO_NOTE: Final = (
    "the demo weights know drawn people only; for photos use --pose-model "
    f"{BEST_MODEL['cpu']} (CPU) or {BEST_MODEL['cuda']} (GPU)"
)


@dataclass(frozen=True)
class WeightsPlace:
    """Where a pose model's weights are, or are to be downloaded to.

    Args:
        name: What the user calls the model.
        path: The file.
        downloadable: The file may be fetched by this name where it is absent.
    """

    name: str
    path: Path
    downloadable: bool

    @property
    def present(self) -> bool:
        """Whether the file exists."""
        return self.path.is_file()


def find_weights(pose_model: str, device: str) -> WeightsPlace:
    """Find the weights of a pose model.

    Args:
        pose_model: ``auto``, ``demo``, a file, or a model's name as ultralytics knows it.
        device: ``"cpu"`` or ``"cuda"``.

    Returns:
        The place. A file wins over a model of the same name.

    Raises:
        UsageError: Neither a file nor a known name.
    """
    if pose_model == DEMO_MODEL:
        return WeightsPlace(DEMO_MODEL, DEMO_POSE.path, downloadable=False)
    name = BEST_MODEL[device] if pose_model == AUTO_MODEL else pose_model
    file = Path(os.path.expanduser(name))  # noqa: PTH111 - it never raises
    if file.is_file():
        return WeightsPlace(name, file.absolute(), downloadable=False)
    if NAMED_MODEL.fullmatch(name):
        stem = name.removesuffix(".pt")
        return WeightsPlace(stem, cache_folder() / "weights" / f"{stem}.pt", downloadable=True)
    raise UsageError(
        problem(
            "--pose-model",
            "a file, 'demo' or a name such as yolo26n-pose",
            f"'{pose_model}'",
            "check the spelling or the path",
        )
    )


def read_weights(place: WeightsPlace) -> InputFile:
    """Read the weights, once: what is hashed is what is loaded.

    Raises:
        DamagedError: The demo weights are not the ones that were shipped.
        UsageError: The file cannot be read.
    """
    try:
        file = InputFile(place.path, read_regular(place.path))
    except OSError as error:
        raise UsageError(
            problem(place.path, "readable weights", error.strerror, "check --pose-model")
        ) from error
    if place.name == DEMO_MODEL and file.sha256 != DEMO_POSE.sha256:
        raise DamagedError(
            problem(
                place.path,
                f"SHA-256 {DEMO_POSE.sha256[:12]}…",
                f"{file.sha256[:12]}…",
                "install posegan anew",
            )
        )
    return file


@contextmanager
def private_copy(file: InputFile) -> Iterator[Path]:
    """Write what was read into a folder that nobody else enters, for a library that wants a path.

    Raises:
        OSError: The system's folder for temporary files has no room, or cannot be written to.
    """
    with TemporaryDirectory(prefix="posegan-") as folder:
        path = Path(folder) / "weights.pt"
        path.write_bytes(file.content)
        yield path
