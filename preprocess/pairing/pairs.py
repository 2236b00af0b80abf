"""Which images are paired: all ordered pairs of an identity, or the published sample of them.

Convention:
    A pair is two rows (source, target) of a split's valid images. Identities are taken in the
    order of their first image, the pairs of one as ``itertools.permutations`` gives them: by
    source, then by target.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

TEST_SEED: Final = 0
"""The seed of the published test list."""

Rows = NDArray[np.int64]


def rows_of_identities(identities: NDArray[np.integer]) -> list[Rows]:
    """Group rows by identity.

    Args:
        identities: Integers (n,).

    Returns:
        The rows of each identity, ascending; identities in the order of their first row.
    """
    if len(identities) == 0:
        return []
    _, first, number = np.unique(identities, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    by_identity = np.argsort(rank[number], kind="stable").astype(np.int64)
    starts = np.cumsum(np.bincount(rank[number]))[:-1]
    return np.split(by_identity, starts)


def count_pairs(identities: NDArray[np.integer], limit: int | None = None) -> int:
    """Count the pairs that :func:`all_pairs` returns, without making them."""
    sizes = np.unique(identities, return_counts=True)[1].astype(np.int64)
    counts = sizes * (sizes - 1)
    return int(counts.sum() if limit is None else np.minimum(counts, limit).sum())


def all_pairs(identities: NDArray[np.integer], limit: int | None = None) -> Rows:
    """List all ordered pairs of two images of one identity.

    Args:
        identities: Integers (n,), of the valid images in their order.
        limit: Most pairs of one identity. They are drawn with the identity as the seed, so that
            other identities do not change them, and keep their order. None for all pairs.

    Returns:
        int64 (m, 2), rows of source and target.
    """
    chosen = []
    for rows in rows_of_identities(identities):
        total = len(rows) * (len(rows) - 1)
        index = np.arange(total)
        if limit is not None and total > limit:
            random = np.random.default_rng(int(identities[rows[0]]))
            index = np.sort(random.choice(total, size=limit, replace=False))
        chosen.append(rows[_permutation(index, np.full(len(index), len(rows)))])
    return np.concatenate([np.empty((0, 2), np.int64), *chosen])


def sample_pairs(identities: NDArray[np.integer], number: int) -> Rows:
    """Draw the test list by the published rule.

    It is ``DataFrame.sample(n=min(number, all), replace=False, random_state=0)`` of all pairs, row
    for row, without making the pairs that are not drawn.

    Args:
        identities: Integers (n,), of the valid images in their order.
        number: Length of the list.

    Returns:
        int64 (min(number, all), 2), rows of source and target in the order of the draw.

    Source:
        Siarohin et al. 2018, the published code.
    """
    groups = rows_of_identities(identities)
    sizes = np.array([len(rows) for rows in groups], np.int64)
    ends = np.cumsum(sizes * (sizes - 1))
    total = int(ends[-1]) if len(ends) else 0
    # pandas draws by the legacy generator; only it gives the literature's list
    random = np.random.RandomState(TEST_SEED)
    drawn = random.choice(total, size=min(number, total), replace=False)
    group = np.searchsorted(ends, drawn, side="right")
    starts = ends - sizes * (sizes - 1)
    members = _permutation(drawn - starts[group], sizes[group])
    by_identity = np.concatenate([np.empty(0, np.int64), *groups])
    first_member = np.cumsum(sizes) - sizes
    pairs: Rows = by_identity[first_member[group][:, None] + members]
    return pairs


def _permutation(index: Rows, size: Rows) -> Rows:
    """Return the index-th item of ``permutations(range(size), 2)`` as int64 (m, 2)."""
    source, target = np.divmod(index, np.maximum(size - 1, 1))
    return np.stack([source, target + (target >= source)], axis=-1)


@dataclass(frozen=True)
class GivenPairs:
    """A pair list from a file, as far as it can be used.

    Args:
        pairs: int64 (m, 2), rows of source and target in the file's order.
        refused: Why pairs were left out, with the number of them.
        example: One of them, "" where there is none.
    """

    pairs: Rows
    refused: dict[str, int]
    example: str


def given_pairs(
    sources: Sequence[str],
    targets: Sequence[str],
    row_of_name: Mapping[str, int],
    identities: NDArray[np.integer],
) -> GivenPairs:
    """Look up a given pair list; pairs that cannot be used are counted.

    Args:
        sources: Names.
        targets: Names, as many.
        row_of_name: Row of each valid image of the split.
        identities: Integers (n,), of the valid images.

    Returns:
        The usable pairs, without repetitions.
    """
    ends = np.array(
        [[row_of_name.get(name, -1) for name in names] for names in (sources, targets)], np.int64
    ).reshape(2, -1)
    unknown = (ends < 0).any(axis=0)
    known = ~unknown  # an unknown name's -1 reads the last identity, which says nothing of it
    two = known & (identities[ends[0]] != identities[ends[1]]) if len(identities) else known
    same = known & (ends[0] == ends[1])
    usable = ~(unknown | two | same)
    repeated = usable & ~_first_ones(ends, usable)
    refused = {
        "an image that is not valid": int(unknown.sum()),
        "images of two identities": int(two.sum()),
        "an image with itself": int(same.sum()),
        "a pair given twice": int(repeated.sum()),
    }
    bad = np.flatnonzero(~usable | repeated)
    example = f"{sources[bad[0]]},{targets[bad[0]]}" if len(bad) else ""
    kept = {reason: count for reason, count in refused.items() if count}
    return GivenPairs(ends[:, usable & ~repeated].T.copy(), kept, example)


def _first_ones(ends: Rows, usable: NDArray[np.bool_]) -> NDArray[np.bool_]:
    rows = np.flatnonzero(usable)
    _, first = np.unique(ends[:, rows], axis=1, return_index=True)
    mark = np.zeros(ends.shape[1], bool)
    mark[rows[first]] = True
    return mark
