"""The data sets that stage 1 can read, by name: a new one is a file beside this and a row here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from preprocess.sources.market1501 import Market1501
from preprocess.sources.source import Source
from shared.errors import UsageError, problem

DEFAULT_SOURCE: Final = "market1501"

SOURCES: Final[Mapping[str, Callable[[Path], Source]]] = {DEFAULT_SOURCE: Market1501.find}
"""Name to the function that finds such a data set at a folder."""


def find_source(src: Path, kind: str = DEFAULT_SOURCE) -> Source:
    """Find a data set on the disk.

    Args:
        src: The folder that the user named.
        kind: A key of :data:`SOURCES`.

    Raises:
        UsageError: There is no such data set, or no such kind of data set.
    """
    if kind not in SOURCES:
        known = ", ".join(SOURCES)
        raise UsageError(problem("kind of data set", known, kind, "choose one of them"))
    return SOURCES[kind](src)
