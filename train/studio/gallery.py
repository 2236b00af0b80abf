"""People and poses to choose from and to shuffle: of a shard folder, or those of the package.

The people of the package do not exist: ``draw-market`` drew them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from data_manifest.listed import listed_shard
from data_manifest.manifest import open_manifest, require_shards
from data_manifest.remote.folder import ShardFolder
from shared.errors import UsageError, problem
from shared.geometry import valid_poses
from shared.pictures import content_of, decode_any
from shared.skeleton_file import read_skeleton
from train.studio.photos import HeldPhoto

PEOPLE: Final = Path(__file__).parent / "people"

MOST_IMAGES: Final = 3000
"""So many images are held: 72 MB at 128 x 64."""


@dataclass(frozen=True)
class Gallery:
    """Images of a shard folder that can be drawn from and posed by.

    Args:
        images: Each with its pose.
        identities: Whose images they are, equally long.
        is_of_shards: Whether they are a user's shards.
    """

    images: tuple[HeldPhoto, ...]
    identities: tuple[int, ...]
    is_of_shards: bool = True

    def get(self, key: str) -> HeldPhoto | None:
        """Return an image by its key."""
        number = key.removeprefix("gallery-")
        if number == key or not (number.isascii() and number.isdecimal() and len(number) < 9):
            return None
        return self.images[int(number)] if int(number) < len(self.images) else None

    def some(self, count: int, rng: np.random.Generator) -> list[tuple[HeldPhoto, int]]:
        """Choose images at random, of as many different people as there are."""
        order = rng.permutation(len(self.images))
        seen: dict[int, int] = {}
        turn = {}
        for row in order.tolist():
            who = self.identities[row]
            seen[who] = turn[row] = seen.get(who, -1) + 1
        chosen = sorted(order.tolist(), key=lambda row: turn[row])[:count]
        return [(self.images[row], self.identities[row]) for row in chosen]


def packaged_people(folder: Path = PEOPLE) -> Gallery:
    """Read the people that come with the package, so that there is somebody to begin with."""
    files = sorted(folder.glob("*.json"))
    images = tuple(
        HeldPhoto(
            key=f"gallery-{number}",
            name=file.with_suffix(".jpg").name,
            picture=decode_any(content_of(file.with_suffix(".jpg"))),
            joints=read_skeleton(file).joints,
        )
        for number, file in enumerate(files)
    )
    return Gallery(images, tuple(range(1, len(images) + 1)), is_of_shards=False)


def read_gallery(folder: ShardFolder) -> Gallery:
    """Read a shard folder's images that have a whole pose: test images first, then train.

    Raises:
        UsageError: There are no shards, or none with a whole pose.
        DamagedError: A shard is not what the manifest says.
    """
    manifest = open_manifest(folder)
    images: list[HeldPhoto] = []
    identities: list[int] = []
    for split in ("test", "train"):
        for entry in manifest.of_split(split):
            if len(images) >= MOST_IMAGES:
                break
            require_shards(folder, [entry])
            with listed_shard(folder, entry) as shard:
                rows = np.flatnonzero(valid_poses(shard.joints))[: MOST_IMAGES - len(images)]
                for row in rows.tolist():
                    images.append(
                        HeldPhoto(
                            key=f"gallery-{len(images)}",
                            name=bytes(shard.names[row]).decode("utf-8", "replace"),
                            picture=shard.images[row],
                            joints=shard.joints[row].astype(np.float64),
                        )
                    )
                    identities.append(int(shard.identities[row]))
    if not images:
        remedy = "name shards of people whose hips and shoulders are seen"
        raise UsageError(problem(folder, "images with a whole pose", "none", remedy))
    return Gallery(tuple(images), tuple(identities))
