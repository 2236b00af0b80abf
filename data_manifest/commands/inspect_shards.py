"""The command ``inspect-shards``: what a shard folder holds, if it is right, pictures of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from data_manifest.settings import CacheSettings, InspectSettings, SheetSettings
from shared.console import Console
from shared.errors import DamagedError, RulesBrokenError, UsageError, problem
from shared.options import command
from shared.settings import build_given

if TYPE_CHECKING:
    from data_manifest.remote.folder import ShardFolder

FAULTS = {each.exit_code: each for each in (RulesBrokenError, UsageError, DamagedError)}
EXAMPLES = (
    "inspect-shards shards/",
    "inspect-shards shards/ --verify --sheet pairs.png --pairs 8",
    "inspect-shards shards/ --html shards.html",
)


@command(InspectSettings, SheetSettings, CacheSettings, examples=EXAMPLES)
def inspect_shards(**options: Any) -> None:
    """Print what the folder SHARDS holds, check it, draw a sheet of its pairs or write its page.

    With --verify the exit code is that of the worst finding: 0 none, 1 a rule of the format is
    broken, 2 no finished shard folder, 6 a file is damaged.
    """
    settings = build_given(InspectSettings, options)
    of_sheet = build_given(SheetSettings, options)
    console = Console()

    from data_manifest.remote.folder import opened  # noqa: PLC0415 - so that --help stays quick

    shards = opened(settings.shards, build_given(CacheSettings, options), say=console.say)
    if settings.verify:
        _verify(shards, console)
    else:
        _summarise(shards, console)
    if settings.sheet is not None:
        from data_manifest.inspection.sheet import publish_sheet  # noqa: PLC0415 - likewise

        publish_sheet(shards, settings.sheet, of_sheet)
        console.result(f"{settings.sheet}: {of_sheet.num_pairs} pairs of {of_sheet.split}")
    if settings.html is not None:
        from data_manifest.inspection.page import publish_page  # noqa: PLC0415 - likewise

        publish_page(shards, settings.html, of_sheet.num_pairs, console)
        console.result(f"{settings.html}: the page")


def _summarise(shards: ShardFolder, console: Console) -> None:
    from data_manifest.inspection.summary import print_summary  # noqa: PLC0415 - likewise
    from data_manifest.manifest import open_manifest  # noqa: PLC0415 - --help needs no numpy

    manifest = open_manifest(shards)
    for split in ("train", "test"):
        console.result(
            f"{split}: {len(manifest.of_split(split))} shards, "
            f"{manifest.num_images(split):,} images, {manifest.num_pairs(split):,} pairs"
        )
    print_summary(manifest.summary, console)


def _verify(shards: ShardFolder, console: Console) -> None:
    from data_manifest.manifest import open_manifest  # noqa: PLC0415 - --help needs no numpy
    from data_manifest.validate import findings  # noqa: PLC0415 - --help needs no pandas

    total = len(open_manifest(shards).shards)
    with console.stage("shards", total) as stage:
        found = findings(shards, stage.advance)
    for finding in found:
        console.result(f"{finding.where}: {finding.what}")
    if not found:
        console.result(f"{shards}: {total} shards keep every promise of the format")
        return
    worst = max(finding.exit_code for finding in found)
    raise FAULTS[worst](
        problem(
            shards,
            "a folder that keeps every promise of the format",
            f"{len(found):,} findings",
            "read them on standard output, then make the folder anew by prep-market",
        )
    )
