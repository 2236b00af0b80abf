"""The mark of data sets that ``draw-market`` made: the demo weights know only people of these."""

from __future__ import annotations

from pathlib import Path
from typing import Final

DRAWN_MARKER: Final = "draw-market.json"
"""Name of the file at the root of a drawn data set."""


def is_drawn(folder: Path) -> bool:
    """Tell whether ``draw-market`` made the data set at this folder."""
    return (folder / DRAWN_MARKER).is_file()
