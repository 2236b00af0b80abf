"""What a run found and made, as the small tables that the manifest keeps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from data_manifest.inspection.summary import table
from data_manifest.manifest import ShardEntry
from preprocess.pairing.catalogue import Catalogue, Status
from preprocess.pairing.splits import Split
from preprocess.pairing.transforms import KINDS, PartsOfPairs
from preprocess.sources.source import LISTED
from shared.console import Console
from shared.errors import RulesBrokenError, problem
from shared.geometry import presence
from shared.skeleton import JOINTS, PARTS

if TYPE_CHECKING:
    import pandas as pd

IMAGES_TABLE: Final = "images"
UNCLEAR_MARGIN: Final = 0.2
"""A choice of a person is unclear when the runner-up is closer than this share of the score."""


@dataclass
class StageTimes:
    """Wall-clock time of the stages of a run, in seconds."""

    clock: Any
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Measure a block."""
        start = self.clock()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + self.clock() - start


def summary_of(
    *,
    images: pd.DataFrame,
    catalogue: Catalogue,
    splits: Sequence[Split],
    parts: Mapping[str, PartsOfPairs],
    shards: Sequence[ShardEntry],
    seconds: Mapping[str, float],
) -> dict[str, Any]:
    """Put the figures of a run into tables.

    Args:
        images: The table of all source files.
        catalogue: The train and test images.
        splits: Their pairs.
        parts: Split to what became of its pairs' parts.
        shards: The shards.
        seconds: Time of each stage.

    Returns:
        Title to table, see :mod:`data_manifest.inspection.summary`.
    """
    tables = {
        IMAGES_TABLE: _images(catalogue, images),
        "not used": _not_used(images),
        "joints found": _joints(catalogue),
    }
    if (catalogue.people >= 0).any():
        tables["people seen"] = _people(catalogue)
    tables["pairs"] = _pairs(splits)
    for split, of_pairs in parts.items():
        if len(of_pairs):
            tables[f"parts of the {split} pairs"] = _parts(of_pairs)
    tables["shards"] = _shards(shards)
    rows = [[stage, f"{value:.1f}"] for stage, value in seconds.items()]
    tables["time"] = table(["stage", "seconds"], [*rows, ["all", f"{sum(seconds.values()):.1f}"]])
    return tables


def refuse_too_many_bad(summary: Mapping[str, Any], max_bad: float) -> None:
    """End the command with exit code 1 where too many images were unusable.

    Raises:
        RulesBrokenError: The share of bad images is larger than ``max_bad``.
    """
    rows = summary[IMAGES_TABLE]["rows"]
    found, bad = (sum(row[column] for row in rows) for column in (1, 3))
    if found and bad / found > max_bad:
        raise RulesBrokenError(
            problem(
                "images",
                f"at most {max_bad:.2%} bad",
                f"{bad} of {found} ({bad / found:.2%}), all others are in the shards",
                "look at status 'bad' in images.csv, or allow more with --max-bad",
            )
        )


def say_left_out(splits: Sequence[Split], absent: Sequence[str], console: Console) -> None:
    """Warn of key points without an image and of given pairs that cannot be used."""
    if absent:
        some = ", ".join(absent[:3]) + (", …" if len(absent) > 3 else "")
        console.warn(f"{len(absent)} rows of key points have no image: {some} (see images.csv)")
    for split in splits:
        for reason, count in split.refused.items():
            console.warn(f"{count} pairs of the given {split.name} list left out: {reason}")


def _images(catalogue: Catalogue, images: pd.DataFrame) -> dict[str, Any]:
    rows: list[list[object]] = []
    for split in ("train", "test"):
        here = catalogue.splits == split
        counts = [int((catalogue.status[here] == s).sum()) for s in (Status.VALID, Status.BAD)]
        if here.any():
            rows.append([split, int(here.sum()), *counts])
    listed = int((images["status"] == LISTED).sum())
    if listed:
        rows.append(["other folders", listed, 0, 0])
    return table(["folder", "found", "valid", "bad"], rows)


def _not_used(images: pd.DataFrame) -> dict[str, Any]:
    left_out = images[images["status"] != Status.VALID]
    kinds = [reason.split(":")[0] for reason in left_out["reason"]]
    counts = Counter(zip(left_out["status"].tolist(), kinds, strict=True))
    rows = [[status, reason, count] for (status, reason), count in counts.most_common()]
    return table(["status", "reason", "files"], rows)


def _joints(catalogue: Catalogue) -> dict[str, Any]:
    posed = (catalogue.annotation_rows >= 0) | (catalogue.people >= 0)
    counts = presence(catalogue.joints[posed]).sum(axis=0)
    total = int(posed.sum())
    return table(
        ["joint", "images", "share"],
        [[j, int(n), _share(int(n), total)] for j, n in zip(JOINTS, counts, strict=True)],
    )


def _people(catalogue: Catalogue) -> dict[str, Any]:
    seen = catalogue.people[catalogue.people >= 0]
    several = catalogue.people > 1
    unclear = several & (catalogue.margins < UNCLEAR_MARGIN * catalogue.person_scores)
    counts = {
        "nobody": seen == 0,
        "one": seen == 1,
        "several": seen > 1,
        "several, the choice unclear": unclear,
    }
    rows = [
        [name, int(here.sum()), _share(int(here.sum()), len(seen))] for name, here in counts.items()
    ]
    return table(["people", "images", "share"], rows)


def _pairs(splits: Sequence[Split]) -> dict[str, Any]:
    rows = [
        [split.name, len(split.rows), len(split.pairs), sum(split.refused.values())]
        for split in splits
    ]
    return table(["split", "valid images", "pairs", "given but left out"], rows)


def _parts(parts: PartsOfPairs) -> dict[str, Any]:
    rows = [
        [part, *(_share(count, len(parts)) for count in counts)]
        for part, counts in zip(PARTS, parts.counts.tolist(), strict=True)
    ]
    return table(["part", *KINDS], rows)


def _shards(shards: Sequence[ShardEntry]) -> dict[str, Any]:
    rows = []
    for split in ("train", "test"):
        entries = [entry for entry in shards if entry.split == split]
        rows.append([split, len(entries), sum(entry.num_bytes for entry in entries)])
    return table(["split", "shards", "bytes"], rows)


def _share(count: int, total: int) -> str:
    return f"{100 * count / total:.1f} %" if total else "-"
