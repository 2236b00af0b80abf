"""The tables for pandas: every source file, and every pair with its place in the shards."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data_manifest import schema
from data_manifest.tables import pair_rows
from preprocess.pairing.annotations import Annotations
from preprocess.pairing.catalogue import Catalogue, Status
from preprocess.pairing.shard_plans import ShardPlan
from preprocess.pairing.transforms import PartsOfPairs
from preprocess.sources.source import Listing, OtherFile, SourceImage
from shared.geometry import presence
from shared.skeleton import JOINTS
from shared.spreadsheets import harmless

TABLE_ROWS: Final = 1 << 20
"""Pairs that are laid out at a time."""


def pairs_of_split(
    names: NDArray[np.object_],
    identities: NDArray[np.int32],
    cameras: NDArray[np.int16],
    plans: Sequence[ShardPlan],
    parts: PartsOfPairs,
) -> Iterator[pd.DataFrame]:
    """Lay out a split's pairs as tables of bounded length, in the order of its list.

    Args:
        names: Text (n,), names of the split's valid images.
        identities: int32 (n,).
        cameras: int16 (n,).
        plans: The split's shards.
        parts: What became of the parts of the shards' pairs, shard by shard.

    Yields:
        The columns ``schema.PAIR_COLUMNS``, then ``order``.
    """
    if not plans:
        return
    first_image = _starts(len(plan.rows) for plan in plans)
    first_pair = _starts(len(plan.pairs) for plan in plans)
    rows = np.concatenate([plan.rows for plan in plans])
    pairs = np.concatenate([plan.pairs for plan in plans])
    order = np.concatenate([plan.order for plan in plans])
    numbers = np.array([plan.number for plan in plans], np.int32)
    by_order = np.argsort(order, kind="stable")
    for start in range(0, len(by_order), TABLE_ROWS):
        chosen = by_order[start : start + TABLE_ROWS]
        shard = np.searchsorted(first_pair, chosen, side="right") - 1
        row_from, row_to = pairs[chosen].T
        yield pair_rows(
            names=names,
            identities=identities,
            cameras=cameras,
            source=rows[first_image[shard] + row_from],
            target=rows[first_image[shard] + row_to],
            places={
                "shard": numbers[shard],
                "pair_row": (chosen - first_pair[shard]).astype(np.int32),
                "row_from": row_from,
                "row_to": row_to,
            },
            parts_direct=parts.direct[chosen],
            parts_mirrored=parts.mirrored[chosen],
            order=order[chosen],
        )


def _starts(lengths: Iterable[int]) -> NDArray[np.int64]:
    """Where each of several arrays begins when they are put together."""
    return np.cumsum([0, *lengths], dtype=np.int64)[:-1]


def image_table(
    listing: Listing,
    catalogue: Catalogue,
    annotations: Annotations | None,
    places: Mapping[int, tuple[int, int]],
) -> pd.DataFrame:
    """Lay out all source files as a table, the train and test images first, in their order.

    Args:
        listing: Every file of the data set.
        catalogue: The train and test images.
        annotations: Their rows without an image are listed too.
        places: Catalogue row of each valid image to its shard's number and its row there.

    Returns:
        The columns ``schema.IMAGE_COLUMNS``, those that the data set does not know empty.
    """
    files: list[SourceImage | OtherFile] = [*catalogue.images, *listing.others]
    verdicts = [file.verdict for file in listing.others]
    table = pd.DataFrame(
        {
            "name": [_text(file.name) for file in files],
            "folder": [_text(file.folder) for file in files],
            "split": [file.split for file in files],
            "status": [*map(str, catalogue.status), *(verdict.status for verdict in verdicts)],
            "reason": [*catalogue.reasons, *(verdict.reason for verdict in verdicts)],
        }
    )
    table = pd.concat([table, _catalogue_columns(catalogue, places, len(table))], axis=1)
    rows = [file.row for file in files]
    told = [column.name for column in schema.IMAGE_COLUMNS if column.name not in table]
    for name in dict.fromkeys((*told, *(name for row in rows for name in row))):
        table[name] = pd.array([row.get(name) for row in rows], dtype="Int64")
    absent = _absent_rows(unmatched_names(listing, catalogue, annotations), table)
    return pd.concat([table, absent], ignore_index=True)


def _catalogue_columns(
    catalogue: Catalogue, places: Mapping[int, tuple[int, int]], num_rows: int
) -> pd.DataFrame:
    """Fill the columns that only images of the catalogue have, empty for all other rows."""
    here = np.arange(num_rows) < len(catalogue)
    place = np.full((len(catalogue), 2), -1, np.int64)
    for row, (shard, shard_row) in places.items():
        place[row] = shard, shard_row
    present = presence(catalogue.joints)
    posed = (catalogue.annotation_rows >= 0) | (catalogue.people >= 0)
    whole = {
        "width": (catalogue.sizes[:, 1], catalogue.sizes[:, 1] > 0),
        "height": (catalogue.sizes[:, 0], catalogue.sizes[:, 0] > 0),
        "shard": (place[:, 0], place[:, 0] >= 0),
        "row": (place[:, 1], place[:, 1] >= 0),
        "joints_present": (present.sum(axis=1), posed),
        "people": (catalogue.people, catalogue.people >= 0),
        **{f"has_{joint}": (present[:, i], posed) for i, joint in enumerate(JOINTS)},
    }
    table: dict[str, object] = {}
    for name, (values, known) in whole.items():
        column, absent = np.zeros(num_rows, np.int64), ~here
        column[here], absent[here] = values, ~known
        table[name] = pd.arrays.IntegerArray(column, absent)
    for name, scores in (("person_score", catalogue.person_scores), ("margin", catalogue.margins)):
        floats = np.full(num_rows, np.nan, np.float32)
        floats[here] = scores
        table[name] = floats
    return pd.DataFrame(table)


def _absent_rows(names: Sequence[str], like: pd.DataFrame) -> pd.DataFrame:
    """List the rows of key points that no image has."""
    table = pd.DataFrame(
        {
            "name": [_text(name) for name in names],
            "folder": "",
            "split": "",
            "status": str(Status.ABSENT),
            "reason": "key points without an image",
        },
        columns=like.columns,
    )
    return table.astype({name: like.dtypes[name] for name in like.columns})


def unmatched_names(
    listing: Listing, catalogue: Catalogue, annotations: Annotations | None
) -> list[str]:
    """Name the key points' rows without an image, also among those only listed."""
    if annotations is None:
        return []
    used = set(catalogue.annotation_rows.tolist())
    listed = {file.name for file in listing.others if not file.split}
    rows = enumerate(annotations.names)
    return [name for row, name in rows if row not in used and name not in listed]


def _text(name: str) -> str:
    """Write a name as text that UTF-8 can hold and no spreadsheet runs; odd bytes are shown."""
    return harmless(name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace"))
