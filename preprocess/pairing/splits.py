"""A split's valid images, its pairs, and the shards that they go into."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data_manifest.published_files import read_pairs
from preprocess.output.folder import OutputFolder
from preprocess.output.shards import ShardPlan, ShardTask, plan_shards
from preprocess.pairing.catalogue import Roster, Status
from preprocess.pairing.pairs import all_pairs, count_pairs, given_pairs, sample_pairs
from preprocess.settings import PrepareSettings
from preprocess.sources.market1501 import plain_name
from shared.geometry import scale_joints


@dataclass(frozen=True)
class Split:
    """The valid images of a split and their pairs.

    Args:
        name: ``"train"`` or ``"test"``.
        rows: int64 (n,), which of the roster's images.
        pairs: int64 (m, 2), source and target as positions in ``rows``.
        refused: Pairs of a given list that were left out: reason to number.
        plans: Its shards.
    """

    name: str
    rows: NDArray[np.intp]
    pairs: NDArray[np.int64]
    refused: Mapping[str, int]
    plans: Sequence[ShardPlan]


def make_split(name: str, roster: Roster, settings: PrepareSettings) -> Split:
    """Pair a split's valid images and divide them into shards.

    Args:
        name: ``"train"`` or ``"test"``.
        roster: The images.
        settings: The run's settings.
    """
    rows = roster.rows(Status.VALID, name)
    identities = roster.identities[rows]
    shards = settings.shards
    refused: Mapping[str, int] = {}
    given = given_list(name, settings)
    if given is not None:
        table = read_pairs(given)
        sources, targets = table["from"].tolist(), table["to"].tolist()
        found = given_pairs(sources, targets, _rows_of_names(roster, rows), identities)
        pairs, refused = found.pairs, found.refused
    elif name == "train":
        pairs = all_pairs(identities, shards.max_pairs_per_identity)
    else:
        pairs = sample_pairs(identities, shards.num_test_pairs)
    plans = plan_shards(name, identities, pairs, shards.image_size, shards.shard_bytes)
    return Split(name, rows, pairs, refused, plans)


def count_split_pairs(name: str, roster: Roster, settings: PrepareSettings) -> int:
    """Count at most how many pairs :func:`make_split` gives, without making them."""
    given = given_list(name, settings)
    if given is not None:
        return len(read_pairs(given))
    identities = roster.identities[roster.rows(Status.VALID, name)]
    if name == "train":
        return count_pairs(identities, settings.shards.max_pairs_per_identity)
    return min(settings.shards.num_test_pairs, count_pairs(identities))


def given_list(name: str, settings: PrepareSettings) -> Path | None:
    """Give the pair list that the user gave for a split, None where pairs are made."""
    return settings.train_pairs if name == "train" else settings.test_pairs


def shard_task(
    plan: ShardPlan, split: Split, roster: Roster, out: OutputFolder, image_size: tuple[int, int]
) -> ShardTask:
    """Gather all that a worker needs to make one shard."""
    rows = split.rows[plan.rows]
    return ShardTask(
        path=out.path / plan.file,
        split=split.name,
        image_size=image_size,
        sources=[roster.files[row].path for row in rows],
        digests=roster.digests[rows].tolist(),
        joints=_scaled(roster.joints[rows], roster.sizes[rows], image_size),
        scores=roster.scores[rows],
        identities=roster.identities[rows],
        cameras=roster.cameras[rows],
        people=roster.people[rows],
        person_scores=roster.person_scores[rows],
        margins=roster.margins[rows],
        pairs=plan.pairs,
        order=plan.order,
    )


def _rows_of_names(roster: Roster, rows: NDArray[np.intp]) -> dict[str, int]:
    """Look up the positions of names, as they are and with one ``.jpg``."""
    names = {roster.files[row].path.name: position for position, row in enumerate(rows.tolist())}
    return {plain_name(name): position for name, position in names.items()} | names


def _scaled(
    joints: NDArray[np.float64], sizes: NDArray[np.int32], new_size: tuple[int, int]
) -> NDArray[np.float64]:
    scaled = joints.copy()
    for height, width in np.unique(sizes, axis=0).tolist():
        same = (sizes == (height, width)).all(axis=1)
        if (height, width) != new_size:
            scaled[same] = scale_joints(joints[same], (height, width), new_size)
    return scaled
