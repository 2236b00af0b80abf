"""Where every generated image came from: one row a picture, also of those that were not kept."""

from __future__ import annotations

import csv
import io
from typing import Final

import numpy as np
from numpy.typing import NDArray

from shared.spreadsheets import harmless
from train.augment.people import People
from train.augment.plan import Plan

NAME: Final = "provenance.csv"
COLUMNS: Final = (
    "file",
    "source",
    "target",
    "identity",
    "camera",
    "target_identity",
    "pose_change",
    "model",
    "seed",
    "judge",
    "distance",
    "kept",
)


def provenance(
    people: People,
    plan: Plan,
    places: list[str],
    distances: NDArray[np.float64],
    kept: NDArray[np.bool_],
    *,
    model: str,
    seed: int,
    judge: str,
) -> str:
    """Compose the table.

    Args:
        people: The train images.
        plan: What was drawn.
        places: Where each picture lies, or would lie.
        distances: float64 (m,), NaN where nobody judged.
        kept: bool (m,).
        model: SHA-256 of the model.
        seed: The seed of the poses.
        judge: SHA-256 of the judge, empty for none.

    Returns:
        CSV with the columns :data:`COLUMNS`, a row for each picture of the plan.
    """
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    rows = zip(
        places,
        plan.sources.tolist(),
        plan.targets.tolist(),
        plan.changes.tolist(),
        distances.tolist(),
        kept.tolist(),
        strict=True,
    )
    for place, source, target, change, distance, is_kept in rows:
        label = people.labels[source]
        writer.writerow(
            (
                harmless(place),
                harmless(people.names[source]),
                harmless(people.names[target]),
                label.identity,
                label.camera,
                people.labels[target].identity,
                f"{change:.4f}",
                model,
                seed,
                judge,
                "" if np.isnan(distance) else f"{distance:.6f}",
                int(is_kept),
            )
        )
    return stream.getvalue()


def chosen(distances: NDArray[np.float64], share: float) -> NDArray[np.bool_]:
    """Choose the pictures that are nearest to their person.

    Args:
        distances: float64 (m,), NaN where nobody judged.
        share: How many of all, at least one.

    Returns:
        bool (m,); of equal distances the first ones.
    """
    count = max(1, round(share * len(distances)))
    kept = np.zeros(len(distances), np.bool_)
    kept[np.argsort(distances, kind="stable")[:count]] = True
    return kept
