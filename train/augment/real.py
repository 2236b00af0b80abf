"""The real images: found in the data set that the shards were made from, linked or copied.

Convention:
    What no tool should read is left out and counted: other files than ``*.jpg``, names without an
    identity and a camera, pictures that cannot be opened, and, but for the gallery, junk and
    distractors.
"""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from data_manifest.reid.reading import MARKET_FOLDERS, market_root
from shared.console import Console
from shared.errors import UsageError, problem
from shared.files import Disk, publish, publishing_error
from shared.owned_folder import OwnedFolder
from shared.pictures import RefusedPictureError, content_of, size_of
from train.augment.people import NUM_NAMED, People, bare_stem
from train.reid.labels import DISTRACTOR, label_of

SUFFIX: Final = ".jpg"
NEVER_READ: Final = (".db", ".mat", ".txt", ".json", ".csv")
NO_LINK: Final = (errno.EXDEV, errno.EPERM, errno.EACCES, errno.EMLINK, errno.ENOTSUP)
"""What the system says where a file cannot have a second name: it is copied then."""


@dataclass(frozen=True)
class RealImage:
    """A real image.

    Args:
        part: ``"train"``, ``"query"`` or ``"gallery"``.
        name: File name.
        path: Where it lies.
        num_bytes: Size of the file.
    """

    part: str
    name: str
    path: Path
    num_bytes: int


@dataclass(frozen=True)
class RealImages:
    """The real images of a data set.

    Args:
        images: In the order of parts and names.
        left_out: A line ``name: reason`` for each file that no tool should read.
        sha256: Of parts, names and contents.
    """

    images: tuple[RealImage, ...]
    left_out: tuple[str, ...]
    sha256: str


def find_real(market: Path, parts: Sequence[str], console: Console) -> RealImages:
    """Read the data set once: which of its files are images that tools should see.

    Raises:
        UsageError: A folder of the layout is missing or cannot be read.
    """
    root = market_root(market) or market
    entries = [(part, path) for part in parts for path in _files(root / MARKET_FOLDERS[part])]
    images, left_out, digest = [], [], hashlib.sha256()
    with console.stage("real images", len(entries)) as stage:
        for part, path in entries:
            reason, data = _usable(part, path)
            if reason:
                left_out.append(f"{path.name}: {reason}")
            else:
                content = hashlib.sha256(data).hexdigest()
                digest.update(f"{part}/{path.name} {content}\n".encode("utf-8", "surrogateescape"))
                images.append(RealImage(part, path.name, path, len(data)))
            stage.advance()
    return RealImages(tuple(images), tuple(left_out), digest.hexdigest())


def require_sources(real: RealImages, people: People, market: Path) -> None:
    """Make sure that the shards were made from this data set.

    Raises:
        UsageError: A train image of the shards is not among its train images.
    """
    there = {bare_stem(image.name) for image in real.images if image.part == "train"}
    missing = [name for name in people.names if bare_stem(name) not in there]
    if missing:
        shown = ", ".join(map(repr, missing[:NUM_NAMED]))
        found = f"{len(missing):,} of {len(people):,} missing: {shown}"
        remedy = "name the data set that the shards were made from"
        raise UsageError(problem(market, "the train images of the shards", found, remedy))


class RealFiles:
    """Puts real images into the output folder.

    Args:
        owned: The folder, in which their places are intended.
        link: Give the original file a second name where the disk can.
    """

    def __init__(self, owned: OwnedFolder, *, link: bool) -> None:
        self._owned = owned
        self._link = link
        self.num_linked = 0
        self.num_copied = 0

    def put(self, place: str, image: RealImage) -> None:
        """Put one image into its place, which is free.

        Raises:
            UsageError: The original cannot be read, or the place cannot be written.
            NoSpaceError: The disk is full.
        """
        path = self._owned.path / place
        if self._link and _linked(image.path, path, self._owned.disk):
            self.num_linked += 1
            return
        try:
            data = content_of(image.path)
        except RefusedPictureError as refusal:
            remedy = "let nothing change the data set, then repeat the command"
            raise UsageError(problem(image.path, "a readable picture", refusal, remedy)) from None
        publish(path, data, self._owned.disk)
        self.num_copied += 1


def _linked(original: Path, path: Path, disk: Disk | None) -> bool:
    """Give a file a second name; False where that cannot be."""
    if original.is_symlink():
        return False
    try:
        os.link(original, path)
        (disk or Disk()).flush_folder(path.parent)
    except OSError as error:
        if error.errno in NO_LINK:
            return False
        raise publishing_error(path, error) from error
    return True


def _files(folder: Path) -> list[Path]:
    """List the files of a folder that could be images, by name."""
    try:
        with os.scandir(folder) as entries:
            names = sorted(entry.name for entry in entries if not _is_folder(entry))
    except OSError as error:
        expected = ", ".join(MARKET_FOLDERS.values())
        remedy = "name a data set in Market-1501's layout as --market"
        raise UsageError(problem(folder, f"{expected}", error.strerror, remedy)) from error
    return [folder / name for name in names if not name.startswith(".") and not _is_aside(name)]


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a loop of links
        return False


def _is_aside(name: str) -> bool:
    return name.lower().endswith(NEVER_READ)


def _usable(part: str, path: Path) -> tuple[str, bytes]:
    """Return why a file is left out, empty where it is not, and its content."""
    label = label_of(path.name)
    if not path.name.endswith(SUFFIX):
        return f"no *{SUFFIX}", b""
    if label is None or not path.name.isprintable():
        return "a name without IDENTITY_cCAMERA", b""
    if part != "gallery" and label.identity <= DISTRACTOR:
        return "junk or a distractor", b""
    try:
        data = content_of(path)
        size_of(data)
    except RefusedPictureError as refusal:
        return str(refusal), b""
    return "", data


def bytes_of(places: Mapping[str, RealImage]) -> int:
    """Add up the real images' bytes."""
    return sum(image.num_bytes for image in places.values())
