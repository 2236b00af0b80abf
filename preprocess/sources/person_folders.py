"""Any folder of person images: a folder for each person, or a table that says who is on which.

Convention:
    ``ROOT/PERSON/IMAGE`` has no split and gets one by person; ``ROOT/train/PERSON/IMAGE`` and
    ``ROOT/test/PERSON/IMAGE`` say it. With labels, images lie anywhere below the root. An image's
    name is that of its file where it begins with ``PERSON_``, else ``PERSON_IMAGE``; with labels
    it is its path, parts joined by ``_``. Its path is its other name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Final, Self

from data_manifest.rules import is_plain_name
from data_manifest.schema import MAX_NAME_BYTES
from preprocess.settings import SourceSettings
from preprocess.sources.labels import Label, Labels, numbered, read_labels
from preprocess.sources.places import Entry, Folder, entries_of, folder_in, place_in
from preprocess.sources.reid_folders import unused
from preprocess.sources.search import folders_in, is_image
from preprocess.sources.source import (
    SKIPPED,
    UNKNOWN_CAMERA,
    Listing,
    OtherFile,
    SourceImage,
    Verdict,
)
from preprocess.sources.splitting import recorded, split_by_person, train_first

SPLITS: Final = ("train", "test")
LEAST_PEOPLE: Final = 2
MAX_LEVELS: Final = 16
"""How deep images with labels may lie."""

LONG_NAME: Final = f"a name of more than {MAX_NAME_BYTES} bytes"
UNLABELLED: Final = Verdict(SKIPPED, "no row in the labels")
_CAMERA: Final = re.compile(r".*?_c(?P<camera>\d{1,4})(?!\d).*", re.ASCII)


@dataclass(frozen=True)
class _Found:
    """An image with what is known of it."""

    entry: Entry
    folder: Folder
    parts: tuple[str, ...]
    name: str
    label: Label


@dataclass(frozen=True)
class PersonFolders:
    """A data set of this kind that was found.

    Args:
        root: Its folder.
        how: What the user says about data sets.
        labels: The table, where there is one.
    """

    root: Folder
    how: SourceSettings = field(default_factory=SourceSettings)
    labels: Labels | None = None

    KIND: ClassVar[str] = "folders"
    SIGN: ClassVar[str] = "a folder of images for each person"

    @classmethod
    def is_root(cls, folder: Folder, entries: Sequence[Entry]) -> bool:
        """Tell whether people's folders lie in a folder: at least two, and no other folders."""
        splits = any(entry.name in SPLITS for entry in entries)
        for place in (*((_split_folders(folder) if splits else {}).values()), folder):
            below = folders_in(place, entries if place is folder else None)
            if len(below) >= LEAST_PEOPLE and all(map(_holds_images, below)):
                return True
        return False

    @classmethod
    def at(cls, root: Folder, how: SourceSettings | None = None) -> Self:
        """Open the data set whose root is known.

        Raises:
            UsageError: The labels cannot be read.
        """
        how = how or SourceSettings()
        return cls(root, how, None if how.labels is None else read_labels(how.labels))

    @property
    def has_split(self) -> bool:
        """Whether the data set says which images are for testing."""
        if self.labels is not None:
            return self.labels.has_split
        return bool(_split_folders(self.root))

    @property
    def settings(self) -> Mapping[str, object]:
        """What decides how files are understood."""
        labels = {} if self.labels is None else {"labels": self.labels.file.named_hash}
        return {"kind": self.KIND, **labels, **recorded(self.how, has_split=self.has_split)}

    def listing(self) -> Listing:
        """List the images, train first; without a split the people are divided by a seed.

        Raises:
            UsageError: A folder cannot be read.
        """
        found: list[_Found] = []
        others: list[OtherFile] = []
        for one in self._labelled() if self.labels is not None else self._by_person():
            if isinstance(one, OtherFile):
                others.append(one)
            else:
                found.append(one)
        numbers, are_own = numbered([one.label.person for one in found])
        images = [_image(one, numbers[one.label.person]) for one in found]
        remarks = self._remarks(found, numbers, are_own=are_own)
        if self.has_split:
            return Listing(tuple(train_first(images)), tuple(others), remarks)
        placed, said = split_by_person(images, self.how)
        return Listing(tuple(placed), tuple(others), (*remarks, said))

    def _remarks(
        self, found: list[_Found], numbers: Mapping[str, int], *, are_own: bool
    ) -> tuple[str, ...]:
        said = []
        if not are_own:
            said.append(f"people are numbered from 0 to {len(numbers) - 1:,} in the order of names")
        splits = [{one.label.person for one in found if one.label.split == s} for s in SPLITS]
        if both := sorted(splits[0] & splits[1]):
            said.append(f"{len(both):,} people are in both splits, {both[0]} among them")
        if self.labels is not None:
            seen = {"/".join(one.parts) for one in found}
            if absent := [name for name in self.labels.by_name if name not in seen]:
                said.append(f"{len(absent):,} labels have no image, {absent[0]} among them")
        return tuple(said)

    def _by_person(self) -> Iterator[_Found | OtherFile]:
        for split, folder in (_split_folders(self.root) or {"": self.root}).items():
            for person in folders_in(folder):
                for entry in entries_of(person):
                    own = entry.name.startswith(f"{person.name}_")
                    name = entry.name if own else f"{person.name}_{entry.name}"
                    is_plain = is_plain_name(name.encode("utf-8", "surrogateescape"))
                    if not is_image(entry) or not is_plain:
                        yield OtherFile(
                            name=entry.name, folder=person.name, split=split, verdict=_unused(entry)
                        )
                        continue
                    match = _CAMERA.fullmatch(entry.name)
                    camera = UNKNOWN_CAMERA if match is None else int(match["camera"])
                    label = Label(person.name, camera, split)
                    yield _Found(entry, person, (person.name, entry.name), name, label)

    def _labelled(self) -> Iterator[_Found | OtherFile]:
        by_name = {} if self.labels is None else self.labels.by_name
        for folder, entry, parts in _walk(self.root, ()):
            label = by_name.get("/".join(parts))
            if label is not None and is_image(entry):
                yield _Found(entry, folder, parts, "_".join(parts), label)
            else:
                verdict = UNLABELLED if is_image(entry) else _unused(entry)
                yield OtherFile(name=entry.name, folder=folder.name, verdict=verdict)


