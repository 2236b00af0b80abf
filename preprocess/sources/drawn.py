"""The mark of data sets that ``draw-market`` made: the demo weights know only people of these."""

from __future__ import annotations

from typing import Final

from preprocess.sources.places import Folder, has_file

DRAWN_MARKER: Final = "draw-market.json"
"""Name of the file at the root of a drawn data set."""


def is_drawn(folder: Folder) -> bool:
    """Tell whether ``draw-market`` made the data set at this folder."""
    return has_file(folder, DRAWN_MARKER)
