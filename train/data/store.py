"""Images and pairs of shards held as tensors on one device, and quick gathering of samples.

Convention:
    Images stay uint8 (rows, H, W, 3) until a batch is made of them. An absent joint or quad is
    NaN. Rows are numbered over all shards of the store, shard after shard; so are pairs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
import torch
from torch import Tensor

from data_manifest.arrays import ShardArrays
from data_manifest.listed import read_all
from data_manifest.manifest import Manifest, ShardEntry, require_shards
from data_manifest.remote.folder import ShardFolder
from shared.errors import UsageError, problem
from shared.skeleton import NUM_JOINTS, NUM_PARTS


@dataclass(frozen=True, kw_only=True)
class Samples:
    """Gathered samples as they lie in the shards; :func:`train.data.batch.make_batch` goes on.

    Args:
        source_images: uint8 (b, H, W, 3).
        target_images: uint8 (b, H, W, 3).
        source_joints: float32 (b, 18, 2), image pixels.
        target_joints: float32 (b, 18, 2), image pixels.
        target_quads: float32 (b, 10, 4, 2), image pixels.
        transforms: float32 (b, 10, 2, 3), target pixels to source pixels.
        status: uint8 (b, 10), none, direct or mirrored.
    """

    source_images: Tensor
    target_images: Tensor
    source_joints: Tensor
    target_joints: Tensor
    target_quads: Tensor
    transforms: Tensor
    status: Tensor

    def tensors(self) -> dict[str, Tensor]:
        """Return the tensors by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def part(self, start: int, stop: int) -> Samples:
        """Return a view of some of the samples."""
        return Samples(**{name: tensor[start:stop] for name, tensor in self.tensors().items()})

    def to(self, device: torch.device) -> Samples:
        """Return the samples on a device; from pinned memory the copy does not wait."""
        moved = {k: v.to(device, non_blocking=True) for k, v in self.tensors().items()}
        return Samples(**moved)


@dataclass(frozen=True, kw_only=True)
class Store:
    """Images and pairs of some shards on one device.

    Args:
        images: uint8 (n, H, W, 3).
        joints: float32 (n, 18, 2), image pixels.
        quads: float32 (n, 10, 4, 2), image pixels.
        sources: int64 (m,), row of each pair's source image.
        targets: int64 (m,), row of each pair's target image.
        transforms: float32 (m, 10, 2, 3), target pixels to source pixels.
        status: uint8 (m, 10).
        names: File name of each image.
        pair_order: int64 (m,), position of each pair in the split's list.
    """

    images: Tensor
    joints: Tensor
    quads: Tensor
    sources: Tensor
    targets: Tensor
    transforms: Tensor
    status: Tensor
    names: tuple[str, ...]
    pair_order: Tensor

    @property
    def num_pairs(self) -> int:
        """Number of pairs."""
        return len(self.sources)

    @property
    def image_size(self) -> tuple[int, int]:
        """Height and width of the images."""
        return self.images.shape[1], self.images.shape[2]

    def pair_names(self, pair: int) -> tuple[str, str]:
        """Return the file names of a pair's source and target."""
        return self.names[int(self.sources[pair])], self.names[int(self.targets[pair])]

    def gather(self, pairs: Tensor, out: Samples | None = None) -> Samples:
        """Copy the samples of some pairs together.

        Args:
            pairs: int64 (b,), pair numbers, on the store's device.
            out: Buffers for exactly b samples; new ones are made without.

        Returns:
            The samples, on the store's device.
        """
        sources = self.sources.index_select(0, pairs)
        targets = self.targets.index_select(0, pairs)
        rows = {
            "source_images": sources,
            "target_images": targets,
            "source_joints": sources,
            "target_joints": targets,
            "target_quads": targets,
            "transforms": pairs,
            "status": pairs,
        }
        columns = _columns(self)
        if out is None:
            picked = {name: columns[name].index_select(0, row) for name, row in rows.items()}
            return Samples(**picked)
        for name, row in rows.items():
            torch.index_select(columns[name], 0, row, out=getattr(out, name))
        return out

    def to(self, device: torch.device) -> Store:
        """Return the store on another device."""
        names = [f.name for f in fields(self) if f.name != "names"]
        return replace(self, **{name: getattr(self, name).to(device) for name in names})

    def only_pairs(self, pairs: Sequence[int]) -> Store:
        """Return a store of some pairs and of the images that they need, in RAM."""
        chosen = torch.as_tensor(list(pairs), dtype=torch.int64)
        ends = torch.stack((self.sources[chosen], self.targets[chosen]))
        rows, local = torch.unique(ends, return_inverse=True)
        return Store(
            images=self.images[rows],
            joints=self.joints[rows],
            quads=self.quads[rows],
            sources=local[0].contiguous(),
            targets=local[1].contiguous(),
            transforms=self.transforms[chosen],
            status=self.status[chosen],
            names=tuple(self.names[int(row)] for row in rows),
            pair_order=self.pair_order[chosen],
        )


