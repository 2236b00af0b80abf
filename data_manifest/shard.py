"""Shards: the writer and the reader of the format, side by side.

A shard is one HDF5 file (FORMAT.md) that holds whole identities of one split: their images with
joints and part quads, and the pairs among them with ten transforms each. ``schema.py`` says what is
in it, ``rules.py`` what its values keep, ``container.py`` what makes the file itself safe to read.
"""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import h5py
import numpy as np
from numpy.typing import NDArray

from data_manifest import container, rules, schema
from data_manifest.arrays import ShardArrays
from data_manifest.manifest import ShardEntry, listed_sha256
from data_manifest.schema import DataSet
from shared.errors import DamagedError, UsageError, problem
from shared.files import Disk, Staged, sha256_of_file, stage, unveil

if TYPE_CHECKING:
    import pandas as pd

REMEDY = "make the shards anew with prep-market --overwrite, or fetch an undamaged copy"


def shard_bytes(arrays: ShardArrays, split: str) -> bytes:
    """Build the bytes of a shard's file; equal arguments make equal bytes.

    Args:
        arrays: What it holds.
        split: ``"train"`` or ``"test"``.

    Returns:
        The file, to be published by :func:`publish_shard`.

    Raises:
        UsageError: The values break a rule of the format.
    """
    if split not in schema.SPLITS:
        raise UsageError(problem("split", " or ".join(schema.SPLITS), split, "choose one of them"))
    mapping = arrays.as_mapping()
    broken = [
        phrase
        for entry in schema.DATASETS
        if (phrase := rules.broken_bounds(entry, mapping[entry.name]))
    ] or rules.broken_rules(mapping)
    if broken:
        raise UsageError(problem("shard", "values by the rules", broken[0], "see FORMAT.md"))
    height, width = arrays.image_size
    header: container.Header = {
        "format": schema.FORMAT,
        "version": schema.VERSION,
        "split": split,
        "num_images": len(arrays.images),
        "num_pairs": len(arrays.pairs),
        "height": height,
        "width": width,
    }
    return container.file_image(header, mapping)


def publish_shard(
    path: Path, split: str, arrays: ShardArrays, disk: Disk | None = None
) -> ShardEntry:
    """Publish a shard; see :func:`stage_shard`."""
    entry, staged = stage_shard(path, split, arrays, disk)
    unveil(staged, disk)
    return entry


def stage_shard(
    path: Path, split: str, arrays: ShardArrays, disk: Disk | None = None
) -> tuple[ShardEntry, Staged]:
    """Write a shard beside its name, which ``shared.files.unveil`` gives it.

    Args:
        path: The file, named as ``schema.shard_file`` names it.
        split: ``"train"`` or ``"test"``.
        arrays: What it holds.
        disk: The calls to the operating system.

    Returns:
        Its entry for the manifest, and the file.

    Raises:
        UsageError: The values break a rule of the format.
        NoSpaceError: The disk is full.
    """
    data = shard_bytes(arrays, split)
    staged = stage(path, data, disk)
    entry = ShardEntry(
        file=path.name,
        split=split,
        num_bytes=len(data),
        sha256=staged.sha256,
        num_images=len(arrays.images),
        num_pairs=len(arrays.pairs),
        identities=tuple(np.unique(arrays.identities).tolist()),
    )
    return entry, staged


def read_shard(path: Path, sha256: str | None = None) -> ShardArrays:
    """Read a whole shard after checking everything that can be wrong with it.

    Args:
        path: The file.
        sha256: What the manifest says it must hash to; None skips that check.

    Returns:
        Its arrays.

    Raises:
        UsageError: There is no such file.
        DamagedError: It is not what was written, or no shard at all.
    """
    with Shard(path, sha256) as shard:
        return shard.arrays()


def open_shard(path: Path | str, sha256: str | None = None) -> Shard:
    """Open a shard whose arrays are read when they are asked for.

    Args:
        path: The file.
        sha256: What it must hash to. By default the manifest beside the file is asked.

    Returns:
        The shard, best used in a ``with`` statement.

    Raises:
        UsageError: There is no such file.
        DamagedError: It is not what the manifest lists, or no shard at all.
    """
    path = Path(path)
    return Shard(path, sha256 or listed_sha256(path))


class Shard:
    """An open shard: each array is read, whole and checked, at its first use.

    Every field of :class:`ShardArrays` is an attribute. ``len(shard)`` is the number of pairs.

    Args:
        path: The file.
        sha256: What it must hash to; None skips that check.
    """

    def __init__(self, path: Path, sha256: str | None = None) -> None:
        self.path = path
        self._read: dict[str, NDArray[Any]] = {}
        if not path.is_file():
            raise UsageError(problem(path, "a shard", "no such file", "check the name"))
        if sha256 is not None and sha256_of_file(path) != sha256:
            raise self._damaged("another hash")
        try:
            self._file = h5py.File(path, "r", locking=False)
        except Exception as error:
            raise self._damaged(error) from error
        try:
            self.header = container.verified_header(self._file)
            self._datasets = container.verified_datasets(self._file, self.header)
        except Exception as error:
            self.close()
            raise self._damaged(error) from error

    @property
    def split(self) -> str:
        """``"train"`` or ``"test"``."""
        return str(self.header["split"])

    @property
    def image_size(self) -> tuple[int, int]:
        """(height, width) in pixels."""
        return int(self.header["height"]), int(self.header["width"])

    @property
    def num_images(self) -> int:
        """Number of images."""
        return int(self.header["num_images"])

    def __len__(self) -> int:
        return int(self.header["num_pairs"])

    def __getattr__(self, name: str) -> NDArray[Any]:
        entry = next((entry for entry in schema.DATASETS if entry.name == name), None)
        if entry is None or "_datasets" not in self.__dict__:
            raise AttributeError(f"a shard has no {name}")
        if name not in self._read:
            self._read[name] = self._checked(entry)
        return self._read[name]

    def _checked(self, entry: DataSet) -> NDArray[Any]:
        try:
            values = container.read_values(self._datasets[entry.name], entry)
        except Exception as error:
            raise self._damaged(error) from error
        broken = rules.broken_bounds(entry, values)
        if broken:
            raise self._damaged(broken)
        return values

    def arrays(self) -> ShardArrays:
        """Read everything and check the rules between values too.

        Raises:
            DamagedError: Something cannot be read or breaks a rule.
        """
        mapping = {entry.name: getattr(self, entry.name) for entry in schema.DATASETS}
        broken = rules.broken_rules(mapping)
        if broken:
            raise self._damaged(broken[0])
        return ShardArrays(**mapping)

    def pair_table(self) -> pd.DataFrame:
        """Return the pairs as a table like ``pairs-*.csv``, with two columns more.

        ``pose_change`` is the size of each pose change in torso lengths, ``parts_degenerate`` the
        number of transforms that are of no use for a picture.
        """
        from data_manifest.tables import pair_table  # noqa: PLC0415 - pandas only where asked for

        return pair_table(self.arrays(), self.number, measured=True)

    @property
    def number(self) -> int:
        """The shard's number in its split, from its file name; -1 where the name tells none."""
        digits = self.path.stem.rpartition("-")[2]
        return int(digits) if digits.isascii() and digits.isdigit() else -1

    def close(self) -> None:
        """Close the file; arrays that were read stay usable."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _damaged(self, found: object) -> DamagedError:
        return DamagedError(problem(self.path, "an undamaged shard", found, REMEDY))
