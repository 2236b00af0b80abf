r"""How re-identification tools read the names of images, rule by rule.

Convention:
    A rule takes one file and says what its tool makes of it; nothing here touches the disk. The
    rules are facts about the tools' public code: torchreid, fast-reid and CLIP-ReID list
    ``*.jpg`` and search ``([-\d]+)_c(\d)`` in the whole path; layumi's baseline copies files
    into a folder for each identity first, and reads the first four characters as the identity
    when it evaluates.
"""

from __future__ import annotations

import glob
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

JUNK: Final = -1
DISTRACTOR: Final = 0
IDENTITIES: Final = range(1502)
CAMERAS: Final = range(1, 7)

PICTURES: Final = (".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp")
"""Endings that torchvision's ImageFolder takes for pictures, in lower case."""

_NAME: Final = re.compile(r"([-\d]+)_c(\d)")

NOT_JPG: Final = "a picture that is not *.jpg is never read"
NO_NAME: Final = "a name without IDENTITY_cCAMERA"
NO_NUMBER: Final = "an identity that is no number"
NO_IDENTITY: Final = f"an identity outside of 0 to {IDENTITIES[-1]}"
NO_CAMERA: Final = f"a camera outside of {CAMERAS[0]} to {CAMERAS[-1]}"
CUT_CAMERA: Final = "a camera of several digits is read by its first"
CUT_IDENTITY: Final = "an identity of more than four characters is read by its first four"
NO_DIGITS: Final = "the first four characters are no identity"
NO_CAMERA_SIGN: Final = "no camera digit behind the first c"
PATH_MATCHES: Final = "the folder's own path is read as identity and camera"
PATH_MAGIC: Final = "the folder's own path holds * ? or [, and nothing is found"
NO_PERSON: Final = "junk or distractors in the train folder become a person"
NOBODY: Final = "junk or distractors among the queries are looked for as a person"


@dataclass(frozen=True)
class File:
    """A file as a tool meets it.

    Args:
        part: ``"train"``, ``"query"`` or ``"gallery"``.
        name: Its name.
        folder: The absolute path of its folder.
        is_folder: Whether it is a folder, or a link to one.
    """

    part: str
    name: str
    folder: str
    is_folder: bool = False


@dataclass(frozen=True)
class Verdict:
    """What a tool makes of a file.

    Args:
        identity: Whom the tool takes it for; None where it does not use the file.
        camera: The camera that it reads; 0 where it reads none.
        is_read: Whether the tool opens it sooner or later.
        fault: What is wrong, empty where nothing is.
        breaks: Whether the tool stops at that fault; else it goes on without a word.
    """

    identity: int | str | None = None
    camera: int = 0
    is_read: bool = False
    fault: str = ""
    breaks: bool = False


UNUSED: Final = Verdict()
"""A file that the tool leaves out by design."""


@dataclass(frozen=True)
class Tool:
    """A tool and its rule for files in Market-1501's layout.

    Args:
        name: Name.
        judge: The rule.
        walks: Whether it also finds, and then fails to copy, files in folders within.
    """

    name: str
    judge: Callable[[File], Verdict]
    walks: bool = False


def by_pattern(file: File) -> Verdict:
    """The rule of torchreid, fast-reid and CLIP-ReID."""
    if file.name.startswith("."):
        return UNUSED
    if not file.name.endswith(".jpg"):
        return Verdict(fault=NOT_JPG) if _is_picture(file) else UNUSED
    if glob.has_magic(file.folder):
        return Verdict(fault=PATH_MAGIC)
    return _by_path(file, f"{file.folder}/{file.name}")


def _by_path(file: File, path: str) -> Verdict:
    match = _NAME.search(path)
    if match is None:
        return Verdict(fault=NO_NAME, breaks=True)
    try:
        identity, camera = map(int, match.groups())
    except ValueError:
        return Verdict(fault=NO_NUMBER, breaks=True)
    if match.end() <= len(file.folder):
        in_range = identity == JUNK or (identity in IDENTITIES and camera in CAMERAS)
        return Verdict(fault=PATH_MATCHES, breaks=not in_range)
    if identity == JUNK:
        return UNUSED
    if identity not in IDENTITIES or camera not in CAMERAS:
        return Verdict(fault=NO_CAMERA if identity in IDENTITIES else NO_IDENTITY, breaks=True)
    fault = CUT_CAMERA if path[match.end() : match.end() + 1].isdigit() else ""
    if identity == DISTRACTOR and file.part == "train":
        fault = NO_PERSON
    return Verdict(identity, camera, is_read=True, fault=fault)


def by_copies(file: File) -> Verdict:
    """The rule of layumi's baseline for files that it copies into folders of identities."""
    if file.is_folder:
        return UNUSED
    if not file.name.endswith("jpg"):
        is_lost = _is_picture(file) and not file.name.startswith(".")
        return Verdict(fault=NOT_JPG) if is_lost else UNUSED
    label = file.name.split("_")[0]
    if not file.name.endswith(".jpg") or label in ("", ".", ".."):
        return UNUSED
    return by_folder(file, label)


def by_folder(file: File, label: str) -> Verdict:
    """The rule of layumi's baseline for a picture in the folder of an identity.

    Args:
        file: The picture.
        label: Name of that folder; in training it is the identity.
    """
    if file.part not in ("query", "gallery"):
        is_nobody = label.startswith("-1") or label.strip("0") == ""
        return Verdict(label, is_read=True, fault=NO_PERSON if is_nobody else "")
    shown, behind = file.name[:4], file.name.split("c")[1:2]
    try:
        identity = JUNK if shown[:2] == "-1" else int(shown)
    except ValueError:
        return Verdict(is_read=True, fault=NO_DIGITS, breaks=True)
    try:
        camera = int(behind[0][0])
    except (IndexError, ValueError):
        return Verdict(is_read=True, fault=NO_CAMERA_SIGN, breaks=True)
    if identity == JUNK:
        return Verdict(is_read=True, fault=NOBODY if file.part == "query" else "")
    fault = CUT_CAMERA if behind[0][1:2].isdigit() else ""
    if len(file.name.split("_")[0]) > len(shown):
        fault = CUT_IDENTITY
    return Verdict(identity, camera, is_read=True, fault=fault)


def _is_picture(file: File) -> bool:
    return not file.is_folder and PurePosixPath(file.name).suffix.lower() in PICTURES


LAYUMI: Final = "layumi's baseline"
TOOLS: Final = (
    Tool("torchreid", by_pattern),
    Tool("fast-reid", by_pattern),
    Tool("CLIP-ReID", by_pattern),
    Tool(LAYUMI, by_copies, walks=True),
)
"""The tools that read Market-1501's layout."""
