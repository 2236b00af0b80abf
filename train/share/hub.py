"""The model hub, by its own library: the one importer of huggingface_hub.

Convention:
    Who may do what is the library's business: it finds the user's token by itself (``hf auth
    login``, or ``HF_TOKEN``). Here no token is asked for, kept or shown. ``HF_ENDPOINT`` names
    another hub.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from shared.errors import (
    MAX_REASON,
    OUT_OF_SPACE,
    DamagedError,
    NoSpaceError,
    PoseGanError,
    UsageError,
    problem,
)

LIBRARY: Final = "huggingface_hub"
PUBLIC_HUB: Final = "https://huggingface.co"
TIMEOUT_S: Final = 30

_QUIETLY: Final = {
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HF_HUB_DISABLE_XET": "1",
    "HF_HUB_VERBOSITY": "error",
}
"""Plain transfers over HTTP, no word on stderr that is not ours, nothing told about the user."""

_TOKEN: Final = re.compile(r"\b(hf_|api_org_)[A-Za-z0-9_-]+|Bearer\s+\S+")


@dataclass(frozen=True)
class Listed:
    """A file on the hub.

    Args:
        name: Its name.
        num_bytes: Its size.
        sha256: Of a large file's content; None where the hub keeps it in git itself.
        git_id: Git's name for what git holds.
    """

    name: str
    num_bytes: int
    sha256: str | None
    git_id: str

    def misfit(self, content: bytes) -> str | None:
        """Say how a content differs from the listed one; None where it is the same."""
        if len(content) != self.num_bytes:
            return f"{len(content):,} bytes instead of {self.num_bytes:,}"
        if self.sha256 is not None:
            same = hashlib.sha256(content).hexdigest() == self.sha256
        else:
            head = f"blob {len(content)}\0".encode()
            same = hashlib.sha1(head + content, usedforsecurity=False).hexdigest() == self.git_id
        return None if same else "another content"


class Hub:
    """A model hub.

    Raises:
        UsageError: The library is not installed.
    """

    def __init__(self) -> None:
        if importlib.util.find_spec(LIBRARY) is None:
            remedy = "pip install 'posegan[hub]'"
            raise UsageError(problem("share-generator", "the extra hub", f"no {LIBRARY}", remedy))
        for name, value in _QUIETLY.items():
            os.environ.setdefault(name, value)
        import huggingface_hub  # noqa: PLC0415 - of the extra hub, and its settings come first

        self.address = (os.environ.get("HF_ENDPOINT") or PUBLIC_HUB).rstrip("/")
        self._library: Any = huggingface_hub
        self._api: Any = huggingface_hub.HfApi(endpoint=self.address, library_name="posegan")

    def publish(
        self, repo: str, files: Mapping[str, bytes], *, revision: str, public: bool, message: str
    ) -> str:
        """Hand files to a repository in one commit; it is made where there is none.

        Returns:
            The commit.

        Raises:
            UsageError: The hub cannot be reached, or refuses.
        """
        add = self._library.CommitOperationAdd
        operations = [add(path_in_repo=name, path_or_fileobj=each) for name, each in files.items()]
        with self._told(repo):
            self._api.create_repo(repo, repo_type="model", private=not public, exist_ok=True)
            done = self._api.create_commit(
                repo, operations, commit_message=message, revision=revision, num_threads=1
            )
            return str(done.oid)

    def listing(self, repo: str, revision: str) -> tuple[str, dict[str, Listed]]:
        """List the files of a repository.

        Returns:
            The commit that the revision is, and the files by their names.

        Raises:
            UsageError: The hub cannot be reached, or has no such repository for this user.
        """
        with self._told(repo):
            info = self._api.model_info(
                repo, revision=revision, files_metadata=True, timeout=TIMEOUT_S
            )
            found = {
                each.rfilename: Listed(
                    name=str(each.rfilename),
                    num_bytes=int(each.size or 0),
                    sha256=each.lfs.sha256 if each.lfs else None,
                    git_id=str(each.blob_id),
                )
                for each in info.siblings or ()
            }
            return str(info.sha), found

    def fetch(self, repo: str, commit: str, listed: Listed, folder: Path) -> bytes:
        """Fetch a file and compare it with what the hub lists.

        Args:
            repo: The repository.
            commit: Which state of it.
            listed: The file.
            folder: A folder of ours for the library to work in.

        Raises:
            UsageError: The hub cannot be reached.
            DamagedError: Something else arrived.
        """
        with self._told(repo):
            place = self._api.hf_hub_download(
                repo, listed.name, revision=commit, local_dir=folder, etag_timeout=TIMEOUT_S
            )
            content = Path(place).read_bytes()
        found = listed.misfit(content)
        if found:
            where, remedy = f"{repo}/{listed.name}", "repeat the command"
            raise DamagedError(problem(where, "what the hub lists", found, remedy))
        return content

    @contextmanager
    def _told(self, repo: str) -> Iterator[None]:
        """Turn whatever the library raises into one line without a token."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of the library about its own transport
                yield
        except Exception as error:  # the library and its transport have many bases
            raise self._as_ours(repo, error) from None

    def _as_ours(self, repo: str, raised: Exception) -> PoseGanError:
        error: BaseException = raised
        while error.__cause__ is not None:  # what the library wraps says more than the wrapper
            error = error.__cause__
        if isinstance(error, OSError) and error.errno in OUT_OF_SPACE:
            where, remedy = error.filename or "the folder of temporary files", "free some space"
            return NoSpaceError(problem(where, "space to write", error.strerror, remedy))
        status = getattr(getattr(error, "response", None), "status_code", None)
        reason = _first_line(error)
        if status in (401, 403, 404):
            expected, remedy = "a repository that you may use", "check the names, or hf auth login"
            where = f"{self.address}/{repo}"
            return UsageError(problem(where, expected, f"{status}: {reason}", remedy))
        if status is not None:
            remedy = "try again later"
            return UsageError(problem(self.address, "an answer", f"{status}: {reason}", remedy))
        remedy = "check the network; a folder that is here needs no hub"
        return UsageError(problem(self.address, "a hub that can be reached", reason, remedy))


def _first_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    shown = _TOKEN.sub("***", lines[0] if lines else type(error).__name__)
    token = os.environ.get("HF_TOKEN", "").strip()
    return (shown.replace(token, "***") if token else shown)[:MAX_REASON].rstrip(". ")
