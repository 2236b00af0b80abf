"""What a data set on disk is to the rest of stage 1: the images that it lists.

A data set is a class of its own file that keeps :class:`Source`, and a row in ``registry.py``.
Whatever its names, folders and numbers mean stays in that file; from here on an image is a record.

Convention:
    Images are listed train before test, each split in an order that depends on names alone. A
    name stands for its image in shards, tables, key points and pair lists: printable, without
    folders, and each only once in a split.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from preprocess.sources.places import Folder, Place, on_disk
from shared.errors import UsageError, problem

LISTED: Final = "listed"
"""Status of an image that its data set keeps out of the shards."""

SKIPPED: Final = "skipped"
"""Status of a file that is no image of the data set."""

UNKNOWN_CAMERA: Final = -1


@dataclass(frozen=True)
class Verdict:
    """Why a file does not take part, in the words of ``images.csv``.

    Args:
        status: One word for the kind, for example ``"junk"``.
        reason: The reason.
    """

    status: str
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceImage:
    """One image of a data set's train or test split.

    Args:
        path: Where it is.
        split: ``"train"`` or ``"test"``.
        identity: Whom it shows; 0 or more where it may be paired.
        camera: Number of the camera, -1 where unknown.
        never_paired: Why no pair may be made of it, None where nothing forbids it.
        name: Its name, see the module's convention.
        other_name: A second name by which key points and pair lists may know it, "" for none.
        folder: The folder that ``images.csv`` names.
        num_bytes: Size of the file.
        fault: Why it cannot be used, where that is known without reading it, else "".
        columns: What it has to say in further columns of ``images.csv``.
    """

    path: Place
    split: str
    identity: int
    camera: int = UNKNOWN_CAMERA
    never_paired: Verdict | None = None
    name: str
    other_name: str = ""
    folder: str
    num_bytes: int
    fault: str = ""
    columns: Mapping[str, int] = field(default_factory=dict)

    @property
    def may_be_paired(self) -> bool:
        """Whether pairs of this image may be made."""
        return self.never_paired is None

    @property
    def row(self) -> dict[str, int]:
        """The numbers of its row in ``images.csv``."""
        return {"identity": self.identity, "camera": self.camera, **self.columns}


@dataclass(frozen=True, kw_only=True, slots=True)
class OtherFile:
    """A file of a data set that is listed in ``images.csv`` and never read.

    Args:
        name: Its name.
        folder: The folder that ``images.csv`` names.
        split: The split whose folder it lies in, "" for none.
        verdict: Why it is not used.
        row: The numbers of its row in ``images.csv``.
    """

    name: str
    folder: str
    split: str = ""
    verdict: Verdict
    row: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Listing:
    """All files of a data set, in the data set's order.

    Args:
        images: The images of the train and test splits.
        others: All other files that are worth a row in ``images.csv``.
        remarks: Lines for the user about what was found and decided.

    Raises:
        UsageError: Two images of a split have the same name, or an image that may be paired has
            no number of a person.
    """

    images: tuple[SourceImage, ...]
    others: tuple[OtherFile, ...] = ()
    remarks: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        seen: dict[tuple[str, str], Place] = {}
        for image in self.images:
            key = (image.split, image.name)
            if key in seen:
                found = f"it at {seen[key]} too"
                raise UsageError(problem(image.path, "each name once", found, "rename one of them"))
            seen[key] = image.path
            if image.may_be_paired and image.identity < 0:
                expected, remedy = "identity 0 or more", "number the people, or say never paired"
                raise UsageError(problem(image.path, expected, image.identity, remedy))

    @property
    def key(self) -> str:
        """The SHA-256 of the images' names and sizes."""
        digest = hashlib.sha256()
        for image in self.images:
            line = f"{image.split}/{image.name}\0{image.num_bytes}\n"
            digest.update(line.encode("utf-8", "surrogateescape"))
        return digest.hexdigest()


class Source(Protocol):
    """A data set that was found on the disk."""

    @property
    def root(self) -> Folder:
        """Folder that holds the data set; nothing is ever written into it."""

    @property
    def settings(self) -> Mapping[str, object]:
        """What else decides how files are understood, as plain values for the run's record."""

    def listing(self) -> Listing:
        """List the files, reading their names, sizes and times but no content.

        Raises:
            UsageError: A folder cannot be read.
        """


def refuse_writing_into(source: Source, out: Path) -> None:
    """Make sure that the output does not go into the data set.

    Raises:
        UsageError: The output folder is the data set's folder or lies in it.
    """
    places = (out, on_disk(source.root))
    resolved, root = (Path(os.path.realpath(place)) for place in places)
    if resolved == root or root in resolved.parents:
        raise UsageError(
            problem(out, "a folder outside the data set", f"one in {root}", "choose another --out")
        )
