"""Checkpoints: whole states of a run, published so that a torn or rotten one never wins.

Convention:
    A checkpoint is ``checkpoint-<images>.pt`` with ``checkpoint-<images>.pt.sha256`` beside it,
    which is published first: a save that was cut short leaves a hash without a file, which is
    nothing, and never a file without its hash. A file that has lost its hash, or does not fit it,
    does not count. The file holds tensors, numbers, strings, lists and dicts only and is read
    with ``weights_only=True``.
"""

from __future__ import annotations

import hashlib
import io
import re
import shlex
from pathlib import Path
from typing import Any

import torch

from shared.console import Console
from shared.errors import DamagedError, UsageError, problem
from shared.files import Disk, publish, publish_text
from shared.owned_folder import OwnedFolder
from shared.regular_files import read_regular
from shared.settings import differences, in_brief
from train.settings.tree import TrainSettings
from train.tensor_file import read_plain

FORMAT = "posegan-checkpoint"
VERSION = 1
MAX_BYTES = 1 << 38
MAX_HASH_BYTES = 10_000
NOT_USED = "this checkpoint is not used"
_NAME = re.compile(r"checkpoint-(\d{10,})\.pt")


class Checkpoints:
    """The checkpoints of one run folder.

    Args:
        folder: The run folder; only the holder of its lock may save.
        keep: How many of the newest stay; the best stays besides.
        console: Says which checkpoint is used and which was passed over.
        disk: Calls to the operating system; the real ones by default.
        owned: The folder, where this process holds it. What is saved is entered there, and only
            what was entered is ever removed.
    """

    def __init__(
        self,
        folder: Path,
        *,
        keep: int = 2,
        console: Console,
        disk: Disk | None = None,
        owned: OwnedFolder | None = None,
    ) -> None:
        self._folder = folder
        self._keep = keep
        self._console = console
        self._disk = disk
        self._owned = owned

    def paths(self) -> list[Path]:
        """Return the checkpoints that there are, oldest first."""
        names = ((_NAME.fullmatch(p.name), p) for p in self._folder.glob("checkpoint-*.pt"))
        found = [(int(name[1]), path) for name, path in names if name]
        return [path for _, path in sorted(found)]

    def path_of(self, images: int) -> Path:
        """Return the name of the checkpoint after this many images."""
        return self._folder / f"checkpoint-{images:010d}.pt"

    def save(self, images: int, content: dict[str, Any], *, best_images: int | None) -> Path:
        """Publish a checkpoint and forget the ones that need not be kept.

        Args:
            images: Images that the run has seen.
            content: The state.
            best_images: Images of the best checkpoint so far, which is kept.

        Raises:
            NoSpaceError: The disk is full; the checkpoints from before are still there.
            UsageError: Somebody else's file bears the name.
        """
        path = self.path_of(images)
        if self._owned is not None:
            self._owned.intend([path.name, _hash_path(path).name])
        data = _as_bytes({"format": FORMAT, "version": VERSION, **content})
        digest = hashlib.sha256(data).hexdigest()
        publish_text(_hash_path(path), f"{digest}  {path.name}\n", self._disk)
        publish(path, data, self._disk)
        self._forget_old(best_images)
        return path

    def load_newest(self) -> tuple[Path, dict[str, Any]] | None:
        """Read the newest checkpoint that is whole; None where there is none.

        One that is torn or rotten is passed over with a warning.

        Raises:
            DamagedError: There are checkpoints, but not one of them is whole.
        """
        paths = self.paths()
        for path in reversed(paths):
            try:
                return path, read_checkpoint(path)
            except DamagedError as error:
                self._console.warn(f"{error.message}; going back to the one before it")
        for path in reversed(paths):
            if not _hash_path(path).exists():
                raise _without_hash(path)
        if paths:
            raise DamagedError(
                problem(
                    self._folder,
                    "at least one whole checkpoint",
                    f"{len(paths)} damaged ones",
                    "restore one from a copy, or choose another --out to start anew",
                )
            )
        return None

    def sweep(self) -> None:
        """Remove hashes whose checkpoint was never published; only the folder's holder may."""
        for path in self._folder.glob("checkpoint-*.pt.sha256"):
            file = path.with_suffix("")
            if _NAME.fullmatch(file.name) and not file.exists() and self._is_own(path):
                path.unlink(missing_ok=True)

    def _is_own(self, path: Path) -> bool:
        return self._owned is None or path.name in self._owned.files

    def _forget_old(self, best_images: int | None) -> None:
        kept = self.paths()[-self._keep :]
        best = None if best_images is None else self.path_of(best_images)
        for path in self.paths():
            if path not in kept and path != best and self._is_own(path):
                path.unlink(missing_ok=True)
                _hash_path(path).unlink(missing_ok=True)


