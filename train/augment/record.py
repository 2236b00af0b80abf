"""What the output folder remembers: what it was asked for, what was begun, what is finished.

Convention:
    ``.augment/settings.json`` is written first and says what was begun; ``augment.json`` is
    written last and says what is there. Whatever bears its name is whole.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from shared.errors import PoseGanError, UsageError, problem
from shared.files import publish_json, read_json
from shared.owned_folder import OwnedFolder
from shared.settings import differences, in_brief

WORK_FOLDER: Final = ".augment"
RECORD_FILE: Final = f"{WORK_FOLDER}/settings.json"
LAST_FILE: Final = "augment.json"


class Record:
    """The record of a folder.

    Args:
        owned: The folder.
        settings: All that decides its content, as plain values.
    """

    def __init__(self, owned: OwnedFolder, settings: dict[str, Any]) -> None:
        self._owned = owned
        self._settings = settings

    def stands(self, *, overwrite: bool) -> tuple[bool, bool]:
        """Tell whether the folder is finished already, and whether it holds another request's.

        Raises:
            UsageError: It holds another's, which may not be replaced.
        """
        owned = self._owned
        names = [name for name in (LAST_FILE, RECORD_FILE) if is_there(owned.path / name)]
        name = next((name for name in names if name in owned.files), None)
        if name is None:
            return False, False
        try:
            found = read_json(owned.path / name)["settings"]
            changes = differences(found, self._settings) if found else ["a removal cut short"]
        except (PoseGanError, KeyError, TypeError, AttributeError):
            found, changes = None, ["settings that are lost"]
        if changes and found != {} and not overwrite:
            expected = "an empty folder or one of the same request"
            remedy = "choose another --out, or add --overwrite"
            raise UsageError(problem(owned.path, expected, in_brief(changes), remedy))
        lasting = {each for each in owned.files if not each.startswith(f"{WORK_FOLDER}/")}
        whole = all(is_there(owned.path / each) for each in lasting)
        return not changes and name == LAST_FILE and whole, bool(changes)

    def refuse_strangers(self, names: Iterable[str]) -> None:
        """Refuse a folder in which somebody else's files bear names that are wanted."""
        for name in (*names, LAST_FILE, RECORD_FILE):
            path = self._owned.path / name
            if name not in self._owned.files and os.path.lexists(path):
                found, remedy = f"a file not of {self._owned.command}", "choose another --out"
                raise UsageError(problem(path, "a free name", found, remedy))

    def begin(self, names: Iterable[str], *, clear: bool) -> None:
        """Note what is begun, and every file that may come of it.

        Args:
            names: The files.
            clear: Remove what another request made first.
        """
        owned = self._owned
        owned.folder(WORK_FOLDER)
        owned.intend([RECORD_FILE])
        owned.remove([LAST_FILE])
        if clear:
            publish_json(owned.path / RECORD_FILE, {"settings": {}}, owned.disk)
            owned.remove(owned.files - {RECORD_FILE})
        owned.intend([*names, LAST_FILE])
        publish_json(owned.path / RECORD_FILE, {"settings": self._settings}, owned.disk)

    def finish(self, facts: dict[str, Any]) -> None:
        """Say what is there, then forget how it came about."""
        content = {"made_by": self._owned.command, "settings": self._settings, **facts}
        publish_json(self._owned.path / LAST_FILE, content, self._owned.disk)
        self.forget_work()

    def forget_work(self) -> None:
        """Remove blocks and the note of what was begun; a run killed last of all left them."""
        owned = self._owned
        work = [name for name in owned.files if name.startswith(f"{WORK_FOLDER}/")]
        if work:
            owned.remove(work)
        with suppress(OSError):  # somebody else's file keeps it
            (owned.path / WORK_FOLDER).rmdir()


def is_there(path: Path) -> bool:
    """Tell whether a file lies there; a link does not count."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False
