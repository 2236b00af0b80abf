"""The copy of a shard folder, read top to bottom: what there is, where it goes, what was copied.

Convention:
    Every file is checked by its hash, and the manifest comes last: a folder without one is not
    finished, so that nobody reads half a copy. The same command goes on with it. What copy-shards
    did not make is never replaced, here or elsewhere.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from data_manifest import schema
from data_manifest.copying.elsewhere import CopyElsewhere
from data_manifest.copying.here import COMMAND, CopyHere
from data_manifest.manifest import (
    IMAGES_FILE,
    MANIFEST_FILE,
    REMEDY,
    Manifest,
    open_manifest,
    pairs_file,
)
from data_manifest.remote.answers import Patience
from data_manifest.remote.ends import RemoteEnd
from data_manifest.remote.folder import RemoteFolder, ShardFolder, opened
from data_manifest.remote.transfer import Wanted
from data_manifest.settings import CacheSettings, CopySettings
from shared.addresses import Address
from shared.console import Console
from shared.errors import DamagedError, UsageError, problem
from shared.files import Disk
from shared.owned_folder import owned_folder

TABLES: Final = (IMAGES_FILE, *(pairs_file(split) for split in schema.SPLITS))


def copy_shards(
    settings: CopySettings,
    console: Console,
    cache: CacheSettings | None = None,
    *,
    patience: Patience | None = None,
    disk: Disk | None = None,
) -> None:
    """Copy a shard folder, or go on with a copy that was begun.

    Args:
        settings: From where to where.
        console: What the user sees.
        cache: Where files are kept on their way between two folders elsewhere.
        patience: How often a request is made.
        disk: The calls to the operating system.

    Raises:
        UsageError: There are no finished shards, or the destination holds something else.
        DamagedError: A file is not what the manifest lists.
        LockedError: Another process works on the destination.
        NoSpaceError: The disk is full.
    """
    source = opened(settings.src, cache, say=console.say)
    if isinstance(source, RemoteFolder) and patience is not None:
        source.patience = patience
    manifest = open_manifest(source)
    files = _files(manifest, source)
    if isinstance(settings.dst, Address):
        remote = CopyElsewhere(source, RemoteEnd(settings.dst), patience or Patience())
        copied = remote.copy(files, console, dry_run=settings.dry_run)
    else:
        _refuse_same(settings.src, settings.dst)
        with owned_folder(settings.dst, COMMAND, disk=disk, hold=not settings.dry_run) as owned:
            local = CopyHere(source, owned, patience or Patience())
            copied = local.copy(files, console, dry_run=settings.dry_run)
    if settings.dry_run:
        console.result(f"would copy {copied:,} of {len(files):,} files; this was a dry run")
    else:
        whole = manifest.num_bytes
        console.result(
            f"{settings.dst}: {len(files):,} files, {whole:,} bytes of shards; {copied:,} copied"
        )


def _files(manifest: Manifest, source: ShardFolder) -> list[Wanted]:
    """List what belongs to a shard folder besides its manifest.

    Raises:
        DamagedError: The manifest lists what no shard folder has.
    """
    strange = sorted(set(manifest.files) - set(TABLES))
    if strange:
        found = f"{strange[0]!r}"
        raise DamagedError(problem(f"{source}/{MANIFEST_FILE}", "known tables", found, REMEDY))
    tables = [Wanted(name=name, sha256=sha256) for name, sha256 in manifest.files.items()]
    return [*(entry.wanted for entry in manifest.shards), *tables]


def _refuse_same(src: Path | Address, dst: Path) -> None:
    if isinstance(src, Path) and os.path.realpath(src) == os.path.realpath(dst):
        raise UsageError(problem("DST", "another folder than SRC", dst, "choose another folder"))
