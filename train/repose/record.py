"""What the output folder remembers: whose pictures they are, and the poses that stage 1 found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from shared.errors import PoseGanError, UsageError, problem
from shared.files import publish_json, read_json
from shared.owned_folder import OwnedFolder
from shared.provenance import versions
from shared.settings import differences, in_brief
from train.repose.people import Poses

RECORD: Final = "repose.json"
FOUND: Final = "found-poses.json"
FORMAT: Final = "posegan-repose"


@dataclass(frozen=True)
class Record:
    """The record of a folder.

    Args:
        folder: The folder.
        request: All that decides what is drawn.
    """

    folder: OwnedFolder
    request: dict[str, Any]

    def begin(self, *, overwrite: bool) -> None:
        """Take the folder for this request: go on in it, or begin anew.

        Raises:
            UsageError: It holds what another request drew.
        """
        present = self._read(RECORD)
        old = present.get("request") if isinstance(present, dict) else None
        if old == self.request:
            return
        others = self.folder.files - {RECORD, FOUND}
        if others and not overwrite:
            changed = differences(old if isinstance(old, dict) else {}, self.request)
            remedy = "choose another --out, or add --overwrite"
            expected = "a folder of these sources, targets and settings"
            raise UsageError(problem(self.folder.path, expected, in_brief(changed), remedy))
        self.folder.remove(others)
        self.folder.intend([RECORD, FOUND])
        self._publish(RECORD, self._plain([], complete=False))

    def complete(self, pictures: list[dict[str, Any]]) -> None:
        """Write down what was drawn; the last thing that is written."""
        self._publish(RECORD, self._plain(pictures, complete=True))

    @property
    def found_poses(self) -> object:
        """What :meth:`keep` kept in an earlier call; anything else, where that was damaged."""
        return self._read(FOUND)

    def keep(self, poses: Poses) -> None:
        """Keep the poses that were found, so that they are not asked for again."""
        self._publish(FOUND, poses.plain)

    def _plain(self, pictures: list[dict[str, Any]], *, complete: bool) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "version": 1,
            "complete": complete,
            "request": self.request,
            "pictures": pictures,
            "versions": versions("torch", "numpy", "pillow"),
        }

    def _read(self, name: str) -> Any:
        """Read a file of the folder; one that cannot be read is made anew."""
        if name not in self.folder.files:
            return None
        try:
            return read_json(self.folder.path / name)
        except PoseGanError:
            return None

    def _publish(self, name: str, value: Any) -> None:
        publish_json(self.folder.path / name, value, self.folder.disk)
