"""A split's valid images, its pairs, and the shards that they go into."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from preprocess.pairing.catalogue import Catalogue, Status
from preprocess.pairing.given import GivenFiles
from preprocess.pairing.pairs import all_pairs, count_pairs, given_pairs, sample_pairs
from preprocess.pairing.shard_plans import ShardPlan, plan_shards
from preprocess.settings import PrepareSettings


@dataclass(frozen=True)
class Split:
    """The valid images of a split and their pairs.

    Args:
        name: ``"train"`` or ``"test"``.
        rows: int64 (n,), which of the catalogue's images.
        pairs: int64 (m, 2), source and target as positions in ``rows``.
        refused: Pairs of a given list that were left out: reason to number.
        plans: Its shards.
    """

    name: str
    rows: NDArray[np.intp]
    pairs: NDArray[np.int64]
    refused: Mapping[str, int]
    plans: Sequence[ShardPlan]


def make_split(
    name: str, catalogue: Catalogue, settings: PrepareSettings, given: GivenFiles
) -> Split:
    """Pair a split's valid images and divide them into shards.

    Args:
        name: ``"train"`` or ``"test"``.
        catalogue: The images.
        settings: The run's settings.
        given: The files that the settings name.
    """
    rows = catalogue.rows(Status.VALID, name)
    identities = catalogue.identities[rows]
    shards = settings.shards
    refused: Mapping[str, int] = {}
    table = given.pairs.get(name)
    if table is not None:
        sources, targets = table["from"].tolist(), table["to"].tolist()
        found = given_pairs(sources, targets, _rows_of_names(catalogue, rows), identities)
        pairs, refused = found.pairs, found.refused
    elif name == "train":
        pairs = all_pairs(identities, shards.max_pairs_per_identity)
    else:
        pairs = sample_pairs(identities, shards.num_test_pairs)
    plans = plan_shards(name, identities, pairs, shards.image_size, shards.shard_bytes)
    return Split(name, rows, pairs, refused, plans)


def count_split_pairs(
    name: str, catalogue: Catalogue, settings: PrepareSettings, given: GivenFiles
) -> int:
    """Return an upper bound of the pairs that :func:`make_split` makes, without making them."""
    if name in given.pairs:
        return len(given.pairs[name])
    identities = catalogue.identities[catalogue.rows(Status.VALID, name)]
    if name == "train":
        return count_pairs(identities, settings.shards.max_pairs_per_identity)
    return min(settings.shards.num_test_pairs, count_pairs(identities))


def _rows_of_names(catalogue: Catalogue, rows: NDArray[np.intp]) -> dict[str, int]:
    """Map the images' names, and those that they have besides, to their positions."""
    images = [catalogue.images[row] for row in rows]
    others = {image.other_name: place for place, image in enumerate(images) if image.other_name}
    return others | {image.name: place for place, image in enumerate(images)}
