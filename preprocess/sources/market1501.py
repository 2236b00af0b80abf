"""The Market-1501 folder: what the names of its images say.

Convention:
    A name is ``IDENTITY_cCAMERAsSEQUENCE_FRAME_BOX.jpg``, for example ``0002_c1s1_000451_03.jpg``;
    some copies of the data set have a second ``.jpg``. Identity -1 is junk, 0000 a distractor;
    neither is ever paired. The folders are those of :mod:`preprocess.sources.reid_folders`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from preprocess.sources.places import Entry, Folder, folder_in
from preprocess.sources.reid_folders import FOLDER_NAMES, SPLIT_FOLDERS, ReidFolders, Said
from preprocess.sources.source import Verdict

JUNK: Final = -1
DISTRACTOR: Final = 0

_NAME: Final = re.compile(
    r"(?P<identity>-1|\d{4,6})_c(?P<camera>\d{1,3})s(?P<sequence>\d{1,3})"
    r"_(?P<frame>\d{1,8})_(?P<box>\d{1,4})\.jpg(?:\.jpg)?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
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


class Market1501(ReidFolders):
    """A data set in Market-1501's layout that was found."""

    KIND: ClassVar[str] = "market1501"
    SIGN: ClassVar[str] = " or ".join(original for original, _ in SPLIT_FOLDERS.values())
    NEVER_PAIRED: ClassVar[Mapping[int, Verdict]] = {
        JUNK: Verdict("junk", "identity -1"),
        DISTRACTOR: Verdict("distractor", "identity 0000"),
    }

    @classmethod
    def is_root(cls, folder: Folder, entries: Sequence[Entry]) -> bool:
        """Tell whether the image folders lie in a folder, or renamed ones with such images."""
        names = {entry.name for entry in entries if entry.name in FOLDER_NAMES and entry.is_folder}
        if any(original in names for original, _ in SPLIT_FOLDERS.values()):
            return True
        return any(cls.holds_images(folder_in(folder, name)) for name in names)

    @classmethod
    def says(cls, name: str) -> Said | None:
        """Read the name of a file; None where it follows another pattern."""
        found = parse_name(name)
        if found is None:
            return None
        further = {"sequence": found.sequence, "frame": found.frame, "box": found.box}
        return Said(found.identity, found.camera, further)

    @classmethod
    def has_own_names(cls, root: Folder) -> bool:
        """Tell whether the image folders of a root really hold names of Market-1501."""
        return any(cls.holds_images(folder_in(root, name)) for name in FOLDER_NAMES)

    @property
    def settings(self) -> Mapping[str, object]:
        """Nothing: the names say everything, and records are as they were with one kind alone."""
        return {}


def parse_name(name: str) -> ImageName | None:
    """Read an image's file name; None where it follows another pattern.

    Args:
        name: The bare file name. A second ``.jpg``, which some copies of the data set have, is
            accepted.
    """
    match = _NAME.fullmatch(name)
    return None if match is None else ImageName(*map(int, match.groups()))
