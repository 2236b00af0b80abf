"""The manifest: the index of a shard folder, written last.

A folder without ``manifest.json`` is not finished. The manifest carries the hash of every other
file and of itself, so that nothing damaged, swapped or foreign is used.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from data_manifest import schema
from data_manifest.remote import folder as door
from data_manifest.remote.folder import RemoteFolder, ShardFolder
from data_manifest.remote.transfer import Wanted
from shared import settings
from shared.errors import DamagedError, UsageError, problem
from shared.files import Disk, json_of, publish_json
from shared.regular_files import read_regular

MANIFEST_FILE = door.MANIFEST_FILE
IMAGES_FILE = "images.csv"
FORMAT = "posegan-manifest"
VERSION = 1
REMEDY = "make the shards anew with prep-market --overwrite, or fetch an undamaged copy"
MAX_TABLE_BYTES = 1 << 34
"""A table of a hundred million pairs is smaller."""

SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclasses.dataclass(frozen=True, kw_only=True)
class ShardEntry:
    """One shard in the manifest.

    Attributes:
        file: File name in the folder.
        split: ``"train"`` or ``"test"``.
        num_bytes: Size of the file.
        sha256: Hash of the file, hexadecimal.
        num_images: Images in it.
        num_pairs: Pairs in it.
        identities: Whom it shows, ascending.
    """

    file: str
    split: str
    num_bytes: int
    sha256: str
    num_images: int
    num_pairs: int
    identities: tuple[int, ...]

    def __post_init__(self) -> None:
        right = (
            self.split in schema.SPLITS
            and re.fullmatch(rf"{self.split}-\d{{5}}\.h5", self.file)
            and SHA256.fullmatch(self.sha256)
            and min(self.num_bytes, self.num_images) > 0
            and self.num_pairs >= 0
        )
        if not right:
            found = f"{self.file!r} of split {self.split!r}"
            raise UsageError(problem("manifest", "an entry for a shard", found, "see FORMAT.md"))

    def require_room(self, image_size: tuple[int, int]) -> None:
        """Make sure that the listed images and pairs fit into the listed bytes.

        Nothing in a shard is compressed, so whoever makes an array by these counts needs no more
        memory for a pair than the shard takes up on the disk.

        Args:
            image_size: (height, width) of the images.

        Raises:
            UsageError: They do not fit.
        """
        images = self.num_images * schema.row_bytes("n", image_size)
        needed = images + self.num_pairs * schema.row_bytes("m", image_size)
        if needed > self.num_bytes:
            found = f"{self.num_images:,} images and {self.num_pairs:,} pairs"
            expected = f"counts that fit into {self.num_bytes:,} bytes"
            raise UsageError(problem(f"manifest, {self.file}", expected, found, "see FORMAT.md"))

    @property
    def wanted(self) -> Wanted:
        """The shard as what brings files from elsewhere needs it."""
        return Wanted(name=self.file, sha256=self.sha256, num_bytes=self.num_bytes)

    @property
    def number(self) -> int:
        """Number of the shard in its split."""
        return int(self.file[-8:-3])


@dataclasses.dataclass(frozen=True, kw_only=True)
class Manifest:
    """The index of a shard folder.

    Attributes:
        version: Version of the manifest's format.
        image_size: (height, width) in pixels.
        shards: The shards, train before test, by number.
        settings: The settings of stage 1 that decide the content.
        versions: The software that made it.
        files: The CSV files' names and their SHA-256.
        summary: The figures of the run that made it, see ``data_manifest.inspection.summary``.
    """

    version: int = VERSION
    image_size: tuple[int, int]
    shards: tuple[ShardEntry, ...]
    settings: Mapping[str, Any]
    versions: Mapping[str, str]
    files: Mapping[str, str]
    summary: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        for entry in self.shards:
            entry.require_room(self.image_size)
        for split in schema.SPLITS:
            found = [entry.file for entry in self.of_split(split)]
            wanted = [schema.shard_file(split, number) for number in range(len(found))]
            if found != wanted:
                where = f"manifest, split {split}"
                raise UsageError(problem(where, "shards in order", found, "list every shard once"))

    def of_split(self, split: str) -> tuple[ShardEntry, ...]:
        """Return the shards of a split in order."""
        return tuple(entry for entry in self.shards if entry.split == split)

    def num_images(self, split: str) -> int:
        """Count the images of a split."""
        return sum(entry.num_images for entry in self.of_split(split))

    def num_pairs(self, split: str) -> int:
        """Count the pairs of a split."""
        return sum(entry.num_pairs for entry in self.of_split(split))

    @property
    def num_bytes(self) -> int:
        """Size of all shards."""
        return sum(entry.num_bytes for entry in self.shards)


def publish_manifest(folder: Path, manifest: Manifest, disk: Disk | None = None) -> str:
    """Write the manifest, as the last file of a shard folder.

    Args:
        folder: The folder; its shards and tables are there already.
        manifest: What it lists.
        disk: The calls to the operating system.

    Returns:
        The SHA-256 of the file.
    """
    plain = {"format": FORMAT, **settings.as_plain(manifest)}
    plain["splits"] = _sizes(manifest)
    return publish_json(folder / MANIFEST_FILE, {**plain, "sha256": _own_hash(plain)}, disk)


def manifest_bytes(folder: ShardFolder) -> bytes:
    """Read the file of a shard folder's manifest.

    Raises:
        UsageError: There is none, or it cannot be read.
    """
    if isinstance(folder, RemoteFolder):
        return folder.manifest
    path = folder / MANIFEST_FILE
    if not path.is_file():
        remedy = "run prep-market to its end, or give the folder that it wrote"
        raise UsageError(problem(folder, f"a shard folder with {MANIFEST_FILE}", "none", remedy))
    try:
        return read_regular(path)
    except OSError as error:
        remedy = "check the name"
        raise UsageError(problem(path, "a readable file", error.strerror, remedy)) from error


def open_manifest(folder: ShardFolder | str) -> Manifest:
    """Read the manifest of a shard folder and check it against its own hash.

    Args:
        folder: The folder, here or elsewhere.

    Returns:
        The manifest. The files that it lists are not touched.

    Raises:
        UsageError: There is none, or it is of a later version.
        DamagedError: It is not what was written.
    """
    folder = door.as_folder(folder)
    path = f"{folder}/{MANIFEST_FILE}"
    plain = json_of(manifest_bytes(folder), path)
    if not isinstance(plain, dict) or plain.get("format") != FORMAT:
        raise DamagedError(problem(path, "a manifest", "something else", REMEDY))
    if plain.pop("sha256", None) != _own_hash(plain):
        raise DamagedError(problem(path, "the text that was written", "another hash", REMEDY))
    version = plain.get("version")
    if version != VERSION:
        remedy = "use the version of posegan that wrote it"
        raise UsageError(problem(path, f"version {VERSION}", f"version {version}", remedy))
    try:
        return _from_plain(plain)
    except (UsageError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise DamagedError(problem(path, "a manifest", error, REMEDY)) from error


def require_shards(folder: ShardFolder, entries: Iterable[ShardEntry]) -> None:
    """Make sure that shards have their listed sizes, before arrays are made by their counts.

    Args:
        folder: The shard folder. Shards elsewhere are looked at when they come.
        entries: The shards.

    Raises:
        DamagedError: A shard is absent or of another size.
    """
    if isinstance(folder, RemoteFolder):
        return
    for entry in entries:
        path = folder / entry.file
        found = path.stat().st_size if path.is_file() else None
        if found != entry.num_bytes:
            what = "no such file" if found is None else f"{found:,} bytes"
            expected = f"a shard of {entry.num_bytes:,} bytes"
            raise DamagedError(problem(path, expected, what, REMEDY))


def listed_sha256(path: Path) -> str | None:
    """Look up a shard's hash in the manifest beside it; None without a manifest.

    Raises:
        DamagedError: The manifest is damaged, or does not list the shard.
    """
    if not (path.parent / MANIFEST_FILE).is_file():
        return None
    for entry in open_manifest(path.parent).shards:
        if entry.file == path.name:
            return entry.sha256
    found = "a shard that the manifest does not list"
    raise DamagedError(problem(path, "a shard of this folder", found, REMEDY))


def pairs_file(split: str) -> str:
    """Name a split's table of pairs."""
    return f"pairs-{split}.csv"


