"""Further rows of the tables: the same pairs drawn otherwise, each scored under a name of its own.

Convention:
    A row is a folder of pictures beside the panels, by the panels' names. It is no control and no
    result to be compared with others: gates, panels and scores are those of ``generated``.
"""

from __future__ import annotations

from typing import Final

PASTED: Final = "pasted"
"""The generated person on the source's background, filled in: what is drawn for people."""

ON_TARGET: Final = "target-background"
"""Drawn by a generator that was given the target's own background, which nobody else sees."""

ROWS: Final = (PASTED, ON_TARGET)

ROW_HEADS: Final = {
    PASTED: "generated, pasted",
    ON_TARGET: "generated, sees the target's background",
}

ROW_TEXTS: Final = {
    PASTED: "the generated person on the source's background, filled in behind the person",
    ON_TARGET: "drawn with the target's background given, as in training: it sees the target",
}
