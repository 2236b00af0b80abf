"""What a shard holds, in memory: arrays whose types and shapes are the schema's."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_manifest import schema
from shared.errors import UsageError, problem


@dataclasses.dataclass(frozen=True, kw_only=True)
class ShardArrays:
    """What a shard holds, as NumPy arrays.

    Convention:
        n images of H x W pixels and m pairs. Points are (x, y) in pixels. What is absent or
        unknown is NaN in floats and -1 in integers. Making one checks types and shapes; the
        values are checked where a shard is written or read.

    Attributes:
        images: uint8 (n, H, W, 3), RGB.
        joints: float32 (n, 18, 2), px, NaN absent.
        present: bool (n, 18).
        scores: float32 (n, 18), NaN unknown.
        quads: float32 (n, 10, 4, 2), px, masks of the parts, NaN absent.
        names: bytes (n,), file names.
        identities: int32 (n,).
        cameras: int16 (n,), -1 unknown.
        people: int16 (n,), -1 unknown.
        person_scores: float32 (n,), NaN unknown.
        margins: float32 (n,), NaN unknown.
        pairs: int32 (m, 2), rows of source and target.
        pair_order: int64 (m,), position in the split's list of pairs.
        transforms: float32 (m, 10, 2, 3), px, target -> source.
        status: uint8 (m, 10), 0 none, 1 direct, 2 mirrored.

    Raises:
        UsageError: An array has another type or shape.
    """

    images: NDArray[np.uint8]
    joints: NDArray[np.float32]
    present: NDArray[np.bool_]
    scores: NDArray[np.float32]
    quads: NDArray[np.float32]
    names: NDArray[np.bytes_]
    identities: NDArray[np.int32]
    cameras: NDArray[np.int16]
    people: NDArray[np.int16]
    person_scores: NDArray[np.float32]
    margins: NDArray[np.float32]
    pairs: NDArray[np.int32]
    pair_order: NDArray[np.int64]
    transforms: NDArray[np.float32]
    status: NDArray[np.uint8]

    def __post_init__(self) -> None:
        if self.images.ndim != 4 or 0 in self.images.shape:
            found = f"shape {self.images.shape}"
            raise UsageError(problem("images", "shape (n, H, W, 3)", found, "give some images"))
        symbols = schema.symbols_of(self.images, len(self.pairs))
        for entry in schema.DATASETS:
            values: NDArray[Any] = getattr(self, entry.name)
            shape = entry.sizes(symbols)
            if values.shape != shape or not entry.fits_type(values.dtype):
                expected, found = f"{entry.dtype} {shape}", f"{values.dtype} {values.shape}"
                raise UsageError(problem(entry.name, expected, found, "convert the array"))

    @property
    def image_size(self) -> tuple[int, int]:
        """(height, width) in pixels."""
        height, width = self.images.shape[1:3]
        return height, width

    def as_mapping(self) -> dict[str, NDArray[Any]]:
        """Return the arrays by name, without copying them."""
        return {entry.name: getattr(self, entry.name) for entry in schema.DATASETS}