def load_run(run_or_file: Path, console: Console) -> tuple[Path, dict[str, Any]]:
    """Read the checkpoint of a run: a given file, or the newest whole one of a run folder.

    Raises:
        UsageError: There is none.
        DamagedError: What there is, is damaged.
    """
    if run_or_file.is_file():
        return run_or_file, read_checkpoint(run_or_file)
    found = Checkpoints(run_or_file, console=console).load_newest()
    if found is None:
        raise UsageError(problem(run_or_file, "a run with a checkpoint", "none", "train it first"))
    return found


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Read a checkpoint of this project into RAM.

    Args:
        path: The ``.pt`` file; its ``.sha256`` lies beside it.

    Returns:
        What :meth:`Checkpoints.save` was given.

    Raises:
        UsageError: The file cannot be read.
        DamagedError: It is not what was written.
    """
    try:
        data = read_regular(path, MAX_BYTES)
    except OSError as error:
        raise UsageError(problem(path, "a checkpoint", error.strerror, "check the name")) from error
    _check_hash(path, data)
    expected = "a checkpoint of this project"
    content = read_plain(data, where=path, expected=expected, remedy=NOT_USED)
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise _damaged(path, f"the format {FORMAT}", "another")
    if content.get("version") != VERSION:
        raise _damaged(path, f"version {VERSION}", str(content.get("version")))
    return content


def other_settings(content: dict[str, Any], settings: TrainSettings) -> str:
    """Say how the settings differ that a checkpoint was saved with; "" where they do not.

    Fidelity is left to the run folder: what version 0.1 understood by it is decided there.

    Args:
        content: What the checkpoint holds.
        settings: Those of the run.
    """
    saved = content.get("settings")
    if not isinstance(saved, dict):
        return "no settings"
    changes = differences(saved, settings.lasting)
    return in_brief([each for each in changes if not each.startswith("generator.fidelity:")])


def noted_sha256(path: Path) -> str:
    """Read the SHA-256 beside a checkpoint, which everything that is read of it has fitted.

    Raises:
        DamagedError: There is none.
    """
    try:
        noted = read_regular(_hash_path(path), MAX_HASH_BYTES)
        return noted.decode("ascii", "replace").split()[0]
    except (OSError, IndexError):
        raise _without_hash(path) from None


def _check_hash(path: Path, data: bytes) -> None:
    expected = noted_sha256(path)
    found = hashlib.sha256(data).hexdigest()
    if found != expected:
        raise _damaged(path, f"SHA-256 {expected[:12]}…", f"{found[:12]}…")


def _damaged(path: Path, expected: str, found: str) -> DamagedError:
    return DamagedError(problem(path, expected, found, NOT_USED))


def _without_hash(path: Path) -> DamagedError:
    file, beside = (shlex.quote(str(each)) for each in (path, _hash_path(path)))
    remedy = f"to trust the file as it is, run sha256sum {file} > {beside}"
    return DamagedError(problem(path, "its SHA-256 beside it", "none", remedy))


def _hash_path(path: Path) -> Path:
    return path.with_name(path.name + ".sha256")


def _as_bytes(content: dict[str, Any]) -> memoryview:
    buffer = io.BytesIO()
    torch.save(content, buffer)
    return buffer.getbuffer()
