"""The output folder: whose data it holds, what of it is made already, and what may be removed.

Convention:
    The hidden folder ``.work`` holds what a repeated command needs: ``settings.json`` (written
    first), a note for every shard that was published, and the pose model's results. The shard
    folder is finished when ``manifest.json`` is there; nothing reads ``.work`` but this stage.
    Whose the files are, ``shared.owned_folder`` knows; only files of this stage are ever removed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from data_manifest import schema
from data_manifest.manifest import (
    IMAGES_FILE,
    MANIFEST_FILE,
    MAX_TABLE_BYTES,
    Manifest,
    ShardEntry,
    open_manifest,
    pairs_file,
)
from preprocess.pose.kept_poses import blocks_in
from preprocess.settings import PrepareSettings
from preprocess.sources.registry import find_source
from preprocess.sources.source import Source, refuse_writing_into
from shared.errors import DamagedError, UsageError, problem
from shared.files import Disk, publish_json, read_json, sha256_of_file
from shared.owned_folder import OwnedFolder, owned_folder
from shared.regular_files import regular_file
from shared.settings import as_plain, build, differences, in_brief

WORK_FOLDER: Final = ".work"
WEIGHTS_KEY: Final = "pose_weights"
"""Key of a record that holds the weights' SHA-256, None before a named model is downloaded."""

COMMAND: Final = "prep-market"
RECORD_FILE: Final = f"{WORK_FOLDER}/settings.json"
TABLES: Final = (IMAGES_FILE, pairs_file("train"), pairs_file("test"))

_NOTES: Final = f"{WORK_FOLDER}/shards"
_POSES: Final = f"{WORK_FOLDER}/poses"
_SHARD: Final = re.compile(r"(train|test)-\d{5}\.h5", re.ASCII)
_PRODUCT: Final = re.compile(
    "|".join([_SHARD.pattern, *(re.escape(name) for name in (MANIFEST_FILE, *TABLES))]), re.ASCII
)


@contextmanager
def claimed(settings: PrepareSettings, *, hold: bool) -> Iterator[tuple[Source, OwnedFolder]]:
    """Find the data set and hold the output folder while the block runs.

    It comes before every slow import, so that a second run learns at once that it is one.

    Args:
        settings: Where both are.
        hold: Take the folder; a dry run only looks and leaves no trace.

    Raises:
        UsageError: There is no data set, the output would go into it, or the folder is another's.
        LockedError: Another process works on the output folder.
    """
    source = find_source(settings.src, settings.data_set)
    refuse_writing_into(source, settings.out)
    with output_of(settings.out, hold=hold) as owned:
        yield source, owned


@contextmanager
def output_of(out: Path, *, hold: bool = True, disk: Disk | None = None) -> Iterator[OwnedFolder]:
    """Claim an output folder for this stage; see ``shared.owned_folder``."""
    with owned_folder(out, COMMAND, recognise=made_by_older, disk=disk, hold=hold) as owned:
        yield owned


def made_by_older(out: Path) -> list[str] | None:
    """List what a version without markers made in a folder; None where it made nothing there.

    A finished folder's manifest lists its shards. Of an unfinished one the notes do, and a table
    is known by its columns.
    """
    record = _json_of(out / RECORD_FILE)
    manifest = _manifest_of(out)
    if manifest is None and not (
        isinstance(record, dict) and {"source", "shards"} <= record.keys()
    ):
        return None
    notes = [f"{_NOTES}/{name}" for name in _names_in(out / _NOTES)]
    shards = [Path(note).name.removesuffix(".json") for note in notes]
    if manifest is not None:
        shards += [entry.file for entry in manifest.shards]
    tables = [name for name in TABLES if _has_our_columns(out / name)]
    poses = [f"{_POSES}/{name}" for name in blocks_in(out / _POSES)]
    names = {*notes, *shards, *tables, *poses, RECORD_FILE}
    names |= {MANIFEST_FILE} if manifest is not None else set()
    return sorted(name for name in names if (out / name).is_file())


