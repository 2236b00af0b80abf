"""What an output folder remembers: what it was asked for, what was begun, what is finished.

Convention:
    ``settings.json`` in a hidden work folder is written first and says what was begun; the last
    file is written last and says what is there. Whatever bears its name is whole, so that the same
    command after a kill makes only what is missing. A removal begins by a record of nothing: a
    folder in which it was cut short belongs to whoever comes next.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from shared.errors import PoseGanError, UsageError, problem
from shared.files import publish_json, read_json
from shared.owned_folder import OwnedFolder
from shared.regular_files import is_regular
from shared.settings import differences, in_brief


class FolderRecord:
    """The record of a folder.

    Args:
        owned: The folder.
        settings: All that decides its content, as plain values.
        work_folder: Name of the hidden folder of what is begun; it goes when all is finished.
        last_file: Name of the file that says what is there.
    """

    def __init__(
        self, owned: OwnedFolder, settings: dict[str, Any], *, work_folder: str, last_file: str
    ) -> None:
        self.work_folder = work_folder
        self._owned = owned
        self._settings = settings
        self._begun_file = f"{work_folder}/settings.json"
        self._last_file = last_file

    def stands(self, *, overwrite: bool) -> tuple[bool, bool]:
        """Tell whether the folder is finished already, and whether it holds another request's.

        Raises:
            UsageError: It holds another's, which may not be replaced.
        """
        owned = self._owned
        places = (self._last_file, self._begun_file)
        there = [name for name in places if is_regular(owned.path / name)]
        name = next((name for name in there if name in owned.files), None)
        if name is None:
            return False, False
        try:
            found = read_json(owned.path / name)["settings"]
            changes = differences(found, self._settings) if found else ["a removal cut short"]
        except (PoseGanError, KeyError, TypeError, AttributeError):
            found, changes = None, ["settings that are lost"]
        if changes and found != {} and not overwrite:
            expected = "an empty folder or one of the same settings"
            remedy = "choose another --out, or add --overwrite"
            raise UsageError(problem(owned.path, expected, in_brief(changes), remedy))
        lasting = owned.files.difference(self._work())
        whole = all(is_regular(owned.path / each) for each in lasting)
        return not changes and name == self._last_file and whole, bool(changes)

    def refuse_strangers(self, names: Iterable[str]) -> None:
        """Refuse a folder in which somebody else's files bear names that are wanted.

        Raises:
            UsageError: There is one; nothing was changed.
        """
        for name in (*names, self._last_file, self._begun_file):
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
        owned.folder(self.work_folder)
        owned.remove_temporaries((self.work_folder,))
        owned.intend([self._begun_file])
        owned.remove([self._last_file])
        if clear:
            self._note({})
            owned.remove(owned.files - {self._begun_file})
        owned.intend([*names, self._last_file])
        self._note(self._settings)

    def finish(self, facts: dict[str, Any]) -> None:
        """Say what is there, then forget how it came about."""
        content = {"made_by": self._owned.command, "settings": self._settings, **facts}
        publish_json(self._owned.path / self._last_file, content, self._owned.disk)
        self.forget_work()

    def forget_work(self) -> None:
        """Remove the note of what was begun and all beside it, if a kill last of all left them."""
        if work := self._work():
            self._owned.remove(work)
        with suppress(OSError):  # somebody else's file keeps it
            (self._owned.path / self.work_folder).rmdir()

    def _note(self, settings: dict[str, Any]) -> None:
        publish_json(self._owned.path / self._begun_file, {"settings": settings}, self._owned.disk)

    def _work(self) -> list[str]:
        return [name for name in self._owned.files if name.startswith(f"{self.work_folder}/")]
