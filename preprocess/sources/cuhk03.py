"""CUHK03-np, and other folders whose names begin with the person and the camera.

Convention:
    A name begins with ``IDENTITY_cCAMERA`` and ends in ``.jpg``, ``.jpeg`` or ``.png``, for
    example ``0003_c1_21.png`` (CUHK03-np) or ``0005_c2_f0046985.jpg`` (DukeMTMC-reID). Identity -1
    is junk; 0000 is a person like others. The folders are those of
    :mod:`preprocess.sources.reid_folders`, or one folder alone, which then has no split.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from typing import ClassVar, Final, Self

from preprocess.settings import SourceSettings
from preprocess.sources.places import Entry, Folder, folder_in
from preprocess.sources.reid_folders import FOLDER_NAMES, ReidFolders, Said
from preprocess.sources.source import Listing, Verdict
from preprocess.sources.splitting import recorded, split_by_person

LEAST_IMAGES: Final = 2
"""A folder without a split is a data set from so many images on."""

_NAME: Final = re.compile(
    r"(?P<identity>-1|\d{1,9})_c(?P<camera>\d{1,4})(?!\d)[ -.0-\[\]-~]{0,200}\.(?:jpe?g|png)",
    re.ASCII | re.IGNORECASE,
)


class Cuhk03(ReidFolders):
    """A data set of such names that was found."""

    KIND: ClassVar[str] = "cuhk03"
    SIGN: ClassVar[str] = "images named IDENTITY_cCAMERA…"
    NEVER_PAIRED: ClassVar[Mapping[int, Verdict]] = {-1: Verdict("junk", "identity -1")}

    @classmethod
    def is_root(cls, folder: Folder, entries: Sequence[Entry]) -> bool:
        """Tell whether a folder holds such images, in the folders of the splits or directly."""
        names = [entry.name for entry in entries if entry.name in FOLDER_NAMES]
        if any(cls.holds_images(folder_in(folder, name)) for name in names):
            return True
        said = [entry for entry in entries if cls.says(entry.name) is not None]
        return sum(not entry.is_folder for entry in said) >= LEAST_IMAGES

    @classmethod
    def at(cls, root: Folder, how: SourceSettings | None = None) -> Self:
        """Open the data set whose root is known."""
        found = super().at(root, how)
        return found if found.splits else dataclasses.replace(found, splits={"": root}, others=())

    @classmethod
    def says(cls, name: str) -> Said | None:
        """Read the name of a file; None where it begins otherwise."""
        match = _NAME.fullmatch(name)
        return None if match is None else Said(int(match["identity"]), int(match["camera"]))

    @property
    def has_split(self) -> bool:
        """Whether the data set says which images are for testing."""
        return "" not in self.splits

    @property
    def settings(self) -> Mapping[str, object]:
        """What decides how files are understood."""
        return {"kind": self.KIND, **recorded(self.how, has_split=self.has_split)}

    def listing(self) -> Listing:
        """List every file, train first; without a split the people are divided by a seed."""
        listing = super().listing()
        if self.has_split:
            return listing
        images, said = split_by_person(listing.images, self.how)
        return Listing(tuple(images), listing.others, (said,))
