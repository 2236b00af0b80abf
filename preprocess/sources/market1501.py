"""The Market-1501 folder: where its images are and what their names say.

Convention:
    A name is ``IDENTITY_cCAMERAsSEQUENCE_FRAME_BOX.jpg``, for example ``0002_c1s1_000451_03.jpg``;
    some copies of the data set have a second ``.jpg``. Identity -1 is junk, 0000 a distractor;
    neither is ever paired. Everything here only reads names, sizes and times; nothing is ever
    written into the source.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Self

from preprocess.sources.images import IMAGE_SUFFIXES
from preprocess.sources.source import LISTED, SKIPPED, Listing, OtherFile, SourceImage, Verdict
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
NEVER_PAIRED: Final = {
    JUNK: Verdict("junk", "identity -1"),
    DISTRACTOR: Verdict("distractor", "identity 0000"),
}
TWIN: Final = "the same name twice: also without the second .jpg"
ONLY_LISTED: Final = Verdict(LISTED, "only train and test images enter shards")

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
class Market1501:
    """A data set in Market-1501's layout that was found.

    Args:
        root: Folder that holds the image folders.
        splits: Split to its image folder.
        others: Further image folders that are only listed.
    """

    root: Path
    splits: Mapping[str, Path]
    others: tuple[Path, ...] = ()

    @classmethod
    def find(cls, src: Path) -> Self:
        """Find the data set at a folder or up to three levels below it.

        Raises:
            UsageError: There is none, or more than one.
        """
        root = _only_root(src)
        others = tuple(root / name for name in OTHER_FOLDERS if (root / name).is_dir())
        return cls(root, _split_folders(root), others)

    @property
    def settings(self) -> Mapping[str, object]:
        """Nothing: the names say everything."""
        return {}

    def listing(self) -> Listing:
        """List every file of the data set, train first, each folder sorted by name.

        Raises:
            UsageError: A folder cannot be read.
        """
        images: list[SourceImage] = []
        others: list[OtherFile] = []
        folders = [(folder, split) for split, folder in self.splits.items()]
        for folder, split in [*folders, *((folder, "") for folder in self.others)]:
            entries = _entries(folder)
            names = {entry.name for entry in entries if _says(entry) is not None}
            for entry in entries:
                said = _says(entry)
                if split and said is not None:
                    images.append(_image(entry, said, folder, split, names))
                else:
                    others.append(_other_file(entry, said, folder, split))
        return Listing(tuple(images), tuple(others))


def parse_name(name: str) -> ImageName | None:
    """Read an image's file name; None where it follows another pattern.

    Args:
        name: The bare file name. A second ``.jpg``, which some copies of the data set have, is
            accepted.
    """
    match = _NAME.fullmatch(name)
    return None if match is None else ImageName(**{k: int(v) for k, v in match.groupdict().items()})


def plain_name(name: str) -> str:
    """Drop the second ``.jpg`` of an image's name."""
    return name.removesuffix(".jpg") if name.endswith(".jpg.jpg") else name


def _says(entry: os.DirEntry[str]) -> ImageName | None:
    """Read an entry's name; None where it is a folder or no image name."""
    return None if _is_folder(entry) else parse_name(entry.name)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    """Tell whether an entry is a folder, or a link to one; a loop of links is none."""
    try:
        return entry.is_dir(follow_symlinks=True)
    except OSError:
        return False


def _image(
    entry: os.DirEntry[str], said: ImageName, folder: Path, split: str, names: Collection[str]
) -> SourceImage:
    plain = plain_name(entry.name)
    has_twin = plain != entry.name and plain in names
    try:
        num_bytes = entry.stat().st_size
    except OSError:
        num_bytes = 0  # a dangling link: reading it gives the reason
    return SourceImage(
        path=folder / entry.name,
        split=split,
        identity=said.identity,
        camera=said.camera,
        never_paired=NEVER_PAIRED.get(said.identity),
        name=entry.name,
        other_name="" if plain == entry.name else plain,
        folder=folder.name,
        num_bytes=num_bytes,
        fault=TWIN if has_twin else "",
        columns={"sequence": said.sequence, "frame": said.frame, "box": said.box},
    )


def _other_file(
    entry: os.DirEntry[str], said: ImageName | None, folder: Path, split: str
) -> OtherFile:
    if said is not None:
        verdict = ONLY_LISTED
    elif _is_folder(entry):
        verdict = Verdict(SKIPPED, "a folder")
    elif Path(entry.name).suffix.lower() in IMAGE_SUFFIXES:
        verdict = Verdict(SKIPPED, "another name pattern")
    else:
        verdict = Verdict(SKIPPED, "not an image")
    row = {} if said is None else asdict(said)
    return OtherFile(name=entry.name, folder=folder.name, split=split, verdict=verdict, row=row)


def _only_root(src: Path) -> Path:
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
    return roots[0]


def _roots(folder: Path, depth: int) -> Iterator[Path]:
    children = {entry.name for entry in _entries(folder) if _is_folder(entry)}
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


def _split_folders(root: Path) -> dict[str, Path]:
    splits: dict[str, Path] = {}
    for split, names in SPLIT_FOLDERS.items():
        found = [root / name for name in names if (root / name).is_dir()]
        original = [folder for folder in found if folder.name == names[0]]
        chosen = original or [f for f in found if _renamed_holds_images(root, {f.name})]
        if chosen:
            splits[split] = chosen[0]
    return splits


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        raise UsageError(
            problem(folder, "a folder that can be read", error.strerror, "check its permissions")
        ) from error
