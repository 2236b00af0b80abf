"""Weight files of the deep metrics: which there are, and how they are found and read."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Final

import torch
from torch import Tensor

from shared.errors import DamagedError, UsageError, problem
from shared.weights import WEIGHTS

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


def load_weights(path: Path) -> dict[str, Tensor]:
    """Read a file of weights without running code that it may hold.

    Args:
        path: The file.

    Returns:
        Names to tensors.

    Raises:
        DamagedError: The file is no dictionary of tensors.
    """
    try:
        weights = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, ValueError, EOFError, pickle.UnpicklingError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise DamagedError(
            problem(path, "a file of weights", reason[:120], "get the file anew")
        ) from error
    if not isinstance(weights, dict) or not all(isinstance(w, Tensor) for w in weights.values()):
        raise DamagedError(
            problem(path, "names with tensors", type(weights).__name__, "get the file anew")
        )
    return weights
