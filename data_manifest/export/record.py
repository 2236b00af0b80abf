"""What decides the content of an export, and whether a folder holds that export already."""

from __future__ import annotations

import hashlib
import stat
from pathlib import Path
from typing import Any, Final

from data_manifest.manifest import manifest_bytes
from data_manifest.remote.folder import ShardFolder
from data_manifest.settings import ExportSettings
from shared.errors import PoseGanError, UsageError, problem
from shared.files import read_json
from shared.owned_folder import OwnedFolder
from shared.settings import differences, in_brief

WORK_FOLDER: Final = ".export"
RECORD_FILE: Final = f"{WORK_FOLDER}/settings.json"
LAST_FILE: Final = "export.json"
WEBDATASET: Final = "webdataset"


def record_of(settings: ExportSettings, shards: ShardFolder) -> dict[str, Any]:
    """Return what decides the content of an export, as plain values."""
    record: dict[str, Any] = {
        "format": settings.format,
        "shards": hashlib.sha256(manifest_bytes(shards)).hexdigest(),
        "originals": bool(settings.originals),
    }
    if settings.format == WEBDATASET:
        return {**record, "pairs_per_tar": settings.pairs_per_tar}
    return {**record, "whole_pixels": settings.whole_pixels}


def standing(owned: OwnedFolder, record: dict[str, Any], *, overwrite: bool) -> tuple[bool, bool]:
    """Tell whether the folder holds the export already, and whether it holds another one.

    Raises:
        UsageError: It holds another one, which may not be replaced.
    """
    kept = [name for name in (LAST_FILE, RECORD_FILE) if is_there(owned.path / name)]
    name = next((name for name in kept if name in owned.files), None)
    if name is None:
        return False, False
    try:
        found = read_json(owned.path / name)["settings"]
        changes = differences(found, record) if found else ["a removal that was cut short"]
    except (PoseGanError, KeyError, TypeError, AttributeError):
        found, changes = None, ["settings that are lost"]
    if changes and found != {} and not overwrite:
        expected = "an empty folder or an export of the same settings"
        remedy = "choose another --out, or add --overwrite"
        raise UsageError(problem(owned.path, expected, in_brief(changes), remedy))
    whole = all(is_there(owned.path / each) for each in owned.files - {RECORD_FILE})
    return not changes and name == LAST_FILE and whole, bool(changes)


def is_there(path: Path) -> bool:
    """Tell whether a file lies there; a link does not count."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False