class OutputFolder:
    """What an output folder holds. Only the holder of its lock may change it.

    Args:
        owned: The folder.
    """

    def __init__(self, owned: OwnedFolder) -> None:
        self.owned = owned
        self.path = owned.path
        self.disk = owned.disk
        self.work = owned.path / WORK_FOLDER

    @property
    def notes(self) -> Path:
        """Folder of the notes on published shards."""
        return self.path / _NOTES

    @property
    def poses(self) -> Path:
        """Folder of the pose model's results."""
        return self.path / _POSES

    def check(self, record: Mapping[str, Any], *, overwrite: bool) -> bool:
        """Make sure that data of these settings may go into the folder; change nothing.

        Args:
            record: What decides the content, as plain values.
            overwrite: Data of other settings may be removed.

        Returns:
            Whether the folder is finished, with data of these settings.

        Raises:
            UsageError: The folder holds data of other settings, or files of others in the way.
        """
        changes = self._changes_to(record)
        if changes and not overwrite:
            raise UsageError(
                problem(
                    self.path,
                    "an empty folder or one with data of the same settings",
                    in_brief(changes),
                    "choose another --out, or add --overwrite to make this one anew",
                )
            )
        finished = not changes and self.finished() is not None
        if not finished:
            self.owned.refuse_strangers(_PRODUCT)
        return finished

    def begin(self, record: Mapping[str, Any]) -> None:
        """Make the folder ready for data of these settings; :meth:`check` has let it pass.

        Args:
            record: What decides the content, as plain values.

        Raises:
            UsageError: A link lies where a folder of ours belongs.
        """
        found = _json_of(self.path / RECORD_FILE)
        if self._changes_to(record):
            self._clear()
        for name in (WORK_FOLDER, _NOTES, _POSES):
            self.owned.folder(name)
        self.owned.remove_temporaries((".", WORK_FOLDER, _NOTES, _POSES))
        self.owned.intend([RECORD_FILE])
        self.unfinish()
        if found != record:
            publish_json(self.path / RECORD_FILE, dict(record), self.disk)

    def finished(self) -> Manifest | None:
        """Read the manifest of a finished folder; None where there is none or it is damaged."""
        return _manifest_of(self.path)

    def damaged_files(self, manifest: Manifest, *, threads: int = 1) -> list[str]:
        """Hash all files of a finished folder; list those that are not what was written."""
        tables = {name: (None, sha256) for name, sha256 in manifest.files.items()}
        wanted = {entry.file: (entry.num_bytes, entry.sha256) for entry in manifest.shards} | tables
        with ThreadPoolExecutor(threads) as pool:
            right = pool.map(lambda file: self._is(file, *wanted[file]), wanted)
            return [file for file, is_right in zip(wanted, right, strict=True) if not is_right]

    def kept_shard(self, file: str, key: str) -> ShardEntry | None:
        """Look up a shard that was published for the same task; None if absent or damaged."""
        note = self.notes / f"{file}.json"
        try:
            plain = read_json(note)
            entry = build(ShardEntry, plain["entry"], where=note)
            right = plain["key"] == key and self._is(file, entry.num_bytes, entry.sha256)
        except (UsageError, DamagedError, KeyError, TypeError):
            return None
        return entry if right else None

    def intend(self, shards: Iterable[str]) -> None:
        """Enter everything that the data will consist of into the folder's marker.

        Raises:
            UsageError: A file of somebody else bears one of the names.
        """
        names = [name for file in shards for name in (file, f"{_NOTES}/{file}.json")]
        self.owned.intend([*names, *TABLES, MANIFEST_FILE])

    def note_shard(self, entry: ShardEntry, key: str) -> None:
        """Note that a shard was published for a task."""
        note = {"key": key, "entry": as_plain(entry)}
        publish_json(self.notes / f"{entry.file}.json", note, self.disk)

    def unfinish(self) -> None:
        """Take back the manifest before anything that it lists changes."""
        self.owned.remove([MANIFEST_FILE])

    def drop_other_shards(self, files: set[str]) -> None:
        """Remove our shards, and the notes on them, that the present data does not have."""
        self.owned.remove(
            name
            for name in self.owned.files
            if _SHARD.fullmatch(shard := Path(name).name.removesuffix(".json"))
            and shard not in files
        )

    @property
    def held_bytes(self) -> int:
        """Size of the shards that are there already."""
        found = (self.path / name for name in self.owned.files if _SHARD.fullmatch(name))
        return sum(path.stat().st_size for path in found if path.is_file())

    def _changes_to(self, record: Mapping[str, Any]) -> list[str]:
        """List what differs from the data that the folder holds; nothing where it holds none."""
        if not any(
            (self.path / name).is_file() for name in self.owned.files if _PRODUCT.fullmatch(name)
        ):
            return []
        found = self._record()
        return ["data of settings that are lost"] if found is None else _changes(found, record)

    def _record(self) -> Any:
        found = _json_of(self.path / RECORD_FILE)
        if isinstance(found, dict):
            return found
        manifest = self.finished()
        return None if manifest is None else manifest.settings

    def _clear(self) -> None:
        """Remove what this stage made, the manifest first; the pose model's results stay."""
        self.unfinish()
        self.owned.remove([RECORD_FILE])
        self.owned.remove(name for name in self.owned.files if not name.startswith(f"{_POSES}/"))

    def _is(self, file: str, num_bytes: int | None, sha256: str) -> bool:
        """Tell whether a file is what was written; its size, where it is known, saves hashing."""
        path = self.path / file
        try:
            found = path.stat().st_size
            fits = found == num_bytes if num_bytes else found <= MAX_TABLE_BYTES
            return fits and sha256_of_file(path) == sha256
        except OSError:
            return False


def _manifest_of(folder: Path) -> Manifest | None:
    if not (folder / MANIFEST_FILE).is_file():
        return None
    try:
        return open_manifest(folder)
    except DamagedError:
        return None


def _json_of(path: Path) -> Any:
    try:
        return read_json(path)
    except (UsageError, DamagedError):
        return None


def _names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()] if folder.is_dir() else []


def _has_our_columns(path: Path) -> bool:
    """Tell whether a file is a table of this stage."""
    columns = schema.IMAGE_COLUMNS if path.name == IMAGES_FILE else schema.PAIR_COLUMNS
    try:
        with regular_file(path) as stream:
            head = stream.readline(4096).decode("utf-8", "replace")
    except OSError:
        return False
    return head.strip() == ",".join(column.name for column in columns)


def _changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """List the differences; weights that one side has not seen yet make none."""
    if None in (old.get(WEIGHTS_KEY), new.get(WEIGHTS_KEY)):
        old, new = ({**record, WEIGHTS_KEY: None} for record in (old, new))
    return differences(old, new)
