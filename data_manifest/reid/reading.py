"""A folder read as the tools read it, one file at a time.

Convention:
    Nothing is decoded: of a picture that some tool opens, its header is read, so that pipes,
    broken links, empty files and foreign formats are found. Links within the folder are followed
    as the tools follow them.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from data_manifest.reid.tools import LAYUMI, PICTURES, TOOLS, File, Tool, Verdict, by_folder
from data_manifest.reid.view import View
from shared.errors import UsageError, problem
from shared.pictures import RefusedPictureError, content_of, size_of

MARKET_FOLDERS: Final = {
    "train": "bounding_box_train",
    "query": "query",
    "gallery": "bounding_box_test",
}
MARKET_NESTED: Final = "Market-1501-v15.09.15"
IDENTITY_PARTS: Final = ("train", "train_all", "val", "query", "gallery", "multi-query")
IDENTITY_NESTED: Final = "pytorch"

ABSENT: Final = "no such folder"
EMPTY: Final = "no image that the tool uses"
WITHIN: Final = "a *jpg in a folder within is found and cannot be copied"
NO_FILE: Final = "a folder of an identity without a picture"
LOOSE: Final = "a picture beside the folders of identities is never read"
LINKED: Final = "a link to a folder within is followed, without end where it leads back"
OTHER_VAL: Final = "other folders of identities than in train, so that labels do not agree"


@dataclass
class Reading:
    """What was read.

    Args:
        views: What each tool sees.
        copies: Pictures whose content another one has too.
        shared: Identities that are in train and in query or gallery.
    """

    views: list[View]
    copies: int = 0
    shared: list[str] = field(default_factory=list)


class Pictures:
    """Looks at the pictures that some tool opens, once each."""

    def __init__(self) -> None:
        self.copies = 0
        self._known: set[bytes] = set()

    def fault(self, path: Path) -> str:
        """Return why a picture cannot be opened; empty where it can, as far as its header tells."""
        try:
            data = content_of(path)
            size_of(data)
        except RefusedPictureError as refusal:
            return f"not a usable picture: {str(refusal).partition(':')[0]}"
        digest = hashlib.sha256(data).digest()[:16]
        self.copies += digest in self._known
        self._known.add(digest)
        return ""


def market_root(folder: Path) -> Path | None:
    """Find Market-1501's layout at a folder, or where torchreid and fast-reid look besides."""
    for root in (folder / MARKET_NESTED, folder):
        if any((root / name).is_dir() for name in MARKET_FOLDERS.values()):
            return root
    return None


def identities_root(folder: Path) -> Path | None:
    """Find the layout with a folder for each identity."""
    for root in (folder / IDENTITY_NESTED, folder):
        if any((root / name).is_dir() for name in IDENTITY_PARTS):
            return root
    return None


def read_market(root: Path, tools: Sequence[Tool] = TOOLS) -> Reading:
    """Read Market-1501's layout by the rules of several tools."""
    views, pictures = {tool: View(tool.name) for tool in tools}, Pictures()
    for part, name in MARKET_FOLDERS.items():
        folder = root / name
        if not folder.is_dir():
            for view in views.values():
                view.find(part, ABSENT, breaks=True)
            continue
        for entry in _entries(folder):
            _judge(entry, part, folder, views, pictures)
    for view in views.values():
        _find_empty(view, MARKET_FOLDERS)
        view.compare_queries()
    return Reading(list(views.values()), pictures.copies, _shared(views[tools[0]]))


def _judge(
    entry: os.DirEntry[str],
    part: str,
    folder: Path,
    views: Mapping[Tool, View],
    pictures: Pictures,
) -> None:
    file = File(part, entry.name, _as_the_tools_say(folder), _is_folder(entry))
    verdicts = {tool: tool.judge(file) for tool in views}
    fault = ""
    if any(verdict.is_read for verdict in verdicts.values()):
        fault = pictures.fault(folder / entry.name)
    for tool, view in views.items():
        verdict = verdicts[tool]
        if fault and verdict.is_read:
            verdict = Verdict(fault=fault, breaks=True)
        if not file.is_folder or verdict.fault:
            view.add(part, entry.name, verdict)
        if file.is_folder and tool.walks and not entry.is_symlink() and _holds_jpg(entry.path):
            view.find(part, WITHIN, entry.name, breaks=True)


def read_folders(root: Path) -> Reading:
    """Read a layout with a folder for each identity, as layumi's baseline does."""
    view, pictures = View(LAYUMI), Pictures()
    parts = [name for name in IDENTITY_PARTS if (root / name).is_dir()]
    labels: dict[str, set[str]] = {}
    for part, folder in [(name, root / name) for name in parts] or [("train", root)]:
        labels[part] = set()
        for entry in _entries(folder):
            if _is_folder(entry):
                labels[part].add(entry.name)
                _read_identity(entry, part, view, pictures)
            elif Path(entry.name).suffix.lower() in PICTURES:
                view.find(part, LOOSE, entry.name, breaks=False)
        view.part(part)
    if "train" in labels:
        for label in sorted(labels["train"] ^ labels.get("val", labels["train"])):
            view.find("val", OTHER_VAL, label, breaks=False)
    _find_empty(view, labels)
    if {"query", "gallery"} <= labels.keys():
        view.compare_queries()
    return Reading([view], pictures.copies, _shared(view))


def _read_identity(folder: os.DirEntry[str], part: str, view: View, pictures: Pictures) -> None:
    count = 0
    for place, within, names in os.walk(folder.path):
        for name in within:
            if Path(place, name).is_symlink():
                view.find(part, LINKED, f"{folder.name}/{name}", breaks=True)
        for name in names:
            if Path(name).suffix.lower() not in PICTURES:
                continue
            count += 1
            verdict = by_folder(File(part, name, _as_the_tools_say(place)), folder.name)
            fault = pictures.fault(Path(place, name))
            verdict = Verdict(fault=fault, breaks=True) if fault else verdict
            view.add(part, f"{folder.name}/{name}", verdict)
    if not count:
        view.find(part, NO_FILE, folder.name, breaks=True)


def _find_empty(view: View, parts: Mapping[str, object]) -> None:
    absent = {finding.part for finding in view.findings if finding.what == ABSENT}
    for part in parts:
        if part not in absent and not view.part(part).images:
            view.find(part, EMPTY, breaks=True)


def _shared(view: View) -> list[str]:
    """The identities that train shares with query or gallery, as far as they are numbers."""

    def numbers(part: str) -> set[int]:
        texts = (str(each) for each in view.parts[part].identities) if part in view.parts else ()
        return {int(text) for text in texts if text.isascii() and text.isdigit()}

    return [
        str(each) for each in sorted(numbers("train") & (numbers("query") | numbers("gallery")))
    ]


def _entries(folder: Path) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            yield from entries
    except OSError as error:
        raise UsageError(
            problem(folder, "a folder that can be read", error.strerror, "check its permissions")
        ) from error


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a loop of links
        return False


def _holds_jpg(folder: str) -> bool:
    return any(name.endswith("jpg") for _, _, names in os.walk(folder) for name in names)


def _as_the_tools_say(folder: Path | str) -> str:
    """Return the absolute path as torchreid has it: without .., links as they stand."""
    return os.path.abspath(folder)  # noqa: PTH100 - Path.resolve follows links
