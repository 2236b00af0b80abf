"""What ``share-generator`` is told."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final, Literal

from shared.declarations import declared, setting
from shared.errors import UsageError, problem
from shared.usual_settings import dry_run_setting, overwrite_setting, quiet_setting

_PART: Final = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9])?"
_REPOSITORY: Final = re.compile(f"{_PART}/{_PART}", re.ASCII)
_REVISION: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,199}", re.ASCII)


@declared("Share")
class ShareSettings:
    """Which generator goes where."""

    action: Literal["push", "pull"] = setting(
        flag="action",
        metavar="push|pull",
        help="push: hand an export to the hub; pull: fetch one from there.",
    )
    repo: str = setting(
        flag="--repo", metavar="OWNER/NAME", help="The generator's name on the hub."
    )
    export: Path | None = setting(
        default=None,
        path="folder",
        flag="--export",
        metavar="DIR",
        help="Of push: the folder that export-generator made.",
    )
    out: Path | None = setting(
        default=None,
        path="folder",
        flag="--out",
        metavar="DIR",
        help="Of pull: where the generator goes.",
    )
    revision: str = setting(
        default="main",
        flag="--revision",
        metavar="NAME",
        help="Branch; of pull also a tag or a commit.",
    )
    public: bool = setting(
        default=False,
        flag="--public",
        help="Of push: a repository that has to be made is for everybody to see.",
    )
    overwrite: bool = overwrite_setting("Of pull: replace another generator in the folder.")
    dry_run: bool = dry_run_setting("Say what would be handed on; ask nobody.")
    quiet: bool = quiet_setting()

    @property
    def folder(self) -> Path:
        """The folder of the action.

        Raises:
            UsageError: It is not given, or the other action's is.
        """
        needed, other = ("--export", "--out") if self.action == "push" else ("--out", "--export")
        given = {"--export": self.export, "--out": self.out}
        if given[other] is not None:
            remedy = f"leave {other} out"
            raise UsageError(problem(self.action, f"{needed} alone", f"{other} as well", remedy))
        folder = given[needed]
        if folder is None:
            raise UsageError(problem(self.action, needed, "none", f"add {needed} DIR"))
        return folder

    def check_names(self) -> None:
        """Refuse names that no hub has.

        Raises:
            UsageError: The repository or the revision is written in another way.
        """
        if not _REPOSITORY.fullmatch(self.repo) or "--" in self.repo or ".." in self.repo:
            remedy = "write it as it stands in the hub's address"
            raise UsageError(problem("--repo", "OWNER/NAME", repr(self.repo[:60]), remedy))
        if not _REVISION.fullmatch(self.revision) or ".." in self.revision:
            found, remedy = repr(self.revision[:60]), "name a branch, a tag or a commit"
            raise UsageError(problem("--revision", "a name", found, remedy))
