"""What an export takes from a shard folder: names, joints, pairs, and files for the images.

Convention:
    Images keep the order of the shards, pairs that of the split's list. An image's file holds
    exactly the shard's pixels: it is the file that it was read from, where that is at hand, or a
    PNG. Readers know a picture by its content, so that a PNG may bear a name that ends in .jpg.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from data_manifest.arrays import ShardArrays
from data_manifest.listed import read_all, read_listed
from data_manifest.manifest import REMEDY, Manifest, ShardEntry
from data_manifest.remote.folder import ShardFolder
from shared.errors import DamagedError, problem
from shared.geometry import presence
from shared.pictures import RefusedPictureError, content_of, decode_rgb

SAMPLE_IMAGES: Final = 32
"""So many images are encoded to learn how large an export becomes."""


@dataclass(frozen=True)
class SplitContent:
    """The names, joints and pairs of a split; n images, m pairs.

    Args:
        name: ``"train"`` or ``"test"``.
        names: File names, each once, in the order of the shards.
        joints: float32 (n, 18, 2), (x, y) in px, NaN where absent.
        pairs: int32 (m, 2), source and target as rows of the names, in the order of the list.
    """

    name: str
    names: tuple[str, ...]
    joints: NDArray[np.float32]
    pairs: NDArray[np.int32]

    @property
    def sources(self) -> list[str]:
        """The sources' names, pair by pair."""
        return [self.names[row] for row in self.pairs[:, 0].tolist()]

    @property
    def targets(self) -> list[str]:
        """The targets' names, pair by pair."""
        return [self.names[row] for row in self.pairs[:, 1].tolist()]

    @property
    def num_fractional(self) -> int:
        """Number of joints that are known and lie on no whole pixel."""
        known = self.joints[presence(self.joints)]
        return int((known != np.rint(known)).any(axis=-1).sum())

    def num_moved(self, *, whole_pixels: bool) -> int:
        """Count the joints whose written form would be a whole number below 0, which means absent.

        Args:
            whole_pixels: Whether they are rounded.
        """
        known = self.joints[presence(self.joints)]
        rounded = np.rint(known)
        return int(((rounded < 0) & (whole_pixels | (rounded == known))).any(axis=-1).sum())


def read_content(folder: ShardFolder, manifest: Manifest, split: str) -> SplitContent:
    """Read the names, joints and pairs of a split, one shard in memory at a time.

    Raises:
        DamagedError: A shard is not what the manifest lists, a name stands in two shards, or the
            pairs are no whole list.
    """
    names: list[str] = []
    joints = [np.empty((0, 18, 2), np.float32)]
    pairs = [np.empty((0, 2), np.int32)]
    orders = [np.empty(0, np.int64)]
    for arrays in read_all(folder, manifest.of_split(split)):
        pairs.append(arrays.pairs + np.int32(len(names)))
        orders.append(arrays.pair_order)
        joints.append(arrays.joints)
        names += [name.decode() for name in arrays.names.tolist()]
    order = np.concatenate(orders)
    if len(set(names)) != len(names) or not np.array_equal(np.sort(order), np.arange(len(order))):
        expected, found = "each name and each position of a pair once", "one of them twice"
        raise DamagedError(problem(f"{folder}, split {split}", expected, found, REMEDY))
    listed = np.concatenate(pairs)[np.argsort(order)]
    return SplitContent(split, tuple(names), np.concatenate(joints), listed)


class ImageFiles:
    """The content of an image's file, and how many were copied.

    Args:
        originals: Folders in which the files that the images were read from are looked for.
    """

    def __init__(self, originals: Sequence[Path] = ()) -> None:
        self._originals = tuple(originals)
        self.num_copied = 0
        self.num_encoded = 0

    def content(self, name: str, pixels: NDArray[np.uint8]) -> bytes:
        """Return a file that decodes to exactly these pixels, uint8 (height, width, 3)."""
        for folder in self._originals:
            try:
                data = content_of(folder / name)
                same = np.array_equal(decode_rgb(data), pixels)
            except RefusedPictureError:
                continue
            if same:
                self.num_copied += 1
                return data
        self.num_encoded += 1
        stream = io.BytesIO()
        Image.fromarray(pixels).save(stream, "PNG")
        return stream.getvalue()

    def all_of(self, arrays: ShardArrays) -> Iterator[bytes]:
        """Yield the files of a shard's images in their order."""
        for name, pixels in zip(arrays.names.tolist(), arrays.images, strict=True):
            yield self.content(name.decode(), pixels)


def mean_bytes(folder: ShardFolder, entry: ShardEntry, originals: Sequence[Path]) -> float:
    """Estimate the size of an image's file by some images of a shard."""
    arrays, files = read_listed(folder, entry), ImageFiles(originals)
    rows = range(0, len(arrays.images), max(1, len(arrays.images) // SAMPLE_IMAGES))
    sizes = [len(files.content(arrays.names[row].decode(), arrays.images[row])) for row in rows]
    return float(np.mean(sizes))
