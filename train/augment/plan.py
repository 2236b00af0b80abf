"""Which image is drawn in whose pose, under which name: a pure function of the seed.

Convention:
    Picture ``k`` of image ``NAME.jpg``, k from 1 on, is ``NAMEg<k>.jpg``: it begins with the
    source's identity and camera, which is what the tools read. Nobody is drawn in the pose that
    the image shows already, and no pose twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from data_manifest.manifest import ShardEntry
from shared.errors import UsageError, problem
from shared.pair_geometry import pose_changes
from train.augment.people import People, bare_stem
from train.augment.settings import AugmentSettings

DRAWN_FOR_ONE: Final = 10
"""So many poses are drawn for each that ``--poses changed`` chooses."""

BLOCK_PICTURES: Final = 256
"""Pictures that are drawn, judged and kept together: what a killed run loses at most."""


@dataclass(frozen=True)
class Plan:
    """The pictures that are to be drawn; m pictures, sources in the order of the shards.

    Args:
        names: File names.
        sources: int64 (m,), the image of each.
        targets: int64 (m,), the image whose pose it takes.
        changes: float32 (m,), how far the joints move, in torso lengths.
    """

    names: tuple[str, ...]
    sources: NDArray[np.int64]
    targets: NDArray[np.int64]
    changes: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.names)


@dataclass(frozen=True)
class Block:
    """Pictures of people of one shard.

    Args:
        number: Its number.
        shard: The shard that holds the sources.
        first_image: Number of the shard's first image.
        pictures: Which pictures.
    """

    number: int
    shard: ShardEntry
    first_image: int
    pictures: slice


def plan_pictures(people: People, settings: AugmentSettings) -> Plan:
    """Choose the poses.

    Raises:
        UsageError: There are fewer other poses than are wanted for an image.
    """
    wanted, others = settings.per_image, len(people) - 1
    if wanted > others:
        found = f"{others} other poses"
        remedy = f"lower it, at most to {others}"
        raise UsageError(problem("--per-image", f"{wanted} poses for an image", found, remedy))
    drawn = min(others, wanted * DRAWN_FOR_ONE) if settings.poses == "changed" else wanted
    sources = np.repeat(np.arange(len(people)), drawn)
    targets = np.concatenate(
        [_others(settings.seed, row, drawn, others) for row in range(len(people))]
    )
    with np.errstate(invalid="ignore", divide="ignore"):  # a torso of no length changes by nothing
        changes = np.nan_to_num(pose_changes(people.joints, sources, targets), posinf=0.0)
    if settings.poses == "changed":
        order = np.argsort(-changes.reshape(-1, drawn), axis=1, kind="stable")[:, :wanted]
        chosen = (np.arange(len(people))[:, None] * drawn + order).reshape(-1)
        sources, targets, changes = sources[chosen], targets[chosen], changes[chosen]
    names = [f"{bare_stem(name)}g{k}.jpg" for name in people.names for k in range(1, wanted + 1)]
    return Plan(tuple(names), sources, targets, changes)


def blocks_of(plan: Plan, people: People) -> Iterator[Block]:
    """Divide the pictures into blocks, none of more than one shard."""
    number, first_image, per_image = 0, 0, len(plan) // len(people)
    for shard in people.shards:
        stop = (first_image + shard.num_images) * per_image
        for first in range(first_image * per_image, stop, BLOCK_PICTURES):
            pictures = slice(first, min(first + BLOCK_PICTURES, stop))
            yield Block(number, shard, first_image, pictures)
            number += 1
        first_image += shard.num_images


def _others(seed: int, row: int, count: int, others: int) -> NDArray[Any]:
    """Draw images other than one, without replacement."""
    drawn = np.random.default_rng([seed, row]).choice(others, count, replace=False)
    return drawn + (drawn >= row)
