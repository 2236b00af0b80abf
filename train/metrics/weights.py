"""Weight files of the deep metrics: their names, where they come from, and how they are read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from torch import Tensor

from shared.errors import UsageError, problem
from train.tensor_file import read_weights


@dataclass(frozen=True, kw_only=True)
class WeightFile:
    """A published file of weights.

    Args:
        name: File name in the folder of ``--weights-dir``.
        url: Where it is published.
        text: Which network it holds.
    """

    name: str
    url: str
    text: str


WEIGHT_FILES: Final = {
    "inception-2015": WeightFile(
        name="weights-inception-2015-12-05-6726825d.pth",
        url="https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/"
        "weights-inception-2015-12-05-6726825d.pth",
        text="InceptionV3 of 2015, converted by torch-fidelity",
    ),
    "inception-torchvision": WeightFile(
        name="inception_v3_google-0cc3c7bd.pth",
        url="https://download.pytorch.org/models/inception_v3_google-0cc3c7bd.pth",
        text="torchvision's InceptionV3",
    ),
    "alexnet": WeightFile(
        name="alexnet-owt-7be5be79.pth",
        url="https://download.pytorch.org/models/alexnet-owt-7be5be79.pth",
        text="torchvision's AlexNet; the linear heads of LPIPS are part of torchmetrics",
    ),
}


def find_weights(folder: Path | None, key: str) -> Path:
    """Return the path of a weight file.

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
    return read_weights(path, expected="a file of weights", remedy="get the file anew")
