"""The export of a shard folder, read top to bottom: claim, plan, images, lists, the last file.

Convention:
    ``.export/settings.json`` is written first and says what was begun; ``export.json`` is written
    last and says what is there. A file that was published is whole, so that the same command
    after a kill writes only those that are missing.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from data_manifest import schema
from data_manifest.export import parquet, tars
from data_manifest.export.content import ImageFiles, SplitContent, mean_bytes, read_content
from data_manifest.export.record import PARQUET, WEBDATASET, record_of
from data_manifest.export.trees import TREES, Tree
from data_manifest.listed import read_all, read_listed
from data_manifest.manifest import Manifest, open_manifest
from data_manifest.remote.folder import ShardFolder, opened
from data_manifest.settings import CacheSettings, ExportSettings
from data_manifest.tables import load_images
from shared.console import Console
from shared.errors import UsageError, problem
from shared.files import Disk, publish, publish_text, require_space
from shared.folder_record import FolderRecord
from shared.owned_folder import OwnedFolder, owned_folder
from shared.provenance import versions
from shared.regular_files import is_regular

COMMAND: Final = "export-pairs"
WORK_FOLDER: Final = ".export"
LAST_FILE: Final = "export.json"
ROW_BYTES: Final = 350
"""What an image or a pair takes up in the lists, at most."""


def export_pairs(
    settings: ExportSettings,
    console: Console,
    disk: Disk | None = None,
    cache: CacheSettings | None = None,
) -> None:
    """Write a shard folder in the form of another system, or go on with one that was begun.

    Args:
        settings: What was asked for.
        console: What the user sees.
        disk: The calls to the operating system.
        cache: Where shards are kept that lie elsewhere.

    Raises:
        UsageError: There are no finished shards, or the folder holds something else.
        DamagedError: A shard is not what the manifest lists.
        LockedError: Another process works on the folder.
        NoSpaceError: The disk cannot hold the export.
    """
    _refuse_conflicts(settings)
    shards = opened(settings.shards, cache, say=console.say)
    manifest = open_manifest(shards)
    decisive = record_of(settings, shards)
    with owned_folder(settings.out, COMMAND, disk=disk, hold=not settings.dry_run) as owned:
        record = FolderRecord(owned, decisive, work_folder=WORK_FOLDER, last_file=LAST_FILE)
        finished, is_other = record.stands(overwrite=settings.overwrite)
        if finished:
            if not settings.dry_run:
                record.forget_work()
            console.result(f"{settings.out} is finished already; nothing to do")
            return
        export = _Export(settings, shards, manifest, owned, console)
        record.refuse_strangers(export.names())
        needed = export.estimate()
        require_space(settings.out, needed, disk)
        export.say_plan(needed)
        if settings.dry_run:
            console.result("nothing was written: this was a dry run")
            return
        record.begin(export.names(), clear=is_other)
        export.write()
        record.finish(_facts(manifest, settings.format))
    console.result(f"{settings.out}: finished, see {LAST_FILE}")


class _Export:
    """One export: the files that it consists of, and how each is made."""

    def __init__(
        self,
        settings: ExportSettings,
        shards: ShardFolder,
        manifest: Manifest,
        owned: OwnedFolder,
        console: Console,
    ) -> None:
        self._settings = settings
        self._shards = shards
        self._manifest = manifest
        self._owned = owned
        self._console = console
        self._files = ImageFiles(settings.originals)
        self._tree = TREES.get(settings.format)
        self._tars: list[tars.TarPlan] = []
        self._tables: list[parquet.TablePlan] = []
        if settings.format == PARQUET:
            self._tables = parquet.plan_tables(manifest)
        elif self._tree is None:
            self._tars = tars.plan_tars(manifest, settings.pairs_per_tar)
        self._contents: list[SplitContent] = []
        if self._tree:
            splits = schema.SPLITS
            self._contents = [read_content(shards, manifest, each) for each in splits]
            for content in self._contents:  # a name that cannot be listed is refused first
                self._tree.list_texts(content, whole_pixels=settings.whole_pixels)

    def names(self) -> list[str]:
        """Every file of the export but the first and the last, relative to the folder."""
        if self._settings.format == PARQUET:
            return [parquet.IMAGES_TABLE, *(plan.file for plan in self._tables)]
        if self._tree is None:
            return [plan.file for plan in self._tars]
        return [name for content in self._contents for name in self._tree.files(content)]

    def estimate(self) -> int:
        """Estimate the bytes of the export by the images of one shard."""
        if not self._manifest.shards:
            return 0
        settings, manifest = self._settings, self._manifest
        num_pairs = sum(manifest.num_pairs(split) for split in schema.SPLITS)
        num_images = sum(manifest.num_images(split) for split in schema.SPLITS)
        if settings.format == PARQUET:
            rows = num_images * parquet.IMAGE_BYTES + num_pairs * parquet.PAIR_BYTES
            return rows + (1 + len(self._tables)) * parquet.FILE_BYTES
        each = mean_bytes(self._shards, manifest.shards[0], settings.originals)
        if self._tree is None:
            return num_pairs * tars.pair_bytes(each)
        return int(num_images * (each + ROW_BYTES)) + 2 * num_pairs * ROW_BYTES // 3

    def say_plan(self, needed: int) -> None:
        """Say what there is to write, and what becomes of key points."""
        for split in schema.SPLITS:
            images, pairs = self._manifest.num_images(split), self._manifest.num_pairs(split)
            self._console.result(f"{split}: {images:,} images, {pairs:,} pairs")
        files = len(self.names()) + 1
        self._console.result(f"{self._settings.format}: {files:,} files, about {needed:,} bytes")
        fractional = sum(content.num_fractional for content in self._contents)
        whole = self._settings.whole_pixels
        moved = sum(content.num_moved(whole_pixels=whole) for content in self._contents)
        if fractional:
            how = "rounded" if whole else "with all decimals"
            self._console.result(f"{fractional:,} joints are no whole pixels: written {how}")
        if moved:
            self._console.warn(f"{moved:,} joints left of or above their image moved to its edge")

    def write(self) -> None:
        """Write what is missing."""
        if self._settings.format == PARQUET:
            self._write_tables()
            return
        if self._tree is None:
            self._write_tars()
        else:
            self._write_tree(self._tree)
        files = self._files
        self._console.say(
            f"images: {files.num_copied:,} original files copied, {files.num_encoded:,} as PNG"
        )

    def _write_tree(self, tree: Tree) -> None:
        owned = self._owned
        for folder in tree.folders():
            owned.folder(folder)
        owned.remove_temporaries((".", *tree.folders()))
        total = sum(len(content.names) for content in self._contents)
        with self._console.stage("images", total) as stage:
            for path, data in self._missing_images(tree):
                if data is None:
                    stage.skip(1)
                else:
                    publish(path, data, owned.disk)
                    stage.advance()
        for content in self._contents:
            texts = tree.list_texts(content, whole_pixels=self._settings.whole_pixels)
            for name, text in texts.items():
                publish_text(owned.path / name, text, owned.disk)

    def _missing_images(self, tree: Tree) -> Iterator[tuple[Path, bytes | None]]:
        """Yield the images' files; None as the content of those that are there already."""
        entries = self._manifest.shards
        for entry, arrays in zip(entries, read_all(self._shards, entries), strict=True):
            folder = self._owned.path / tree.folder(entry.split)
            for name, pixels in zip(arrays.names.tolist(), arrays.images, strict=True):
                path = folder / name.decode()
                yield path, None if is_regular(path) else self._files.content(path.name, pixels)

    def _write_tars(self) -> None:
        owned = self._owned
        owned.remove_temporaries()
        with self._console.stage("pairs", sum(plan.count for plan in self._tars)) as stage:
            for entry in self._manifest.shards:
                plans = [plan for plan in self._tars if plan.entry == entry]
                missing = [plan for plan in plans if not is_regular(owned.path / plan.file)]
                stage.skip(sum(plan.count for plan in plans if plan not in missing))
                if not missing:
                    continue
                arrays = read_listed(self._shards, entry)
                files = list(self._files.all_of(arrays))
                for plan in missing:
                    publish(owned.path / plan.file, tars.tar_of(plan, arrays, files), owned.disk)
                    stage.advance(plan.count)

    def _write_tables(self) -> None:
        owned = self._owned
        folders = sorted({plan.file.partition("/")[0] for plan in self._tables})
        for folder in folders:
            owned.folder(folder)
        owned.remove_temporaries((".", *folders))
        images = parquet.table_bytes(load_images(self._shards))
        publish(owned.path / parquet.IMAGES_TABLE, images, owned.disk)
        with self._console.stage("pairs", sum(plan.count for plan in self._tables)) as stage:
            for plan in self._tables:
                if is_regular(owned.path / plan.file):
                    stage.skip(plan.count)
                    continue
                arrays = read_listed(self._shards, plan.entry)
                publish(owned.path / plan.file, parquet.pairs_of(plan, arrays), owned.disk)
                stage.advance(plan.count)


