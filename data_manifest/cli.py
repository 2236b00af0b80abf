"""Commands that need shards or files only: inspect-shards and posegan-doctor."""

from __future__ import annotations

from pathlib import Path

import click

from shared.console import Console
from shared.errors import ends_with_exit_code

WIDE = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
INSPECT_EXAMPLES = """\b
Examples:
  inspect-shards shards/
  inspect-shards shards/ --verify --sheet pairs.png --pairs 8
"""
DOCTOR_EXAMPLES = """\b
Examples:
  posegan-doctor
  posegan-doctor --folder /data > report.txt
"""


@click.command(name="inspect-shards", context_settings=WIDE, epilog=INSPECT_EXAMPLES)
@click.argument("shards", type=click.Path(path_type=Path))
@click.option("--verify", is_flag=True, help="Check every promise of the format, file by file.")
@click.option(
    "--sheet",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE.png",
    help="Draw pairs: skeletons, part quads, and the source warped into the target's pose.",
)
@click.option(
    "--pairs",
    type=click.IntRange(1, 64),
    default=6,
    show_default=True,
    metavar="N",
    help="Pairs on the sheet.",
)
@click.option(
    "--split",
    type=click.Choice(["train", "test"]),
    default="train",
    show_default=True,
    help="Where the sheet's pairs come from.",
)
@click.option(
    "--seed",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    metavar="N",
    help="Decides which pairs the sheet shows.",
)
@ends_with_exit_code
def inspect_shards(
    shards: Path, *, verify: bool, sheet: Path | None, pairs: int, split: str, seed: int
) -> int:
    """Print what the folder SHARDS holds, check it, or draw a sheet of its pairs.

    With --verify the exit code is that of the worst finding: 0 none, 1 a rule of the format is
    broken, 2 no finished shard folder, 6 a file is damaged.
    """
    console = Console()
    if verify:
        code = _verify(shards, console)
        if code:
            return code
    else:
        _summarise(shards, console)
    if sheet is not None:
        from data_manifest.inspection.sheet import SheetSettings, publish_sheet  # noqa: PLC0415

        publish_sheet(shards, sheet, SheetSettings(split=split, num_pairs=pairs, seed=seed))
        console.result(f"{sheet}: {pairs} pairs of {split}")
    return 0


@click.command(name="posegan-doctor", context_settings=WIDE, epilog=DOCTOR_EXAMPLES)
@click.option(
    "--folder",
    type=click.Path(path_type=Path),
    default=Path(),
    show_default="the current one",
    metavar="DIR",
    help="Where data is meant to go; its free space is told.",
)
@click.option(
    "--weights-dir",
    type=click.Path(path_type=Path),
    show_default="torch hub's folder",
    metavar="DIR",
    help="Where eval-gan's weight files are looked for.",
)
@ends_with_exit_code
def posegan_doctor(folder: Path, weights_dir: Path | None) -> None:
    """Print versions, devices, weight files and free space: what a bug report needs."""
    from data_manifest.doctor import examine  # noqa: PLC0415 - it imports torch

    console = Console()
    for section in examine(folder, weights_dir):
        console.result(section.title)
        width = max((len(name) for name, _ in section.lines), default=0)
        for name, what in section.lines:
            console.result(f"  {name:<{width}}  {what}")


def _summarise(shards: Path, console: Console) -> None:
    from data_manifest.inspection.summary import print_summary  # noqa: PLC0415 - likewise
    from data_manifest.manifest import open_manifest  # noqa: PLC0415 - --help needs no numpy

    manifest = open_manifest(shards)
    for split in ("train", "test"):
        console.result(
            f"{split}: {len(manifest.of_split(split))} shards, "
            f"{manifest.num_images(split):,} images, {manifest.num_pairs(split):,} pairs"
        )
    print_summary(manifest.summary, console)


def _verify(shards: Path, console: Console) -> int:
    from data_manifest.manifest import open_manifest  # noqa: PLC0415 - --help needs no numpy
    from data_manifest.validate import findings  # noqa: PLC0415 - --help needs no pandas

    total = len(open_manifest(shards).shards)
    with console.stage("shards", total) as stage:
        found = findings(shards, stage.advance)
    for finding in found:
        console.result(f"{finding.where}: {finding.what}")
    if not found:
        console.result(f"{shards}: {total} shards keep every promise of the format")
    return max((finding.exit_code for finding in found), default=0)
