"""Reading pairs in chunks, checked for size; hashes of the files and the mean image on the way."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from shared.console import Stage
from shared.errors import UsageError, problem
from train.scoring.pairing import Pair
from train.scoring.pictures import Cut, read_picture

Images = NDArray[np.uint8]


@dataclass(frozen=True)
class Chunk:
    """Images of neighbouring pairs, uint8 (n, height, width, 3); no originals where unknown."""

    first: int
    generated: Images
    real: Images
    original: Images | None
    rows: Mapping[str, Images]


@dataclass(frozen=True)
class Survey:
    """What the first reading of all pairs found out.

    Args:
        size: (height, width) of every image in pixels.
        mean: Mean of the real images, rounded, uint8 (height, width, 3).
        hashes: SHA-256 of every file.
    """

    size: tuple[int, int]
    mean: Images
    hashes: dict[Path, str]


def read_chunks(
    pairs: Sequence[Pair], chunk_images: int, hashes: dict[Path, str]
) -> Iterator[Chunk]:
    """Read pairs in their order, in chunks of at most so many.

    Args:
        pairs: The pairs.
        chunk_images: Pairs in a chunk.
        hashes: SHA-256 of every file that was read, entered here and compared when read again.

    Yields:
        The chunks. Originals are given only where every pair has one.

    Raises:
        UsageError: A file cannot be read, has changed since it was read first, or an image has
            another size than the first one.
    """
    with_originals = all(pair.original for pair in pairs)
    size: tuple[int, ...] | None = None
    for first in range(0, len(pairs), chunk_images):
        rows = []
        for pair in pairs[first : first + chunk_images]:
            cuts = [pair.generated, pair.real]
            if with_originals and pair.original:
                cuts.append(pair.original)
            cuts += pair.rows.values()
            images = _read_cuts(cuts, hashes)
            size = size or images[1].shape
            for cut, image in zip(cuts, images, strict=True):
                _check_size(cut, image, size, pair.name)
            rows.append(images)
        columns = [np.stack(column) for column in zip(*rows, strict=True)]
        named = iter(columns[2:])
        original = next(named) if with_originals else None
        further = dict(zip(pairs[first].rows, named, strict=True))
        yield Chunk(first, columns[0], columns[1], original, further)


def survey(pairs: Sequence[Pair], chunk_images: int, stage: Stage) -> Survey:
    """Read all pairs once: every fault of the input shows before any score is computed.

    Args:
        pairs: The pairs.
        chunk_images: Pairs in a chunk.
        stage: Progress, counted in pairs.

    Returns:
        Size, mean image and hashes.

    Raises:
        UsageError: See :func:`read_chunks`.
    """
    total, hashes = np.zeros((), np.int64), dict[Path, str]()
    for chunk in read_chunks(pairs, chunk_images, hashes):
        total = total + chunk.real.sum(0, dtype=np.int64)
        stage.advance(len(chunk.real))
    for pair in pairs:  # originals that some pairs have and others not are no subject of scores
        if pair.original and pair.original.path not in hashes:
            read_picture(pair.original.path, hashes)
    mean = np.rint(total / len(pairs)).astype(np.uint8)
    return Survey(mean.shape[:2], mean, hashes)


def digest_of(paths: Sequence[Path], hashes: dict[Path, str]) -> str:
    """Hash many files to one SHA-256: that of the lines of ``sha256sum`` on their sorted names."""
    lines = sorted({f"{hashes[path]}  {path.name}\n" for path in paths}, key=lambda line: line[66:])
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def read_cut(cut: Cut) -> Images:
    """Read one image, uint8 (height, width, 3).

    Raises:
        UsageError: The file cannot be read.
    """
    return _read_cuts((cut,), {})[0]


def _read_cuts(cuts: Sequence[Cut], hashes: dict[Path, str]) -> list[Images]:
    paths = dict.fromkeys(cut.path for cut in cuts)
    pictures = {path: read_picture(path, hashes) for path in paths}
    return [_cut(pictures[cut.path], cut) for cut in cuts]


def _cut(picture: Images, cut: Cut) -> Images:
    if cut.panel is None:
        return picture
    return picture[:, cut.panel * cut.width : (cut.panel + 1) * cut.width]


def _check_size(cut: Cut, image: Images, size: tuple[int, ...], pair: str) -> None:
    if image.shape != size:
        raise UsageError(
            problem(
                cut.path,
                f"{size[0]} x {size[1]} pixels (height x width) as the first real image",
                f"{image.shape[0]} x {image.shape[1]} in pair {pair}",
                "bring all images to one size",
            )
        )