def _image(found: _Found, identity: int) -> SourceImage:
    path = "/".join(found.parts)
    return SourceImage(
        path=place_in(found.folder, found.entry.name),
        split=found.label.split,
        identity=identity,
        camera=found.label.camera,
        name=found.name,
        other_name="" if path == found.name else path,
        folder=found.folder.name,
        num_bytes=found.entry.num_bytes,
        fault=LONG_NAME if len(found.name.encode()) > MAX_NAME_BYTES else "",
    )


def holds_people(folder: Folder) -> bool:
    """Tell whether any folder of a person lies in a folder; enough where the kind was named."""
    return bool(_split_folders(folder)) or any(map(_holds_images, folders_in(folder)))


def _split_folders(folder: Folder) -> dict[str, Folder]:
    """The folders of the splits, where people's folders lie in them."""
    found = {split: folder_in(folder, split) for split in SPLITS}
    return {
        split: place
        for split, place in found.items()
        if place is not None and any(map(_holds_images, folders_in(place)))
    }


def _holds_images(folder: Folder) -> bool:
    return any(is_image(entry) for entry in entries_of(folder))


def _walk(
    folder: Folder, above: tuple[str, ...]
) -> Iterator[tuple[Folder, Entry, tuple[str, ...]]]:
    """List every file below a folder, with the parts of its path."""
    for entry in entries_of(folder):
        parts = (*above, entry.name)
        below = folder_in(folder, entry.name) if entry.is_folder else None
        if not entry.is_folder:
            yield folder, entry, parts
        elif below is not None and len(parts) < MAX_LEVELS and not _is_link(below):
            yield from _walk(below, parts)


def _is_link(folder: Folder) -> bool:
    """Tell whether a folder is a link to one: links may go round in circles."""
    return isinstance(folder, Path) and folder.is_symlink()


def _unused(entry: Entry) -> Verdict:
    if is_image(entry):
        return Verdict(SKIPPED, "a name that is not plain")
    return unused(entry)
