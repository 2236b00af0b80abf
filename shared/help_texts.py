"""What a command's help says of a setting: its sentence, default and range."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from shared.declaration import Declaration

LARGEST_TOLD: Final = 1_000_000
"""The help tells no larger end of a range; error messages do."""


def metavar(one: Declaration) -> str:
    """What the help shows for the value."""
    if one.metavar:
        return one.metavar
    if one.written is not None:
        return one.written.metavar
    if one.words:
        return f"[{'|'.join(one.words)}]"
    paths = {"any": "PATH", "file": "FILE", "folder": "FOLDER"}
    return {int: "N", float: "X", str: "TEXT", Path: paths[one.path]}.get(one.core, "VALUE")


def help_text(one: Declaration) -> str:
    """The sentence of the help, and after it default and range."""
    remarks = [f"default: {_default_text(one)}"] if _default_text(one) else []
    if one.core in (int, float) and one.written is None:
        is_told = (one.bounds.le or 0) <= LARGEST_TOLD
        span = one.bounds.text if is_told else one.bounds.without_end
        remarks.append(f"{span} {one.unit}".rstrip())
    elif one.bounds.text:
        remarks.append(one.expected.partition(", ")[2])
    return f"{one.help}  [{'; '.join(remarks)}]" if remarks else one.help


def _default_text(one: Declaration) -> str:
    if one.shown is not None or not one.has_default:
        return one.shown or ""
    value = one.default_value
    if value in (None, "", ()) or value is False:
        return ""
    if value is True:
        return one.flag.partition("/")[0].lstrip("-")
    if one.written is not None:
        return one.written.show(value)
    return f"{value:g}" if isinstance(value, float) else str(value)
