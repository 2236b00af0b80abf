"""A judge on the disk: weights, how they were made, and the hash that names them everywhere.

Convention:
    The file holds tensors and plain values only and is read without running what it may hold. It
    bears the lesson by which it was trained; the protocol fixes that lesson, so a file of another
    one is no judge. Beside it lies ``reid.pt.sha256``, as ``sha256sum`` prints it.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from shared.errors import DamagedError, UsageError, problem
from shared.regular_files import read_regular
from train.device import put_on
from train.reid.lesson import LESSON
from train.reid.network import DIMENSIONS, ReidNetwork, embeddings
from train.reid.training import lesson_as_plain
from train.tensor_file import read_plain

FORMAT: Final = "posegan-reid"
VERSION: Final = 3
FILE_NAME: Final = "reid.pt"
HASH_NAME: Final = "reid.pt.sha256"
MAX_HASH_BYTES: Final = 10_000

_EXPECTED: Final = "a judge that train-reid made"
_REMEDY: Final = "make it anew: train-reid --src TRAIN_FOLDER --out DIR"


class Judge:
    """A network that embeds people, and where it came from.

    Args:
        network: In evaluation mode, on its device.
        sha256: Of the file.
        origin: What it was trained on and with.
    """

    def __init__(self, network: ReidNetwork, sha256: str, origin: Mapping[str, Any]) -> None:
        self._network = network
        self.sha256 = sha256
        self.origin = dict(origin)

    def __call__(self, images: Tensor) -> NDArray[np.float32]:
        """Embed uint8 (n, height, width, 3) as float32 (n, 256) of length 1."""
        device = next(self._network.parameters()).device
        found: NDArray[np.float32] = embeddings(self._network, images.to(device)).cpu().numpy()
        return found


def judge_bytes(network: ReidNetwork, origin: Mapping[str, Any]) -> bytes:
    """Write a judge as the content of a file; equal weights and origin, equal bytes."""
    content = {
        "format": FORMAT,
        "version": VERSION,
        "lesson": lesson_as_plain(LESSON),
        "origin": dict(origin),
        "weights": {name: value.cpu().clone() for name, value in network.state_dict().items()},
    }
    buffer = io.BytesIO()
    torch.save(content, buffer)
    return buffer.getvalue()


def read_judge(path: Path, device: torch.device) -> Judge:
    """Read a judge.

    Args:
        path: The file.
        device: Where it is to run.

    Raises:
        UsageError: The file cannot be opened.
        DamagedError: It is no judge of this protocol, or not the one whose hash lies beside it.
    """
    try:
        data = read_regular(path)
    except OSError as error:
        raise UsageError(problem(path, _EXPECTED, error.strerror, _REMEDY)) from error
    sha256 = hashlib.sha256(data).hexdigest()
    _check_hash(path, sha256)
    content = read_plain(data, where=path, expected=_EXPECTED, remedy=_REMEDY)
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise _damaged(path, "another file of torch")
    lesson, origin = content.get("lesson"), content.get("origin")
    if content.get("version") != VERSION or lesson != lesson_as_plain(LESSON):
        raise _damaged(path, "one of another version or lesson")
    weights = content.get("weights")
    if not isinstance(origin, dict) or not isinstance(weights, dict):
        raise _damaged(path, "no weights or no origin")
    return Judge(put_on(device, _network(path, weights)), sha256, origin)


def _network(path: Path, weights: dict[str, Any]) -> ReidNetwork:
    classes = weights.get("classes.weight")
    if not isinstance(classes, Tensor) or classes.shape[1:] != (DIMENSIONS,):
        raise _damaged(path, "weights of another network")
    network = ReidNetwork(len(classes))
    try:
        network.load_state_dict(weights)
    except (RuntimeError, TypeError, AttributeError) as error:
        raise _damaged(path, "weights of another network") from error
    if not all(bool(torch.isfinite(value).all()) for value in network.state_dict().values()):
        raise _damaged(path, "weights that are not finite")
    return network.eval()


def _check_hash(path: Path, sha256: str) -> None:
    """Compare with the hash beside the file, where there is one."""
    beside = path.with_name(f"{path.name}.sha256")
    try:
        noted = read_regular(beside, MAX_HASH_BYTES).decode().split()
    except (OSError, UnicodeDecodeError):
        return
    if noted[:1] != [sha256]:
        raise _damaged(path, f"a file whose hash is not the one in {beside.name}")


def _damaged(path: Path, found: str) -> DamagedError:
    return DamagedError(problem(path, _EXPECTED, found, _REMEDY))
