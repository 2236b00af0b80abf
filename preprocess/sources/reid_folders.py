"""The folders of re-identification data sets: train and test pictures whose names say who it is.

Convention:
    ``bounding_box_train`` and ``bounding_box_test`` (also named ``train`` and ``test``) enter the
    shards; ``query`` and the like are only listed. Everything here reads names, sizes and times;
    nothing is ever written into the source.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Final, Self

from preprocess.settings import SourceSettings
from preprocess.sources.places import (
    Entry,
    Folder,
    entries_of,
    folder_in,
    opened,
    place_in,
)
from preprocess.sources.search import is_image, only_root, roots
from preprocess.sources.source import LISTED, SKIPPED, Listing, OtherFile, SourceImage, Verdict

SPLIT_FOLDERS: Final = {
    "train": ("bounding_box_train", "train"),
    "test": ("bounding_box_test", "test"),
}
"""The folders whose images enter the shards; the second name is the one that the field's
preparation scripts give."""

FOLDER_NAMES: Final = tuple(name for names in SPLIT_FOLDERS.values() for name in names)

OTHER_FOLDERS: Final = ("query", "gt_bbox", "gt_query")
"""Folders whose images are only listed."""

TWIN: Final = "the same name twice: also without the second .jpg"
ONLY_LISTED: Final = Verdict(LISTED, "only train and test images enter shards")


@dataclass(frozen=True, slots=True)
class Said:
    """What the name of an image says.

    Args:
        identity: The person.
        camera: Number of the camera.
        columns: Further columns of ``images.csv``.
    """

    identity: int
    camera: int
    columns: Mapping[str, int] = field(default_factory=dict)

    @property
    def row(self) -> dict[str, int]:
        """All of it as columns."""
        return {"identity": self.identity, "camera": self.camera, **self.columns}


@dataclass(frozen=True)
class ReidFolders:
    """A data set in such folders that was found; its kind says how names are read.

    Args:
        root: Folder that holds the image folders.
        splits: Split to its image folder.
        others: Further image folders that are only listed.
        how: What the user says about data sets.
    """

    root: Folder
    splits: Mapping[str, Folder]
    others: tuple[Folder, ...] = ()
    how: SourceSettings = field(default_factory=SourceSettings)

    KIND: ClassVar[str]
    SIGN: ClassVar[str]
    NEVER_PAIRED: ClassVar[Mapping[int, Verdict]]

    @classmethod
    def find(cls, src: Path) -> Self:
        """Find the data set at a folder or up to three levels below it.

        Raises:
            UsageError: There is none, or more than one.
        """
        here = opened(src)
        found = [(cls.KIND, root) for root in roots(here, cls.is_root)]
        return cls.at(only_root(src, found, cls.SIGN))

    @classmethod
    def at(cls, root: Folder, how: SourceSettings | None = None) -> Self:
        """Open the data set whose root is known."""
        others = [folder_in(root, name) for name in OTHER_FOLDERS]
        found = tuple(folder for folder in others if folder is not None)
        return cls(root, cls._split_folders(root), found, how or SourceSettings())

    @classmethod
    def is_root(cls, folder: Folder, entries: Sequence[Entry]) -> bool:
        """Tell whether the image folders lie in a folder, with its entries."""
        raise NotImplementedError

    @classmethod
    def says(cls, name: str) -> Said | None:
        """Read the name of a file; None where it is no image of the data set."""
        raise NotImplementedError

    @property
    def has_split(self) -> bool:
        """Whether the data set says which images are for testing."""
        return True

    @property
    def settings(self) -> Mapping[str, object]:
        """What decides how files are understood."""
        return {"kind": self.KIND}

    def listing(self) -> Listing:
        """List every file of the data set, train first, each folder sorted by name.

        Raises:
            UsageError: A folder cannot be read.
        """
        images: list[SourceImage] = []
        others: list[OtherFile] = []
        folders = [(folder, split) for split, folder in self.splits.items()]
        for folder, split in [*folders, *((folder, "") for folder in self.others)]:
            enters = folder in self.splits.values()
            entries = entries_of(folder)
            read = [self._reads(entry) for entry in entries]
            names = {e.name for e, said in zip(entries, read, strict=True) if said is not None}
            for entry, said in zip(entries, read, strict=True):
                if enters and said is not None:
                    images.append(self._image(entry, said, folder, split, names))
                else:
                    others.append(_other_file(entry, said, folder, split))
        return Listing(tuple(images), tuple(others))

    @classmethod
    def _split_folders(cls, root: Folder) -> dict[str, Folder]:
        splits: dict[str, Folder] = {}
        for split, names in SPLIT_FOLDERS.items():
            original, renamed = (folder_in(root, name) for name in names)
            if original is not None:
                splits[split] = original
            elif renamed is not None and cls.holds_images(renamed):
                splits[split] = renamed
        return splits

    @classmethod
    def holds_images(cls, folder: Folder | None) -> bool:
        """Tell whether a folder really holds such images: names like ``train`` are common."""
        entries = () if folder is None else entries_of(folder)
        return any(cls.says(entry.name) is not None for entry in entries)

    def _reads(self, entry: Entry) -> Said | None:
        """Read an entry's name; None where it is a folder or no image name."""
        return None if entry.is_folder else self.says(entry.name)

    def _image(
        self, entry: Entry, said: Said, folder: Folder, split: str, names: Collection[str]
    ) -> SourceImage:
        plain = plain_name(entry.name)
        has_twin = plain != entry.name and plain in names
        return SourceImage(
            path=place_in(folder, entry.name),
            split=split,
            identity=said.identity,
            camera=said.camera,
            never_paired=self.NEVER_PAIRED.get(said.identity),
            name=entry.name,
            other_name="" if plain == entry.name else plain,
            folder=folder.name,
            num_bytes=entry.num_bytes,
            fault=TWIN if has_twin else "",
            columns=said.columns,
        )


def plain_name(name: str) -> str:
    """Drop the second ``.jpg`` of an image's name, which some copies of data sets have."""
    return name.removesuffix(".jpg") if name.endswith(".jpg.jpg") else name


def _other_file(entry: Entry, said: Said | None, folder: Folder, split: str) -> OtherFile:
    verdict = unused(entry) if said is None else ONLY_LISTED
    row = {} if said is None else said.row
    return OtherFile(name=entry.name, folder=folder.name, split=split, verdict=verdict, row=row)


def unused(entry: Entry) -> Verdict:
    """Say why an entry that is no image of the data set is not used."""
    if entry.is_folder:
        return Verdict(SKIPPED, "a folder")
    if is_image(entry):
        return Verdict(SKIPPED, "another name pattern")
    return Verdict(SKIPPED, "not an image")
