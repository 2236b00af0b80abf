"""The Market-1501 folder: where its images are and what their names say.

Convention:
    A name is ``IDENTITY_cCAMERAsSEQUENCE_FRAME_BOX.jpg``, for example ``0002_c1s1_000451_03.jpg``.
    Identity -1 is junk, 0000 a distractor; neither is ever paired. Everything here only reads
    names, sizes and times; nothing is ever written into the source.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from shared.errors import UsageError, problem

SPLIT_FOLDERS: Final = {
    "train": ("bounding_box_train", "train"),
    "test": ("bounding_box_test", "test"),
}
"""The folders whose images enter the shards; the second name is the one that the field's
preparation scripts give."""

OTHER_FOLDERS: Final = ("query", "gt_bbox", "gt_query")
"""Folders whose images are only listed."""

MAX_DEPTH: Final = 3
JUNK: Final = -1
DISTRACTOR: Final = 0
DRAWN_MARKER: Final = "draw-market.json"
"""The file by which ``draw-market`` marks the data sets that it made."""

_NAME: Final = re.compile(
    r"(?P<identity>-1|\d{4,6})_c(?P<camera>\d{1,3})s(?P<sequence>\d{1,3})"
    r"_(?P<frame>\d{1,8})_(?P<box>\d{1,4})\.jpg(?:\.jpg)?",
    re.ASCII,
)
_IGNORED_FOLDERS: Final = frozenset({"__MACOSX"})


@dataclass(frozen=True)
class ImageName:
    """What the name of an image says.

    Args:
        identity: The person; -1 junk, 0 distractor.
        camera: Camera number.
        sequence: Sequence number.
        frame: Frame number.
        box: Number of the box in the frame.
    """

    identity: int
    camera: int
    sequence: int
    frame: int
    box: int


@dataclass(frozen=True)
class SourceFile:
    """One file of the data set.

    Args:
        path: Where it is.
        folder: Name of its folder, as it is on the disk.
        split: ``"train"``, ``"test"`` or ``""`` for folders that are only listed.
        name: What its name says; None where it is no image name.
        num_bytes: Size of the file.
        is_folder: It is a folder among the images.
    """

    path: Path
    folder: str
    split: str
    name: ImageName | None
    num_bytes: int
    is_folder: bool = False


@dataclass(frozen=True)
class Source:
    """A data set that was found.

    Args:
        root: Folder that holds the image folders.
        splits: Split to its image folder.
        others: Further image folders that are only listed.
    """

    root: Path
    splits: dict[str, Path]
    others: tuple[Path, ...]

    @property
    def is_drawn(self) -> bool:
        """Whether ``draw-market`` made this data set."""
        return (self.root / DRAWN_MARKER).is_file()

    @property
    def folders(self) -> dict[Path, str]:
        """Every image folder with its split ("" for those that are only listed)."""
        listed = dict.fromkeys(self.others, "")
        return {folder: split for split, folder in self.splits.items()} | listed


def parse_name(name: str) -> ImageName | None:
    """Read an image's file name; None where it follows another pattern.

    Args:
        name: The bare file name. A second ``.jpg``, which some copies of the data set have, is
            accepted.
    """
    match = _NAME.fullmatch(name)
    return None if match is None else ImageName(**{k: int(v) for k, v in match.groupdict().items()})


def plain_name(name: str) -> str:
    """Give an image's name without the second ``.jpg``."""
    return name.removesuffix(".jpg") if name.endswith(".jpg.jpg") else name


def find_source(src: Path) -> Source:
    """Find the data set at a folder or up to three levels below it.

    Raises:
        UsageError: There is none, or more than one.
    """
    if not src.is_dir():
        raise UsageError(problem(src, "a folder", "none of that name", "check --src"))
    roots = list(_roots(src, MAX_DEPTH))
    if not roots:
        expected = " or ".join(folder for folder, _ in SPLIT_FOLDERS.values())
        raise UsageError(
            problem(
                src,
                f"{expected} here or at most {MAX_DEPTH} levels below",
                "neither",
                "name the folder that the data set was unpacked to",
            )
        )
    if len(roots) > 1:
        found = ", ".join(str(root) for root in roots)
        raise UsageError(
            problem(src, "one data set", f"{len(roots)}: {found}", "name one of them as --src")
        )
    return _source_at(roots[0])


def refuse_writing_into(source: Source, out: Path) -> None:
    """Make sure that the output does not go into the data set.

    Raises:
        UsageError: The output folder is the data set's folder or lies in it.
    """
    resolved, root = out.resolve(), source.root.resolve()
    if resolved == root or root in resolved.parents:
        raise UsageError(
            problem(out, "a folder outside the data set", f"one in {root}", "choose another --out")
        )


def list_files(source: Source) -> list[SourceFile]:
    """List every file of the data set, train first, each folder sorted by name.

    Raises:
        UsageError: A folder cannot be read.
    """
    files = []
    for folder, split in source.folders.items():
        for entry in _entries(folder):
            is_folder = entry.is_dir(follow_symlinks=True)
            name = None if is_folder else parse_name(entry.name)
            try:
                num_bytes = 0 if is_folder else entry.stat().st_size
            except OSError:
                num_bytes = 0  # a dangling link: reading it gives the reason
            files.append(
                SourceFile(folder / entry.name, folder.name, split, name, num_bytes, is_folder)
            )
    return files


def listing_key(files: Iterable[SourceFile]) -> str:
    """Give the SHA-256 of the train and test folders' names and sizes."""
    digest = hashlib.sha256()
    for file in files:
        if file.split and file.name is not None:
            line = f"{file.split}/{file.path.name}\0{file.num_bytes}\n"
            digest.update(line.encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _roots(folder: Path, depth: int) -> Iterator[Path]:
    children = {entry.name for entry in _entries(folder) if entry.is_dir()}
    original = {names[0] for names in SPLIT_FOLDERS.values()}
    renamed = {names[1] for names in SPLIT_FOLDERS.values()}
    if children & original or _renamed_holds_images(folder, children & renamed):
        yield folder
        return
    if depth > 0:
        for child in sorted(children - _IGNORED_FOLDERS):
            if not child.startswith("."):
                yield from _roots(folder / child, depth - 1)


def _renamed_holds_images(folder: Path, names: set[str]) -> bool:
    """Tell whether ``train`` or ``test`` really holds such images: the names are common ones."""
    return any(
        parse_name(entry.name) is not None for name in names for entry in _entries(folder / name)
    )


def _source_at(root: Path) -> Source:
    splits: dict[str, Path] = {}
    for split, names in SPLIT_FOLDERS.items():
        found = [root / name for name in names if (root / name).is_dir()]
        original = [folder for folder in found if folder.name == names[0]]
        chosen = original or [f for f in found if _renamed_holds_images(root, {f.name})]
        if chosen:
            splits[split] = chosen[0]
    others = tuple(root / name for name in OTHER_FOLDERS if (root / name).is_dir())
    return Source(root, splits, others)


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        raise UsageError(
            problem(folder, "a folder that can be read", error.strerror, "check its permissions")
        ) from error