def _refuse_conflicts(settings: ExportSettings) -> None:
    if settings.format == PARQUET:
        parquet.require_library()
        if settings.originals:
            expected, found = "a form with images", f"--format {PARQUET}"
            raise UsageError(problem("--originals", expected, found, "leave --originals out"))
    if settings.format in (PARQUET, WEBDATASET) and settings.whole_pixels:
        expected, found = "a form with key point files", f"--format {settings.format}"
        raise UsageError(problem("--whole-pixels", expected, found, "leave --whole-pixels out"))
    out = Path(os.path.realpath(settings.out))  # Path.resolve fails at a loop of links
    local = (settings.shards,) if isinstance(settings.shards, Path) else ()
    for folder in (*local, *settings.originals):
        if out.is_relative_to(os.path.realpath(folder)):
            found = f"{settings.out} in {folder}"
            remedy = "choose another --out"
            raise UsageError(problem("--out", "a folder beside what is read", found, remedy))


def _facts(manifest: Manifest, form: str) -> dict[str, Any]:
    """What the last file says besides the settings."""
    counts = {
        split: {"images": manifest.num_images(split), "pairs": manifest.num_pairs(split)}
        for split in schema.SPLITS
    }
    facts: dict[str, Any] = {
        "image_size": list(manifest.image_size),
        "splits": counts,
        "versions": versions(),
    }
    if form == WEBDATASET:
        facts["fields"] = tars.FIELDS
    return facts
