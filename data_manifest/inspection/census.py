"""A whole shard folder in figures: counts, and which pairs are worth looking at.

Shards are read one after the other, so that memory is that of one shard and of a few numbers for
each image, however many pairs there are.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from data_manifest.arrays import ShardArrays
from data_manifest.inspection.suspicion import IMAGE_RULES, PAIR_RULES
from data_manifest.listed import read_all
from data_manifest.manifest import Manifest
from data_manifest.remote.folder import ShardFolder
from shared.affine import STATUS_DIRECT, STATUS_MIRRORED
from shared.pair_geometry import pose_changes
from shared.skeleton import NUM_JOINTS, NUM_PARTS
from shared.stable_fit import degenerate

PER_IDENTITY: Final = 2
"""So many pairs of one identity enter a list, so that one bad image does not fill it."""

CHANGE_STEP: Final = 0.1
NUM_CHANGES: Final = 16


@dataclass(frozen=True, order=True)
class Place:
    """Where a pair is, and what put it on a list; sorts as lists are to be sorted.

    Args:
        rank: Smaller comes first.
        split: Its split, the train split first.
        order: Its position in the split's list.
        file: Its shard.
        pair: Its row there.
    """

    rank: tuple[float, ...]
    split: int
    order: int
    file: str
    pair: int


@dataclass
class Person:
    """One identity in figures."""

    split: str
    identity: int
    file: str
    row: int
    images: int = 0
    pairs: int = 0
    cameras: int = 0
    suspicious: int = 0


@dataclass
class Census:
    """What the page says of a folder.

    Args:
        present: Camera to [images, images with each joint ...].
        parts: Split to counts (10, 4) of pairs: direct, mirrored, none, degenerate.
        changes: Split to counts of pairs by pose change, in steps of :data:`CHANGE_STEP`.
        people: Every identity of every split.
        struck: Rule to number of images and of pairs that it strikes.
        lists: List of pairs to what is on it, best first.
        copies: Groups of (identity, name) of images that show the same pixels.
    """

    present: dict[int, NDArray[np.int64]] = field(default_factory=dict)
    parts: dict[str, NDArray[np.int64]] = field(default_factory=dict)
    changes: dict[str, NDArray[np.int64]] = field(default_factory=dict)
    people: list[Person] = field(default_factory=list)
    struck: dict[str, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0]))
    lists: dict[str, list[Place]] = field(default_factory=lambda: defaultdict(list))
    copies: list[list[tuple[int, str]]] = field(default_factory=list)


def take_census(
    folder: ShardFolder,
    manifest: Manifest,
    num_listed: int,
    advance: Callable[[int], object] = lambda _: None,
) -> Census:
    """Read every shard of a folder once.

    Args:
        folder: The shard folder.
        manifest: Its manifest.
        num_listed: Pairs on each list.
        advance: Told after each shard.

    Raises:
        DamagedError: A shard is not what the manifest lists.
    """
    census, seen = Census(), Copies()
    arrays_of_all = read_all(folder, manifest.shards)
    for entry, arrays in zip(manifest.shards, arrays_of_all, strict=True):
        _count(census, entry.split, arrays)
        struck = _judge(census, arrays)
        seen.add(arrays)
        _list_pairs(census, entry.split, entry.file, arrays, num_listed, struck)
        _meet_people(census, entry.split, entry.file, arrays, struck)
        advance(1)
    census.copies = seen.groups()
    return census


class Copies:
    """Finds images whose pixels are equal though their identities differ."""

    def __init__(self) -> None:
        self._first: dict[bytes, tuple[int, str]] = {}
        self._more: dict[bytes, list[tuple[int, str]]] = {}

    def add(self, arrays: ShardArrays) -> None:
        """Look at every image of a shard."""
        for pixels, identity, raw in zip(
            arrays.images, arrays.identities.tolist(), arrays.names.tolist(), strict=True
        ):
            digest = hashlib.blake2b(pixels.tobytes(), digest_size=16).digest()
            here = (identity, raw.decode("utf-8", "backslashreplace"))
            first = self._first.setdefault(digest, here)
            if first is not here:
                self._more.setdefault(digest, [first]).append(here)

    def groups(self) -> list[list[tuple[int, str]]]:
        """Return the groups of two or more people, in the order of their names."""
        return sorted(
            sorted(group) for group in self._more.values() if len({who for who, _ in group}) > 1
        )


def _count(census: Census, split: str, arrays: ShardArrays) -> None:
    for camera in np.unique(arrays.cameras).tolist():
        rows = arrays.cameras == camera
        counts = np.concatenate([[rows.sum()], arrays.present[rows].sum(axis=0)])
        census.present[camera] = census.present.get(camera, np.zeros(1 + NUM_JOINTS, int)) + counts
    status = arrays.status
    counts = np.stack(
        [
            (status == STATUS_DIRECT).sum(axis=0),
            (status == STATUS_MIRRORED).sum(axis=0),
            (status == 0).sum(axis=0),
            degenerate(arrays.transforms, status).sum(axis=0),
        ],
        axis=1,
    )
    census.parts[split] = census.parts.get(split, np.zeros((NUM_PARTS, 4), int)) + counts


def _judge(census: Census, arrays: ShardArrays) -> dict[str, NDArray[np.float64]]:
    """Return the severity for each pair, by rule, and "" for that of images under any rule."""
    source, target = arrays.pairs.T
    found: dict[str, NDArray[np.float64]] = {"": np.zeros(len(arrays.images))}
    for key, rule in IMAGE_RULES.items():
        severity = rule.severity(arrays)
        found[key] = np.maximum(severity[source], severity[target])
        found[""] = np.maximum(found[""], severity > 0)
        census.struck[key][0] += int((severity > 0).sum())
        census.struck[key][1] += int((found[key] > 0).sum())
    for key, rule in PAIR_RULES.items():
        found[key] = rule.severity(arrays)
        census.struck[key][1] += int((found[key] > 0).sum())
    return found


def _list_pairs(  # noqa: PLR0917 - all of it is one shard
    census: Census,
    split: str,
    file: str,
    arrays: ShardArrays,
    num_listed: int,
    struck: dict[str, NDArray[np.float64]],
) -> None:
    if not len(arrays.pairs):
        return
    with np.errstate(all="ignore"):  # a torso without length changes its pose without bound
        change = pose_changes(arrays.joints, *arrays.pairs.T).astype(np.float64)
    change = np.nan_to_num(change, nan=0.0)
    direct = (arrays.status == STATUS_DIRECT).sum(axis=1)
    bins = np.clip(change / CHANGE_STEP, 0, NUM_CHANGES - 1).astype(int)
    counts = np.bincount(bins, minlength=NUM_CHANGES)
    census.changes[split] = census.changes.get(split, np.zeros(NUM_CHANGES, int)) + counts
    ranks = {"change": (-change,), "direct": (direct, -change)}
    ranks |= {key: (-value, -change) for key, value in struck.items() if key}
    for key, keys in ranks.items():
        chosen = np.flatnonzero(struck[key] > 0) if key in struck else np.arange(len(change))
        order = chosen[np.lexsort([arrays.pair_order[chosen], *(k[chosen] for k in keys[::-1])])]
        places = [
            Place(
                tuple(float(each[pair]) for each in keys),
                int(split != "train"),
                int(arrays.pair_order[pair]),
                file,
                pair,
            )
            for pair in _few_of_each(order, arrays, num_listed)
        ]
        census.lists[key] = sorted([*census.lists[key], *places])[:num_listed]


def _few_of_each(order: NDArray[Any], arrays: ShardArrays, num_listed: int) -> Iterator[int]:
    """Yield the first pairs of an order, few of one identity and none twice in other direction."""
    taken: dict[int, list[frozenset[int]]] = defaultdict(list)
    count = 0
    for pair in order.tolist():
        if count == num_listed:
            return
        both = frozenset(arrays.pairs[pair].tolist())
        mine = taken[int(arrays.identities[arrays.pairs[pair, 0]])]
        if len(mine) < PER_IDENTITY and both not in mine:
            mine.append(both)
            count += 1
            yield pair


def _meet_people(
    census: Census,
    split: str,
    file: str,
    arrays: ShardArrays,
    struck: dict[str, NDArray[np.float64]],
) -> None:
    who, first, inverse = np.unique(arrays.identities, return_index=True, return_inverse=True)
    images = np.bincount(inverse, minlength=len(who))
    pairs = np.bincount(inverse[arrays.pairs[:, 0]], minlength=len(who))
    suspicious = np.bincount(inverse, weights=struck[""] > 0, minlength=len(who)).astype(int)
    seen = np.unique(np.stack([inverse, arrays.cameras], axis=1), axis=0)
    cameras = np.bincount(seen[:, 0], minlength=len(who))
    columns = zip(
        *(each.tolist() for each in (who, first, images, pairs, cameras, suspicious)), strict=True
    )
    census.people += [
        Person(split, identity, file, row, *counts) for identity, row, *counts in columns
    ]
