"""Finding a data set at the folder that a user named, or a little below it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from preprocess.sources.images import IMAGE_SUFFIXES
from preprocess.sources.places import Entry, Folder, entries_of, folder_in
from shared.errors import UsageError, problem

MAX_DEPTH: Final = 3
NUM_NAMED: Final = 3

_IGNORED_FOLDERS: Final = frozenset({"__MACOSX"})


IsRoot = Callable[[Folder, Sequence[Entry]], bool]
"""Tells of a folder, with what lies in it, whether it is a data set."""


def roots(folder: Folder, is_root: IsRoot, depth: int = MAX_DEPTH) -> Iterator[Folder]:
    """List the folders that are a data set, from the top down; none in another one.

    Raises:
        UsageError: A folder cannot be read.
    """
    entries = entries_of(folder)
    if is_root(folder, entries):
        yield folder
        return
    if depth > 0:
        for below in folders_in(folder, entries):
            yield from roots(below, is_root, depth - 1)


def only_root(src: object, found: Sequence[tuple[str, Folder]], expected: str) -> Folder:
    """Return the one data set that was found.

    Args:
        src: What the user named.
        found: Kind and root of each.
        expected: What was looked for.

    Raises:
        UsageError: There is none, or more than one.
    """
    if not found:
        looked_for = f"{expected} here or at most {MAX_DEPTH} levels below"
        remedy = "name the folder that the data set was unpacked to"
        raise UsageError(problem(src, looked_for, "neither", remedy))
    if len(found) > 1:
        is_one = len({kind for kind, _ in found}) == 1
        shown = [f"{root}" if is_one else f"{root} ({kind})" for kind, root in found[:NUM_NAMED]]
        named = ", ".join(shown)
        more = ", …" if len(found) > NUM_NAMED else ""
        remedy = "name one of them as --src"
        raise UsageError(problem(src, "one data set", f"{len(found)}: {named}{more}", remedy))
    return found[0][1]


def folders_in(folder: Folder, entries: Sequence[Entry] | None = None) -> list[Folder]:
    """List the folders in a folder, without hidden ones.

    Args:
        folder: The folder.
        entries: What lies in it, where that is known already.
    """
    names = [
        entry.name
        for entry in (entries_of(folder) if entries is None else entries)
        if entry.is_folder and not entry.name.startswith(".") and entry.name not in _IGNORED_FOLDERS
    ]
    return [below for name in names if (below := folder_in(folder, name)) is not None]


def is_image(entry: Entry) -> bool:
    """Tell whether an entry has the name of an image."""
    return entry.name.lower().endswith(IMAGE_SUFFIXES) and not entry.is_folder


def in_brief(folder: Folder) -> str:
    """Say what lies in a folder, by its first names."""
    names = [entry.name for entry in entries_of(folder)]
    more = ", …" if len(names) > NUM_NAMED else ""
    return f"{', '.join(names[:NUM_NAMED])}{more}" if names else "an empty folder"
