"""The tables for pandas: every source file, and every pair with its place in the shards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data_manifest import schema
from data_manifest.tables import pair_rows
from preprocess.pairing.annotations import Annotations
from preprocess.pairing.catalogue import Catalogue, Status
from preprocess.pairing.shard_plans import ShardPlan
from preprocess.sources.source import Listing, OtherFile, SourceImage
from shared.geometry import presence
from shared.skeleton import JOINTS, NUM_PARTS
from shared.spreadsheets import harmless


def pairs_of_split(
    names: NDArray[np.object_],
    identities: NDArray[np.int32],
    cameras: NDArray[np.int16],
    plans: Sequence[ShardPlan],
    status: Sequence[NDArray[np.uint8]],
) -> pd.DataFrame:
    """Lay out a split's pairs as a table, in the order of its list.

    Args:
        names: Text (n,), names of the split's valid images.
        identities: int32 (n,).
        cameras: int16 (n,).
        plans: The split's shards.
        status: Status of each shard's pairs, uint8 (m, 10).

    Returns:
        The columns ``schema.PAIR_COLUMNS``, then ``order``.
    """
    nothing = ShardPlan("", 0, np.empty(0, np.int64), np.empty((0, 2), np.int32), np.empty(0, int))
    shards = list(zip(plans, status, strict=True)) or [
        (nothing, np.empty((0, NUM_PARTS), np.uint8))
    ]
    tables = [
        pair_rows(
            names=names[plan.rows],
            identities=identities[plan.rows],
            cameras=cameras[plan.rows],
            pairs=plan.pairs,
            order=plan.order,
            status=found,
            number=plan.number,
        )
        for plan, found in shards
    ]
    return pd.concat(tables).sort_values("order", kind="stable")


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
