"""The data sets that stage 1 can read, by name: a new one is a file beside this and a row here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar, Final, Protocol, Self

from preprocess.settings import SourceKind, SourceSettings
from preprocess.sources.cuhk03 import Cuhk03
from preprocess.sources.deepfashion import DeepFashion
from preprocess.sources.market1501 import Market1501
from preprocess.sources.msmt17 import Msmt17
from preprocess.sources.person_folders import PersonFolders, holds_people
from preprocess.sources.places import Entry, Folder, entries_of, opened
from preprocess.sources.search import MAX_DEPTH, in_brief, only_root, roots
from preprocess.sources.source import Source
from shared.errors import UsageError, problem


class FoundSource(Source, Protocol):
    """A data set that is looked for by itself.

    Attributes:
        KIND: Its name.
        SIGN: What it is known by, in words.
    """

    KIND: ClassVar[str]
    SIGN: ClassVar[str]

    @classmethod
    def is_root(cls, folder: Folder, entries: Sequence[Entry]) -> bool:
        """Tell whether such a data set lies in a folder, with its entries."""

    @classmethod
    def at(cls, root: Folder, how: SourceSettings | None = None) -> Self:
        """Open the data set whose root is known."""

    @property
    def has_split(self) -> bool:
        """Whether the data set says which images are for testing."""


SOURCES: Final[Mapping[SourceKind, type[FoundSource]]] = {
    "market1501": Market1501,
    "cuhk03": Cuhk03,
    "msmt17": Msmt17,
    "deepfashion": DeepFashion,
    "folders": PersonFolders,
}
"""Name to class; the order is that in which they are looked for."""


def find_source(src: Path, how: SourceSettings | None = None) -> Source:
    """Find a data set on the disk, or in an archive.

    Args:
        src: The folder or archive that the user named.
        how: What the user says about it.

    Raises:
        UsageError: There is no such data set, or more than one; or what is said does not fit it.
    """
    how = how or SourceSettings()
    here = opened(src)
    if how.labels is not None:
        source: FoundSource = PersonFolders.at(here, how)
    elif how.kind == "auto":
        kind, root = _any_kind(src, here)
        source = SOURCES[kind].at(root, how)
    else:
        source = SOURCES[how.kind].at(_root_of(how.kind, src, here), how)
    if source.has_split:
        for flag, given in (("--test-share", how.test_share), ("--split-seed", how.split_seed)):
            if given is not None:
                found = f"{source.root} ({source.KIND}), which says it"
                raise UsageError(problem(flag, "a data set without a split", found, "leave it out"))
    return source


def kind_at(folder: Folder, entries: Sequence[Entry]) -> SourceKind | None:
    """Tell which kind of data set lies in a folder; people's folders are another question."""
    for kind, source in SOURCES.items():
        if kind == "folders" or not source.is_root(folder, entries):
            continue
        is_own = kind != "market1501" or Market1501.has_own_names(folder)
        if is_own or not Cuhk03.is_root(folder, entries):  # the folders' names are common ones
            return kind
    return None


def _any_kind(src: Path, here: Folder) -> tuple[SourceKind, Folder]:
    """Find the one data set of any kind; people's folders where there is no other."""
    found: list[tuple[SourceKind, Folder]] = []

    def is_known(folder: Folder, entries: Sequence[Entry]) -> bool:
        kind = kind_at(folder, entries)
        if kind is not None:
            found.append((kind, folder))
        return kind is not None

    for _ in roots(here, is_known):
        pass
    if not found:
        found = [("folders", root) for root in roots(here, PersonFolders.is_root)]
    if not found:
        signs = "; ".join(source.SIGN for source in SOURCES.values())
        expected = f"a data set here or at most {MAX_DEPTH} levels below ({signs})"
        remedy = "name the folder that it was unpacked to"
        raise UsageError(problem(src, expected, in_brief(here), remedy))
    root = only_root(src, found, "")
    return found[0][0], root


def _root_of(kind: SourceKind, src: Path, here: Folder) -> Folder:
    """Find the data set of a kind that was named.

    Raises:
        UsageError: There is none, and what is there instead; or more than one.
    """
    found = list(roots(here, SOURCES[kind].is_root))
    if not found and kind == "folders" and kind_at(here, entries_of(here)) is None:
        found = [here] if holds_people(here) else []
    if found:
        return only_root(src, [(kind, root) for root in found], "")
    expected = f"{SOURCES[kind].SIGN} here or at most {MAX_DEPTH} levels below ({kind})"
    try:
        other, root = _any_kind(src, here)
    except UsageError:
        remedy = "name the folder that the data set was unpacked to"
        raise UsageError(problem(src, expected, in_brief(here), remedy)) from None
    remedy = f"choose --source {other}, or another --src"
    raise UsageError(problem(src, expected, f"{other} at {root}", remedy))
