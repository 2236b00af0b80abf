"""DeepFashion in-shop, in its original folders or under the field's flattened names.

Convention:
    ``img/WOMEN/Dresses/id_00000002/02_1_front.jpg`` of the original is
    ``fashionWOMENDressesid0000000202_1front.jpg`` in the field's files, and that is the image's
    name here in both cases, so that the published key points and pairs fit. An identity is one
    item in one colour (``id_00000002``, ``02``: number 202): the pictures of which the field makes
    pairs. The split is that of the folders ``train`` and ``test``; else that of ``train.lst`` and
    ``test.lst``; else that of ``list_eval_partition.txt``, query and gallery for testing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
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
from preprocess.sources.reid_folders import unused
from preprocess.sources.search import folders_in
from preprocess.sources.source import SKIPPED, Listing, OtherFile, SourceImage, Verdict
from preprocess.sources.splitting import recorded, split_by_person, train_first

SPLITS: Final = ("train", "test")
ORIGINAL_FOLDERS: Final = (
    ("Img", "img"),
    ("img",),
    ("Img", "img_highres"),
    ("img_highres",),
    ("fashion",),
)
"""Where the original tree of MEN and WOMEN lies; the first that is there is taken."""

PARTITIONS: Final = ((("Eval",), "list_eval_partition.txt"), ((), "list_eval_partition.txt"))
LEAST_IMAGES: Final = 2
MAX_ITEM: Final = 20_000_000
"""Times 100 it still is a number of the shards; the data set's own end below 8,000."""

_FLAT: Final = re.compile(
    r"fashion(?:WO)?MEN[A-Za-z_]{1,40}?id_?(?P<item>\d{8})(?P<colour>\d{2})_\d{1,3}_?[a-z]{1,20}"
    r"\.(?:jpe?g|png)",
    re.ASCII,
)
_ORIGINAL: Final = re.compile(r"(?P<colour>\d{2})_(?P<number>\d{1,3})_(?P<view>.+)", re.ASCII)
_ROW: Final = re.compile(r"(?P<path>\S+)\s+\S+\s+(?P<use>train|query|gallery)", re.ASCII)


