"""The output folder: whose data it holds, what of it is made already, and what may be removed.

Convention:
    The hidden folder ``.work`` holds what a repeated command needs: ``settings.json`` (written
    first), a note for every shard that was published, and the pose model's results. The shard
    folder is finished when ``manifest.json`` is there; nothing reads ``.work`` but this stage.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, Final

from data_manifest.manifest import (
    IMAGES_FILE,
    MANIFEST_FILE,
    Manifest,
    ShardEntry,
    open_manifest,
    pairs_file,
)
from preprocess.sources.registry import find_source
from preprocess.sources.source import Source, refuse_writing_into
from shared.errors import DamagedError, UsageError, problem
from shared.files import (
    Disk,
    folder_lock,
    publish_json,
    publishing_error,
    read_json,
    remove_temporaries,
    sha256_of_file,
)
from shared.settings import as_plain, build, differences

WORK_FOLDER: Final = ".work"
WEIGHTS_KEY: Final = "pose_weights"
"""Key of a record that holds the weights' SHA-256, None before a named model is downloaded."""

_SHARD: Final = re.compile(r"(train|test)-\d{5}\.h5", re.ASCII)


@contextmanager
def claimed(src: Path, out: Path, *, hold: bool = True) -> Iterator[Source]:
    """Find the data set and hold the output folder while the block runs.

    It comes before every slow import, so that a second run learns at once that it is one.

    Args:
        src: Folder that holds the data set.
        out: Output folder.
        hold: Take the lock; a dry run needs none and leaves no trace.

    Raises:
        UsageError: There is no data set, or the output would go into it.
        LockedError: Another process works on the output folder.
    """
    source = find_source(src)
    refuse_writing_into(source, out)
    with folder_lock(out) if hold else nullcontext():
        yield source


class OutputFolder:
    """What an output folder holds. Only the holder of its lock may change it.

    Args:
        path: The folder.
        disk: The calls to the operating system.
    """

    def __init__(self, path: Path, disk: Disk | None = None) -> None:
        self.path = path
        self.disk = disk
        self.work = path / WORK_FOLDER

    @property
    def notes(self) -> Path:
        """Folder of the notes on published shards."""
        return self.work / "shards"

    @property
    def poses(self) -> Path:
        """Folder of the pose model's results."""
        return self.work / "poses"

    def begin(self, record: Mapping[str, Any], *, overwrite: bool) -> None:
        """Make the folder ready for data of these settings.

        Args:
            record: What decides the content, as plain values.
            overwrite: Remove data of other settings instead of refusing.

        Raises:
            UsageError: The folder holds data of other settings, or files of others.
        """
        remove_temporaries(self.path)
        found = self._record()
        changes = _changes(found, record) if found is not None and self._holds_shards else []
        foreign = found is None and self._looks_foreign()
        if (changes or foreign) and not overwrite:
            what = "; ".join(changes) if changes else "files that prep-market did not write"
            raise UsageError(
                problem(
                    self.path,
                    "an empty folder or one with data of the same settings",
                    what,
                    "choose another --out, or add --overwrite to make this one anew",
                )
            )
        if changes or foreign:
            self._clear()
        for folder in (self.notes, self.poses):
            self._make(folder)
            remove_temporaries(folder)
        if found != record:
            publish_json(self._record_file, dict(record), self.disk)

    def finished(self) -> Manifest | None:
        """Read the manifest of a finished folder; None where there is none or it is damaged."""
        if not (self.path / MANIFEST_FILE).is_file():
            return None
        try:
            return open_manifest(self.path)
        except DamagedError:
            return None

    def damaged_files(self, manifest: Manifest) -> list[str]:
        """Hash every file of a finished folder and list those that are not what was written."""
        wanted = {entry.file: entry.sha256 for entry in manifest.shards} | dict(manifest.files)
        return [file for file, sha256 in wanted.items() if self._hash(file) != sha256]

    def kept_shard(self, file: str, key: str) -> ShardEntry | None:
        """Look up a shard that was published for the same task; None if absent or damaged."""
        note = self.notes / f"{file}.json"
        try:
            plain = read_json(note)
            entry = build(ShardEntry, plain["entry"], where=note)
            right = plain["key"] == key and self._hash(file) == entry.sha256
        except (UsageError, DamagedError, KeyError, TypeError):
            return None
        return entry if right else None

    def note_shard(self, entry: ShardEntry, key: str) -> None:
        """Note that a shard was published for a task."""
        note = {"key": key, "entry": as_plain(entry)}
        publish_json(self.notes / f"{entry.file}.json", note, self.disk)

    def unfinish(self) -> None:
        """Take back the manifest before anything that it lists changes."""
        (self.path / MANIFEST_FILE).unlink(missing_ok=True)

    def drop_other_shards(self, files: set[str]) -> None:
        """Remove shards, and their notes, that the present data does not have."""
        for folder in (self.path, self.notes):
            for path in folder.iterdir():
                name = path.name.removesuffix(".json")
                if _SHARD.fullmatch(name) and name not in files:
                    path.unlink(missing_ok=True)

    @property
    def held_bytes(self) -> int:
        """Size of the shards that are there already."""
        if not self.path.is_dir():
            return 0
        return sum(p.stat().st_size for p in self.path.iterdir() if _SHARD.fullmatch(p.name))

    @property
    def _holds_shards(self) -> bool:
        """Whether anything was published; until then, other settings may use the folder."""
        names = (entry.name for entry in self.path.iterdir())
        return any(name == MANIFEST_FILE or _SHARD.fullmatch(name) for name in names)

    @property
    def _record_file(self) -> Path:
        return self.work / "settings.json"

    def _record(self) -> Any:
        try:
            return read_json(self._record_file)
        except (UsageError, DamagedError):
            manifest = self.finished()
            return None if manifest is None else manifest.settings

    def _looks_foreign(self) -> bool:
        return any(not entry.name.startswith(".") for entry in self.path.iterdir())

    def _clear(self) -> None:
        """Remove what this stage made, the manifest first; the pose model's results stay."""
        self.unfinish()
        self._record_file.unlink(missing_ok=True)
        for name in (IMAGES_FILE, pairs_file("train"), pairs_file("test")):
            (self.path / name).unlink(missing_ok=True)
        self._make(self.notes)
        self.drop_other_shards(set())

    def _make(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise publishing_error(folder, error) from error

    def _hash(self, file: str) -> str:
        try:
            return sha256_of_file(self.path / file)
        except OSError:
            return ""


def _changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """List the differences; weights that one side has not seen yet make none."""
    if None in (old.get(WEIGHTS_KEY), new.get(WEIGHTS_KEY)):
        old, new = ({**record, WEIGHTS_KEY: None} for record in (old, new))
    return differences(old, new)
