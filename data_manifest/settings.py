"""Settings of the commands that look at shard folders, files and machines."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from shared.addresses import Place
from shared.declarations import declared, setting
from shared.quantities import Bytes
from shared.usual_settings import dry_run_setting, overwrite_setting


@declared("Check")
class InspectSettings:
    """What ``inspect-shards`` looks at, and how closely."""

    shards: Place = setting(path="folder", flag="shards", help="What prep-market made.")
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
    html: Path | None = setting(
        default=None,
        path="file",
        flag="--html",
        metavar="FILE.html",
        help="Write a page: joints, pairs and parts in figures, the hardest and the suspicious "
        "pairs as pictures, everybody with a filter by identity.",
    )


@declared("Cache")
class CacheSettings:
    """Where copies of shards are kept that lie elsewhere."""

    cache: Path | None = setting(
        default=None,
        path="folder",
        flag="--cache",
        metavar="DIR",
        shown="POSEGAN_CACHE/shards, else ~/.cache/posegan/shards",
        help="Where shards of an address (s3://, gs://, https://, ...) are kept on this machine, "
        "each fetched once.",
    )
    cache_size: Bytes = setting(
        default=20_000_000_000,
        ge=1_000_000,
        le=10**15,
        flag="--cache-size",
        help="How large that folder may become; what was used longest ago is removed first.",
    )


@declared("Copy")
class CopySettings:
    """Which shard folder ``copy-shards`` copies, and where to."""

    src: Place = setting(
        path="folder", flag="src", metavar="SRC", help="What prep-market made, here or elsewhere."
    )
    dst: Place = setting(
        path="folder", flag="dst", metavar="DST", help="Where the copy goes, here or elsewhere."
    )
    dry_run: bool = dry_run_setting("Say what would be copied; copy nothing.")


@declared("Sheet")
class SheetSettings:
    """What a contact sheet shows."""

    num_pairs: int = setting(
        default=6,
        ge=1,
        le=64,
        flag="--pairs",
        help="Pairs on the sheet, and in each gallery of the page.",
    )
    split: Literal["train", "test"] = setting(
        default="train",
        flag="--split",
        help="Where the sheet's pairs come from; the page shows both.",
    )
    seed: int = setting(
        default=0,
        ge=0,
        le=2**63 - 1,
        flag="--seed",
        help="Decides which pairs the sheet shows.",
    )


@declared("Export")
class ExportSettings:
    """Which form ``export-pairs`` writes, and from what."""

    shards: Place = setting(path="folder", flag="shards", help="What prep-market made.")
    format: Literal["pose-gan", "gfla", "pcdms", "nted", "webdataset", "parquet"] = setting(
        flag="--format", help="Who is to read it; parquet: the tables alone."
    )
    out: Path = setting(
        path="folder",
        flag="--out",
        metavar="DIR",
        help="Where it goes; the same command continues what a killed one began.",
    )
    originals: tuple[Path, ...] = setting(
        default=(),
        path="folder",
        flag="--originals",
        metavar="DIR",
        help="Folder with the files that the images were read from; repeatable. A file that "
        "decodes to exactly the shard's pixels is copied; all others are written as PNG.",
    )
    whole_pixels: bool = setting(
        default=False,
        flag="--whole-pixels",
        help="Round key points to whole pixels, as the published ones are; else those that are "
        "none keep their decimals, so that shards made of them are the same.",
    )
    pairs_per_tar: int = setting(
        default=2_000,
        ge=1,
        le=20_000,
        flag="--pairs-per-tar",
        help="Pairs in one file of the form webdataset; a file is built in memory.",
    )
    overwrite: bool = overwrite_setting("Write anew where the folder holds another export.")
    dry_run: bool = dry_run_setting("Say what would be written; write nothing.")


@declared("Check")
class ReidCheckSettings:
    """Which folder ``check-reid`` reads, and where its findings go."""

    folder: Path = setting(path="folder", flag="folder", help="What the tools are to read.")
    layout: Literal["auto", "market", "folders", "list"] = setting(
        default="auto",
        flag="--layout",
        help="How it is laid out: bounding_box_train, query and bounding_box_test; a folder for "
        "each identity; or lists with a label behind each name.",
    )
    json: Path | None = setting(
        default=None,
        path="file",
        flag="--json",
        metavar="FILE",
        help="Write counts and findings to a file, with up to 1,000 names each.",
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