@dataclass(frozen=True)
class DeepFashion:
    """A data set of this kind that was found.

    Args:
        root: Its folder.
        how: What the user says about data sets.
    """

    root: Folder
    how: SourceSettings = field(default_factory=SourceSettings)

    KIND: ClassVar[str] = "deepfashion"
    SIGN: ClassVar[str] = "img/WOMEN, or images named fashionWOMEN…id…"

    @classmethod
    def is_root(cls, folder: Folder, entries: Sequence[Entry]) -> bool:
        """Tell whether images or the original tree lie in a folder, with its entries."""
        names = {entry.name for entry in entries}
        if any(way[0] in names for way in ORIGINAL_FOLDERS) and _original(folder) is not None:
            return True
        places = [folder_in(folder, split) for split in SPLITS if split in names]
        if any(_num_flat(entries_of(place)) for place in places if place is not None):
            return True
        return _num_flat(entries) >= LEAST_IMAGES

    @classmethod
    def at(cls, root: Folder, how: SourceSettings | None = None) -> Self:
        """Open the data set whose root is known."""
        return cls(root, how or SourceSettings())

    @property
    def has_split(self) -> bool:
        """Whether the data set says which images are for testing."""
        return bool(self._by_folder) or bool(self._split_of)

    @property
    def settings(self) -> Mapping[str, object]:
        """What decides how files are understood."""
        return {"kind": self.KIND, **recorded(self.how, has_split=self.has_split)}

    @cached_property
    def _by_folder(self) -> dict[str, Folder]:
        """The folders of the splits that hold flattened names."""
        found = {split: folder_in(self.root, split) for split in SPLITS}
        return {
            split: place for split, place in found.items() if place and _num_flat(entries_of(place))
        }

    @cached_property
    def _split_of(self) -> dict[str, str]:
        """Split of each image that a list names."""
        lists = [split for split in SPLITS if has_file(self.root, f"{split}.lst")]
        if lists:
            return {
                name.strip(): split
                for split in lists
                for name in lines_at(place_in(self.root, f"{split}.lst"))
            }
        for names, file in PARTITIONS:
            folder = folder_in(self.root, *names)
            if folder is not None and has_file(folder, file):
                rows = (_ROW.fullmatch(line.strip()) for line in lines_at(place_in(folder, file)))
                return {
                    flat_name(row["path"].split("/")[1:]): SPLITS[row["use"] != "train"]
                    for row in rows
                    if row is not None
                }
        return {}

    def listing(self) -> Listing:
        """List the images, train first; without a split the items are divided by a seed.

        Raises:
            UsageError: A folder or a list cannot be read.
        """
        images: list[SourceImage] = []
        others: list[OtherFile] = []
        for found in self._found():
            if isinstance(found, SourceImage):
                images.append(found)
            else:
                others.append(found)
        if self._by_folder:
            return Listing(tuple(train_first(images)), tuple(others))
        if not self._split_of:
            placed, said = split_by_person(images, self.how)
            return Listing(tuple(placed), tuple(others), (said,))
        splits = self._split_of
        kept = [replace(i, split=splits[i.name]) for i in images if i.name in splits]
        unlisted = Verdict(SKIPPED, "in no list of a split")
        others += [
            OtherFile(name=image.name, folder=image.folder, verdict=unlisted)
            for image in images
            if image.name not in splits
        ]
        return Listing(tuple(train_first(kept)), tuple(others))

    def _found(self) -> Iterator[SourceImage | OtherFile]:
        original = _original(self.root)
        if self._by_folder:
            for split, folder in self._by_folder.items():
                yield from _in_folder(folder, split, ())
        elif original is not None:
            for gender in folders_in(original):
                for category in folders_in(gender):
                    for item in folders_in(category):
                        yield from _in_folder(item, "", (gender.name, category.name, item.name))
        else:
            yield from _in_folder(self.root, "", ())


def flat_name(parts: list[str] | tuple[str, ...]) -> str:
    """Write the parts of an original path below ``img`` as the field's one name."""
    *above, item, file = parts if len(parts) > 1 else ("", *parts)
    match = _ORIGINAL.fullmatch(file)
    if match is None:
        return file
    view = match["view"].replace("_", "")
    return (
        f"fashion{''.join(above)}{item.replace('_', '')}{match['colour']}_{match['number']}{view}"
    )


def identity_of(name: str) -> int | None:
    """Read the item and its colour of a flattened name; None where it is another name."""
    match = _FLAT.fullmatch(name)
    if match is None or int(match["item"]) > MAX_ITEM:
        return None
    return 100 * int(match["item"]) + int(match["colour"])


def _in_folder(
    folder: Folder, split: str, above: tuple[str, ...]
) -> Iterator[SourceImage | OtherFile]:
    """List a folder whose images bear flattened names, or get them of the folders above."""
    for entry in entries_of(folder):
        name = flat_name((*above, entry.name)) if above else entry.name
        identity = None if entry.is_folder else identity_of(name)
        if identity is None:
            yield OtherFile(name=entry.name, folder=folder.name, split=split, verdict=unused(entry))
            continue
        path = "/".join((*above, entry.name))
        yield SourceImage(
            path=place_in(folder, entry.name),
            split=split,
            identity=identity,
            name=name,
            other_name="" if path == name else path,
            folder=folder.name,
            num_bytes=entry.num_bytes,
        )


def _original(folder: Folder) -> Folder | None:
    """Find the original tree in a folder."""
    for names in ORIGINAL_FOLDERS:
        found = folder_in(folder, *names)
        if found is not None and any(folder_in(found, gender) for gender in ("WOMEN", "MEN")):
            return found
    return None


def _num_flat(entries: Sequence[Entry]) -> int:
    found = [entry for entry in entries if identity_of(entry.name) is not None]
    return sum(not entry.is_folder for entry in found)
