"""The people of a shard folder's train split: whom there is to draw, and in whose poses.

Convention:
    Images are numbered over all train shards, shard after shard. Their pixels stay in the shards.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data_manifest.manifest import Manifest, ShardEntry, require_shards
from data_manifest.shard import Shard
from shared.errors import UsageError, problem
from train.reid.labels import DISTRACTOR, Label, label_of

NUM_NAMED = 3


@dataclass(frozen=True)
class People:
    """The valid train images of a shard folder; n images.

    Args:
        shards: The train shards, in order.
        names: File names, each once.
        joints: float32 (n, 18, 2), pixels, NaN where absent.
        labels: Identity and camera of each, as its name says them.
    """

    shards: tuple[ShardEntry, ...]
    names: tuple[str, ...]
    joints: NDArray[np.float32]
    labels: tuple[Label, ...]

    def __len__(self) -> int:
        return len(self.names)

    @property
    def identities(self) -> NDArray[np.int64]:
        """int64 (n,), who each shows."""
        return np.array([label.identity for label in self.labels], np.int64)


def read_people(folder: Path, manifest: Manifest) -> People:
    """Read names, joints and identities of the train images, one shard in memory at a time.

    Raises:
        UsageError: There are none, or a name does not say whom the shard says.
        DamagedError: A shard is not what the manifest lists.
    """
    shards = manifest.of_split("train")
    require_shards(folder, shards)
    names: list[str] = []
    labels: list[Label] = []
    joints = [np.empty((0, 18, 2), np.float32)]
    for entry in shards:
        with Shard(folder / entry.file, entry.sha256) as shard:
            own = [name.decode("utf-8", "replace") for name in shard.names.tolist()]
            labels += _labels(own, shard.identities.tolist())
            names += own
            joints.append(shard.joints)
    if len(names) < 2:
        expected, remedy = "two train images or more", "prepare a data set with a train split"
        raise UsageError(problem(folder, expected, len(names), remedy))
    _require_once(folder, names)
    return People(shards, tuple(names), np.concatenate(joints), tuple(labels))


def _labels(names: list[str], identities: list[int]) -> list[Label]:
    labels = []
    for name, identity in zip(names, identities, strict=True):
        label = label_of(name)
        if label is None or label.identity != identity or identity <= DISTRACTOR:
            expected = f"a name that begins with {max(identity, 1):04d}_cCAMERA, as the shard says"
            remedy = "prepare images in Market-1501's layout; tools read people from names"
            raise UsageError(problem(repr(name[:80]), expected, "another", remedy))
        labels.append(label)
    return labels


def _require_once(folder: Path, names: list[str]) -> None:
    seen: set[str] = set()
    for name in names:
        stem = bare_stem(name)
        if stem in seen:
            remedy = "rename one of the images, then prepare them anew"
            raise UsageError(problem(folder, "each name once", f"{name!r} twice", remedy))
        seen.add(stem)


def bare_stem(name: str) -> str:
    """Return a name without its suffix; some copies of Market-1501 have ``.jpg`` twice."""
    while name.lower().endswith((".jpg", ".png", ".jpeg")):
        name = name.rpartition(".")[0]
    return name