def _columns(store: Store) -> dict[str, Tensor]:
    return {
        "source_images": store.images,
        "target_images": store.images,
        "source_joints": store.joints,
        "target_joints": store.joints,
        "target_quads": store.quads,
        "transforms": store.transforms,
        "status": store.status,
    }


def empty_samples(size: int, image_size: tuple[int, int], *, pinned: bool = False) -> Samples:
    """Return buffers in RAM for samples.

    Args:
        size: Number of samples.
        image_size: (height, width) in pixels.
        pinned: Whether in page-locked memory, from which a GPU copies by itself.
    """

    def floats(*shape: int) -> Tensor:
        return torch.empty(size, *shape, dtype=torch.float32, pin_memory=pinned)

    def bytes_(*shape: int) -> Tensor:
        return torch.empty(size, *shape, dtype=torch.uint8, pin_memory=pinned)

    return Samples(
        source_images=bytes_(*image_size, 3),
        target_images=bytes_(*image_size, 3),
        source_joints=floats(NUM_JOINTS, 2),
        target_joints=floats(NUM_JOINTS, 2),
        target_quads=floats(NUM_PARTS, 4, 2),
        transforms=floats(NUM_PARTS, 2, 3),
        status=bytes_(NUM_PARTS),
    )


def store_from(arrays: Iterable[ShardArrays]) -> Store:
    """Put the arrays of shards together, shard after shard, in RAM.

    Args:
        arrays: At least one shard's arrays, all of one image size.
    """
    parts = list(arrays)
    starts = np.cumsum([0, *(len(part.images) for part in parts[:-1])])
    pairs = [part.pairs.astype(np.int64) + start for part, start in zip(parts, starts, strict=True)]

    def joined(name: str) -> Tensor:
        columns = [np.asarray(getattr(part, name)) for part in parts]
        return torch.from_numpy(columns[0] if len(columns) == 1 else np.concatenate(columns))

    ends = np.concatenate(pairs)
    return Store(
        images=joined("images"),
        joints=joined("joints"),
        quads=joined("quads"),
        sources=torch.from_numpy(np.ascontiguousarray(ends[:, 0])),
        targets=torch.from_numpy(np.ascontiguousarray(ends[:, 1])),
        transforms=joined("transforms"),
        status=joined("status"),
        names=tuple(name.decode() for part in parts for name in part.names.tolist()),
        pair_order=joined("pair_order"),
    )


def shards_of(manifest: Manifest, split: str, folder: ShardFolder) -> tuple[ShardEntry, ...]:
    """Return the shards of a split that hold pairs.

    Raises:
        UsageError: There are none.
        DamagedError: One of them is absent or of another size than the manifest lists.
    """
    found = tuple(s for s in manifest.shards if s.split == split and s.num_pairs)
    if not found:
        raise UsageError(
            problem(
                folder,
                f"shards with {split} pairs",
                "none",
                "prepare a data set in which some identity has two valid images",
            )
        )
    require_shards(folder, found)
    return found


def load_store(folder: ShardFolder, shards: Iterable[ShardEntry]) -> Store:
    """Read shards into RAM, each checked against its hash.

    Raises:
        DamagedError: A shard is not what the manifest says.
    """
    return store_from(read_all(folder, shards))


def store_bytes(shards: Iterable[ShardEntry]) -> int:
    """Return about how much memory the shards need once loaded."""
    return sum(shard.num_bytes for shard in shards)
