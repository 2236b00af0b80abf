"""Names of files that a spreadsheet would run as formulas, made harmless in tables.

Convention:
    A name that could be a formula stands behind an apostrophe, as spreadsheets mark text. All
    others stand as they are; ``-1_c1s1_000001_00.jpg`` is no formula.
"""

from __future__ import annotations

from typing import Final

_STARTS: Final = ("=", "+", "@", "\t", "\r", "\n")
_OPERATORS: Final = frozenset("=+-*/(|!@&^<>:;,'\"\t\r\n")


def is_formula(text: str) -> bool:
    """Tell whether a spreadsheet could run a cell's text."""
    return text.startswith(_STARTS) or (text.startswith("-") and bool(_OPERATORS & set(text[1:])))


def harmless(text: str) -> str:
    """Put an apostrophe before what could be a formula."""
    return f"'{text}" if is_formula(text) else text
