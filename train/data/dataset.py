"""The pairs of a shard folder as a torch data set, for notebooks and for other trainers.

The project's own trainer does not use it: it gathers whole batches (:mod:`train.data.feed`).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.utils.data import Dataset

from data_manifest.manifest import open_manifest
from data_manifest.remote.folder import ShardFolder, as_folder
from train.data.batch import make_batch
from train.data.store import Store, load_store, shards_of

SIGMA = 6.0
"""Deviation of the heat maps at 128 x 64 (Siarohin et al. 2018)."""


class MarketPoseDataset(Dataset[dict[str, Any]]):
    """Pairs of images of one person in two poses.

    An item is a dict with ``source_image`` and ``target_image`` float32 (3, H, W) in [-1, 1],
    ``source_pose`` and ``target_pose`` float32 (18, H, W) heat maps, ``source_joints`` and
    ``target_joints`` float32 (18, 2) in pixels with NaN where absent, ``transforms`` float32
    (10, 2, 3) from target to source pixels, ``status`` uint8 (10,) (0 none, 1 direct,
    2 mirrored), ``target_quads`` float32 (10, 4, 2), ``source_name`` and ``target_name``.

    Convention:
        Items are in the order of the split's pair list. With ``mirror=True`` the data set is
        twice as long and its second half shows the first half mirrored.

    Args:
        folder: Shard folder that ``prep-market`` made, or the address of one as text.
        split: ``"train"`` or ``"test"``.
        sigma: Deviation of the heat maps in pixels at a height of 128.
        mirror: Whether to append every pair mirrored.

    Raises:
        UsageError: The folder holds no such pairs.
        DamagedError: A shard is not what the manifest says.
    """

    def __init__(
        self,
        folder: str | ShardFolder,
        split: str = "train",
        *,
        sigma: float = SIGMA,
        mirror: bool = False,
    ) -> None:
        self.folder = as_folder(folder)
        self._shards = shards_of(open_manifest(self.folder), split, self.folder)
        self._sigma = sigma
        self._mirror = mirror
        self._num_pairs = sum(shard.num_pairs for shard in self._shards)
        self._loaded: tuple[Store, Tensor] | None = None
        self._load()

    def __len__(self) -> int:
        """Number of items."""
        return self._num_pairs * (2 if self._mirror else 1)

    def __getitem__(self, item: int) -> dict[str, Any]:
        """Return one pair."""
        if not -len(self) <= item < len(self):
            raise IndexError(f"item {item} of {len(self)}")
        half, position = divmod(item % len(self), self._num_pairs)
        store, by_order = self._load()
        pair = by_order[position : position + 1]
        batch = make_batch(store.gather(pair), torch.tensor([half == 1]), sigma=self._sigma)
        source_name, target_name = store.pair_names(int(pair))
        names = {"source_name": source_name, "target_name": target_name}
        columns = {name: value for name, value in vars(batch).items() if value.numel()}
        return {name: value[0].contiguous() for name, value in columns.items()} | names

    def __getstate__(self) -> dict[str, Any]:
        """Leave the images behind: a spawned worker reads the shards itself."""
        return {**self.__dict__, "_loaded": None}

    def _load(self) -> tuple[Store, Tensor]:
        if self._loaded is None:
            store = load_store(self.folder, self._shards)
            self._loaded = store, torch.argsort(store.pair_order)
        return self._loaded
