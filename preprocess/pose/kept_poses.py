"""Poses that were estimated before: kept block by block, found again by an image's content.

Convention:
    A block is a file of its own: a SHA-256 over the rest, then a NumPy array of records. Blocks
    of another model, size or threshold lie in another folder, named by the estimator's key.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from preprocess.pose.people import NUM_COCO_JOINTS, People
from shared.files import Disk, publish, publishing_error, remove_temporaries
from shared.owned_folder import OwnedFolder
from shared.regular_files import read_regular

RECORD: Final = np.dtype(
    [
        ("digest", "S64"),
        ("points", "<f4", (NUM_COCO_JOINTS, 2)),
        ("confidences", "<f4", (NUM_COCO_JOINTS,)),
        ("count", "<i2"),
        ("person_score", "<f4"),
        ("margin", "<f4"),
    ]
)
_HASH_BYTES: Final = 32


class KeptPoses:
    """The people of images that this estimator has seen.

    Args:
        folder: Where blocks of all estimators are kept.
        key: The estimator's key.
        disk: The calls to the operating system.
        owned: The output folder around it, where blocks are entered before they are made.
    """

    def __init__(
        self,
        folder: Path,
        key: str,
        disk: Disk | None = None,
        owned: OwnedFolder | None = None,
    ) -> None:
        self._folder = folder / hashlib.sha256(key.encode()).hexdigest()[:16]
        self._disk = disk
        self._owned = owned
        self._place: dict[bytes, tuple[int, int]] = {}
        self._blocks: list[NDArray[Any]] = []
        if owned is not None:
            owned.folder(str(self._folder.relative_to(owned.path)))
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise publishing_error(folder, error) from error
        remove_temporaries(self._folder)
        for path in sorted(self._folder.glob("*.poses")):
            block = _read(path)
            if block is not None:
                self._remember(block)

    def __contains__(self, digest: str) -> bool:
        return digest.encode() in self._place

    def keep(self, digests: Sequence[str], people: People) -> None:
        """Publish one block.

        Args:
            digests: SHA-256 of each image's content.
            people: The people of these images.
        """
        block = np.zeros(len(digests), RECORD)
        block["digest"] = [digest.encode() for digest in digests]
        for name in RECORD.names[1:] if RECORD.names else ():
            block[name] = getattr(people, name)
        buffer = io.BytesIO()
        np.save(buffer, block, allow_pickle=False)
        data = buffer.getvalue()
        name = hashlib.sha256("".join(digests).encode()).hexdigest()[:16]
        checked = hashlib.sha256(data).digest() + data
        path = self._folder / f"{name}.poses"
        if self._owned is not None:
            self._owned.intend([str(path.relative_to(self._owned.path))])
        publish(path, checked, self._disk)
        self._remember(block)

    def people_of(self, digests: Sequence[str]) -> People:
        """Look up the people of images that are all kept."""
        block = np.zeros(len(digests), RECORD)
        for row, digest in enumerate(digests):
            number, place = self._place[digest.encode()]
            block[row] = self._blocks[number][place]
        return People(**{name: block[name].copy() for name in (RECORD.names or ())[1:]})

    def _remember(self, block: NDArray[Any]) -> None:
        number = len(self._blocks)
        self._blocks.append(block)
        for row, digest in enumerate(block["digest"].tolist()):
            self._place[digest] = (number, row)


def blocks_in(folder: Path) -> list[str]:
    """List the blocks of all estimators that a folder keeps, relative to it; none behind links."""
    keys = [path for path in folder.glob("*") if path.is_dir() and not path.is_symlink()]
    return [str(path.relative_to(folder)) for key in keys for path in key.glob("*.poses")]


def _read(path: Path) -> NDArray[Any] | None:
    """Read a block; None where it is not what was written, which only costs its poses."""
    try:
        data = read_regular(path)
        if hashlib.sha256(data[_HASH_BYTES:]).digest() != data[:_HASH_BYTES]:
            return None
        block: NDArray[Any] = np.load(io.BytesIO(data[_HASH_BYTES:]), allow_pickle=False)
    except (OSError, ValueError):
        return None
    return block if block.dtype == RECORD and block.ndim == 1 else None
