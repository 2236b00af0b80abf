"""Weight files of the deep metrics: which there are, and how they are found and read."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from torch import Tensor

from shared.errors import UsageError, problem
from shared.input_file import InputFile
from shared.weights import WEIGHTS
from train.tensor_file import read_weights

WEIGHT_FILES: Final = {key: file for key, file in WEIGHTS.items() if file.home == "name"}
"""The files of ``--weights-dir``, by the keys that metrics and protocols name."""


def find_weights(folder: Path | None, key: str) -> Path:
    """Find a weight file.

    Args:
        folder: The folder of weight files, None where none was named.
        key: Key of :data:`WEIGHT_FILES`.

    Returns:
        The path of the existing file.

    Raises:
        UsageError: It is not there; the message says how to get it.
    """
    file = WEIGHT_FILES[key]
    path = (folder or Path("WEIGHTS")) / file.name
    if folder is not None and path.is_file():
        return path
    flag = "" if folder is not None else " and add --weights-dir WEIGHTS"
    raise UsageError(
        problem(
            "--weights-dir" if folder is None else folder,
            f"{file.name} ({file.text})",
            "no folder named" if folder is None else "no such file",
            f"get it with: curl --create-dirs -L -o {path} {file.url}{flag}",
        )
    )


def load_weights(file: Path | InputFile) -> dict[str, Tensor]:
    """Read a file of weights without running code that it may hold.

    Args:
        file: The file, or what was read of it.

    Returns:
        Names to tensors.

    Raises:
        DamagedError: The file is no dictionary of tensors.
    """
    return read_weights(file, expected="a file of weights", remedy="get the file anew")
