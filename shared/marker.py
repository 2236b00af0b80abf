"""The marker of an output folder: which command owns it, and which files it made there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from shared.files import is_temporary
from shared.folder_lock import LOCK_NAME
from shared.regular_files import read_regular

MARKER_NAME = ".posegan.json"
FORMAT = 1


def read_marker(folder: Path) -> dict[str, Any] | None:
    """Read a folder's marker; None where there is none that we wrote."""
    path = folder / MARKER_NAME
    if path.is_symlink():
        return None
    try:
        marker = json.loads(read_regular(path))
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(marker, dict) or not isinstance(marker.get("made_by"), str):
        return None
    files = marker.get("files")
    if not isinstance(files, list) or not all(is_inside(name) for name in files):
        return None
    return marker


def is_inside(name: Any) -> bool:
    """Tell whether a name of a marker stays in its folder; a forged one may not."""
    if not isinstance(name, str) or not name or "\0" in name:
        return False
    return not Path(name).is_absolute() and ".." not in Path(name).parts


def belongs_to_claim(name: str) -> bool:
    """Tell whether a file may be left of a claim that was killed before it had a marker."""
    return name == LOCK_NAME or is_temporary(name, of=MARKER_NAME)