def _sizes(manifest: Manifest) -> dict[str, dict[str, int]]:
    return {
        split: {
            "num_shards": len(manifest.of_split(split)),
            "num_images": manifest.num_images(split),
            "num_pairs": manifest.num_pairs(split),
        }
        for split in schema.SPLITS
    }


def _own_hash(plain: Mapping[str, Any]) -> str:
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _require_tables(summary: Mapping[str, Any]) -> None:
    """Make sure that a summary can be printed."""
    for title, table in summary.items():
        columns, rows = table["columns"], table["rows"]
        lists = isinstance(columns, list) and isinstance(rows, list)
        if not lists or any(not isinstance(r, list) or len(r) != len(columns) for r in rows):
            raise ValueError(f"a table {title!r} of a summary that is none")


def _from_plain(plain: Mapping[str, Any]) -> Manifest:
    height, width = plain["image_size"]
    if not all(type(side) is int and side > 0 for side in (height, width)):
        raise ValueError(f"an image size of {plain['image_size']}")
    _require_tables(plain["summary"])
    shards = (settings.build(ShardEntry, entry, where="shards") for entry in plain["shards"])
    return Manifest(
        version=plain["version"],
        image_size=(height, width),
        shards=tuple(shards),
        settings=dict(plain["settings"]),
        versions=dict(plain["versions"]),
        files=dict(plain["files"]),
        summary=dict(plain["summary"]),
    )
