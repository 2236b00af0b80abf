"""Settings of the commands that look at shard folders and machines."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from shared.declarations import declared, setting


@declared("Check")
class InspectSettings:
    """What ``inspect-shards`` looks at, and how closely."""

    shards: Path = setting(path="folder", flag="shards", help="What prep-market made.")
    verify: bool = setting(
        default=False, flag="--verify", help="Check every promise of the format, file by file."
    )
    sheet: Path | None = setting(
        default=None,
        path="file",
        flag="--sheet",
        metavar="FILE.png",
        help="Draw pairs: skeletons, part quads, and the source warped into the target's pose.",
    )


@declared("Sheet")
class SheetSettings:
    """What a contact sheet shows."""

    num_pairs: int = setting(default=6, ge=1, le=64, flag="--pairs", help="Pairs on the sheet.")
    split: Literal["train", "test"] = setting(
        default="train", flag="--split", help="Where the sheet's pairs come from."
    )
    seed: int = setting(
        default=0,
        ge=0,
        le=2**63 - 1,
        flag="--seed",
        help="Decides which pairs the sheet shows.",
    )


@declared("Report")
class DoctorSettings:
    """Where ``posegan-doctor`` looks."""

    folder: Path = setting(
        default=Path(),
        path="folder",
        flag="--folder",
        metavar="DIR",
        shown="the current one",
        help="Where data is meant to go; its free space is told.",
    )
    weights_dir: Path | None = setting(
        default=None,
        path="folder",
        flag="--weights-dir",
        metavar="DIR",
        shown="torch hub's folder",
        help="Where eval-gan's weight files are looked for.",
    )
