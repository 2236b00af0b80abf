"""MSMT17: folders of people beside lists that say who is for training, query and gallery.

Convention:
    A line of ``list_train.txt``, ``list_val.txt``, ``list_query.txt`` or ``list_gallery.txt`` is
    ``0000/0000_000_01_0303morning_0015_0.jpg 0``: a path below the image folder, and the label of
    the person, which counts from 0 anew in the test lists. So that one number is one person,
    people of the test lists get their label plus :data:`TEST_FROM`. The camera is the third field
    of the name. Names alone may be there twice, in train and test; key points call an image by its
    path below the root. Train and validation enter the train shards, the gallery the test shards;
    queries are only listed, as those of Market-1501.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Final, Self

from preprocess.settings import SourceSettings
from preprocess.sources.places import (
    Entry,
    Folder,
    entries_of,
    folder_in,
    has_file,
    lines_at,
    place_in,
)
from preprocess.sources.reid_folders import ONLY_LISTED
from preprocess.sources.search import is_image
from preprocess.sources.source import (
    SKIPPED,
    UNKNOWN_CAMERA,
    Listing,
    OtherFile,
    SourceImage,
    Verdict,
)
from shared.errors import UsageError, problem

LISTS: Final = {"train": ("list_train.txt", "list_val.txt"), "test": ("list_gallery.txt",)}
"""Split to the lists whose images enter its shards."""

QUERY_LIST: Final = "list_query.txt"
FOLDERS: Final = {
    "train": ("train", "mask_train_v2", "mask_train"),
    "test": ("test", "mask_test_v2", "mask_test"),
}
"""Split to the names that its image folder has in the versions of the data set."""

TEST_FROM: Final = 1_000_000
"""The number of the first person of the test lists."""

NO_FILE: Final = "in a list, but not in the folder"

_LINE: Final = re.compile(r"(?P<path>\S.*\S)\s+(?P<label>\d{1,6})", re.ASCII)
_CAMERA: Final = re.compile(r"[^_]+_[^_]+_(?P<camera>\d{1,4})_.*", re.ASCII)


@dataclass(frozen=True)
class _Row:
    """A line of a list: the person's folder, the file's name, and the label."""

    folder: str
    name: str
    label: int

    def path_in(self, folder: Folder) -> str:
        """The file's path below the root, by the image folder."""
        return "/".join(filter(None, (folder.name, self.folder, self.name)))

    @property
    def camera(self) -> int:
        """The camera that the name tells."""
        match = _CAMERA.fullmatch(self.name)
        return UNKNOWN_CAMERA if match is None else int(match["camera"])


@dataclass(frozen=True)
class Msmt17:
    """A data set in MSMT17's layout that was found.

    Args:
        root: Folder that holds the lists.
        how: What the user says about data sets.
    """

    root: Folder
    how: SourceSettings = field(default_factory=SourceSettings)

    KIND: ClassVar[str] = "msmt17"
    SIGN: ClassVar[str] = "list_train.txt or list_gallery.txt"

    @classmethod
    def is_root(cls, folder: Folder, entries: Sequence[Entry]) -> bool:
        """Tell whether the lists lie in a folder, with its entries."""
        names = {lists[0] for lists in LISTS.values()}
        return any(entry.name in names and not entry.is_folder for entry in entries)

    @classmethod
    def at(cls, root: Folder, how: SourceSettings | None = None) -> Self:
        """Open the data set whose root is known."""
        return cls(root, how or SourceSettings())

    @property
    def has_split(self) -> bool:
        """Whether the data set says which images are for testing."""
        return True

    @property
    def settings(self) -> Mapping[str, object]:
        """What decides how files are understood."""
        return {"kind": self.KIND}

    def listing(self) -> Listing:
        """List the images of the lists, train first, and what else lies in their folders.

        Raises:
            UsageError: A list or a folder cannot be read, or a line is none of a list.
        """
        images: list[SourceImage] = []
        others: list[OtherFile] = []
        for split, lists in LISTS.items():
            rows = [row for name in lists for row in self._rows(name)]
            queries = list(self._rows(QUERY_LIST)) if split == "test" else []
            if not rows and not queries:
                continue
            folder = self._image_folder(split)
            found = {row.folder: _files(folder, row.folder) for row in (*rows, *queries)}
            images += [_image(row, split, folder, found[row.folder]) for row in rows]
            others += [_query(row, folder) for row in queries]
            others += _unlisted(rows + queries, split, found)
        return Listing(tuple(images), tuple(others))

    def _rows(self, name: str) -> Iterator[_Row]:
        if not has_file(self.root, name):
            return
        for number, line in enumerate(lines_at(place_in(self.root, name)), 1):
            match = _LINE.fullmatch(line.strip())
            if match is None and not line.strip():
                continue
            parts = [] if match is None else match["path"].split("/")
            odd = {"", ".", ".."} & set(parts) or not all(map(str.isprintable, parts))
            if match is None or odd or "\\" in line:
                where, remedy = f"{place_in(self.root, name)}:{number}", "correct the line"
                expected = "a path and a label, as 0000/0000_000_01_0303morning_0015_0.jpg 0"
                raise UsageError(problem(where, expected, repr(line[:60]), remedy))
            yield _Row("/".join(parts[:-1]), parts[-1], int(match["label"]))

    def _image_folder(self, split: str) -> Folder:
        for name in FOLDERS[split]:
            found = folder_in(self.root, name)
            if found is not None:
                return found
        expected, remedy = " or ".join(FOLDERS[split]), "unpack the images beside the lists"
        raise UsageError(problem(self.root, expected, "none of them", remedy))


def _files(folder: Folder, below: str) -> Mapping[str, Entry]:
    """What lies in a person's folder, by name; nothing where there is none."""
    found = folder_in(folder, *below.split("/")) if below else folder
    return {} if found is None else {entry.name: entry for entry in entries_of(found)}


def _image(row: _Row, split: str, folder: Folder, files: Mapping[str, Entry]) -> SourceImage:
    entry = files.get(row.name)
    person = (folder_in(folder, *row.folder.split("/")) if row.folder else folder) or folder
    return SourceImage(
        path=place_in(person, row.name),
        split=split,
        identity=row.label + (TEST_FROM if split == "test" else 0),
        camera=row.camera,
        name=row.name,
        other_name=row.path_in(folder),
        folder=folder.name,
        num_bytes=0 if entry is None else entry.num_bytes,
        fault=NO_FILE if entry is None else "",
    )


def _query(row: _Row, folder: Folder) -> OtherFile:
    known = {"identity": row.label + TEST_FROM, "camera": row.camera}
    return OtherFile(name=row.path_in(folder), folder="query", verdict=ONLY_LISTED, row=known)


def _unlisted(
    rows: list[_Row], split: str, found: Mapping[str, Mapping[str, Entry]]
) -> Iterator[OtherFile]:
    listed = {(row.folder, row.name) for row in rows}
    for folder, entries in found.items():
        for name, entry in entries.items():
            if (folder, name) not in listed and not entry.is_folder:
                reason = "in no list" if is_image(entry) else "not an image"
                verdict = Verdict(SKIPPED, reason)
                yield OtherFile(name=name, folder=folder, split=split, verdict=verdict)
