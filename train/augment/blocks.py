"""What was drawn of a block: the pictures' files and their distances, kept until all are judged.

Convention:
    A block is one file: a SHA-256 over the rest, then a NumPy archive. It is a pure function of
    what was asked for, so that a block that is lost or torn is drawn once more, to the same bytes.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from shared.files import Disk, publish
from shared.regular_files import read_regular

QUALITY: Final = 95
FULL_COLOUR: Final = 0
"""pillow's word for 4:4:4: as many samples of colour as of light."""

_HASH_BYTES: Final = 32


@dataclass(frozen=True)
class Drawn:
    """The pictures of a block.

    Args:
        files: The content of each picture's file.
        distances: float64 (b,), NaN where nobody judged.
    """

    files: tuple[bytes, ...]
    distances: NDArray[np.float64]


def block_file(number: int) -> str:
    """Name a block's file."""
    return f"block-{number:06d}.npz"


def jpeg_of(picture: NDArray[np.uint8]) -> bytes:
    """Encode uint8 (H, W, 3) as a JPEG: equal pixels, equal bytes."""
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "JPEG", quality=QUALITY, subsampling=FULL_COLOUR)
    return stream.getvalue()


def keep_block(path: Path, drawn: Drawn, disk: Disk | None) -> None:
    """Publish a block."""
    stream = io.BytesIO()
    np.savez(
        stream,
        sizes=np.array([len(file) for file in drawn.files], np.int64),
        files=np.frombuffer(b"".join(drawn.files), np.uint8),
        distances=drawn.distances,
    )
    data = stream.getvalue()
    publish(path, hashlib.sha256(data).digest() + data, disk)


def read_block(path: Path, count: int) -> Drawn | None:
    """Read a block; None where it is not what was written, or not there."""
    try:
        data = read_regular(path)
        if hashlib.sha256(data[_HASH_BYTES:]).digest() != data[:_HASH_BYTES]:
            return None
        with np.load(io.BytesIO(data[_HASH_BYTES:]), allow_pickle=False) as held:
            sizes, files, distances = held["sizes"], held["files"], held["distances"]
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):
        return None
    ends = np.cumsum(sizes)
    if len(sizes) != count or len(distances) != count or (count and ends[-1] != len(files)):
        return None
    content = files.tobytes()
    starts = ends - sizes
    return Drawn(
        tuple(content[a:b] for a, b in zip(starts.tolist(), ends.tolist(), strict=True)), distances
    )
