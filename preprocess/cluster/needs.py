"""What a run needs of every worker of a cluster, and what a worker lacks of it.

Convention:
    Shards follow from images and settings only where code and libraries are the same, and a worker
    that does not see the images would call them unreadable. So each worker is asked before the
    work starts, and each task asks again before and after its work: workers come and go.
"""

from __future__ import annotations

import functools
import hashlib
import importlib
import os
import platform
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from preprocess.sources.archives import Member
from preprocess.sources.places import Place
from shared.errors import UsageError, problem
from shared.folder_lock import LOCK_NAME
from shared.provenance import PACKAGE, version_of
from shared.regular_files import read_regular

CODE: Final = ("shared", "data_manifest", "preprocess")
"""The packages that a task may run."""

LIBRARIES: Final = ("numpy", "pillow", "h5py")
POSE_LIBRARIES: Final = ("torch", "ultralytics")
"""What else the poses follow from."""

NUM_WITNESSES: Final = 16
"""So many folders of the source are looked for, by an image in each."""


@dataclass(frozen=True)
class Needs:
    """What a run needs of a worker.

    Args:
        software: Names with their versions.
        files: Files that must be there, with their sizes in bytes.
        folder: The output, or what will hold it.
        claim: What the lock in that folder says of its holder; None where it is not held.
    """

    software: tuple[tuple[str, str], ...]
    files: tuple[tuple[Path, int], ...]
    folder: Path
    claim: bytes | None

    def refuse(self, worker: str) -> None:
        """Refuse this process if it lacks something.

        Args:
            worker: What an error names it.

        Raises:
            UsageError: It does.
        """
        lack = self._lacking_software() or self._lacking_file() or self._lacking_folder()
        if lack is not None:
            raise UsageError(problem(worker, *lack))

    def _lacking_software(self) -> tuple[str, str, str] | None:
        remedy = "install the same on every machine, then start the workers again"
        for name, version in self.software:
            found = software_version(name)
            if found != version:
                return f"{name} {version} as here", found, remedy
        return None

    def _lacking_file(self) -> tuple[str, str, str] | None:
        for path, num_bytes in self.files:
            found = _size_of(path)
            if found != num_bytes:
                seen = "none there" if found is None else f"one of {found:,}"
                remedy = "let every machine see it at the same path"
                return f"the file {path} of {num_bytes:,} bytes", seen, remedy
        return None

    def _lacking_folder(self) -> tuple[str, str, str] | None:
        remedy = "let every machine see the output at the same path"
        if not self.folder.is_dir():
            return f"the folder {self.folder}", "none there", remedy
        if self.claim is not None and claim_of(self.folder) != self.claim:
            return f"the folder {self.folder} that this run holds", "another of that path", remedy
        if not os.access(self.folder, os.W_OK | os.X_OK):
            return f"the folder {self.folder}", "one that it cannot write into", remedy
        return None


def needs_of(
    places: Iterable[Place], files: Iterable[Path], folder: Path, *, held: bool, poses: bool
) -> Needs:
    """List what a run needs of every worker.

    Args:
        places: The images.
        files: What else is read there, such as a pose model's weights.
        folder: The output.
        held: Whether this process holds it; else it may not be there yet.
        poses: Whether a pose model is opened there.
    """
    libraries = LIBRARIES + POSE_LIBRARIES if poses else LIBRARIES
    existing = next(each for each in (folder, *folder.absolute().parents) if each.is_dir())
    return Needs(
        software=tuple((name, software_version(name)) for name in ("Python", PACKAGE, *libraries)),
        files=_with_sizes([*_witnesses(places), *files]),
        folder=folder if held else existing,
        claim=claim_of(folder) if held else None,
    )


def claim_of(folder: Path) -> bytes:
    """Read what the lock of a folder says of its holder; nothing where there is no lock."""
    try:
        return read_regular(folder / LOCK_NAME)
    except OSError:
        return b""


@functools.cache
def software_version(name: str) -> str:
    """Return the version of Python, of this project or of a library here, in words.

    That of the project names the code besides: a version number does not change with every line.
    """
    if name == "Python":
        return ".".join(platform.python_version_tuple()[:2])
    version = version_of(name) or "(none)"
    return f"{version} with code {_code_hash()}" if name == PACKAGE else version


def _code_hash() -> str:
    """Hash the code that a task may run."""
    digest = hashlib.sha256()
    for package in CODE:
        file = importlib.import_module(package).__file__
        assert file is not None
        folder = Path(file).parent
        for path in sorted(folder.rglob("*.py")):
            digest.update(f"{package}/{path.relative_to(folder).as_posix()}\0".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _witnesses(places: Iterable[Place]) -> list[Path]:
    """Choose an image of each of some folders, or the archive that holds them all."""
    chosen: dict[Path, Path] = {}
    for place in places:
        path = place.archive if isinstance(place, Member) else place
        chosen.setdefault(path.parent, path)
        if len(chosen) == NUM_WITNESSES:
            break
    return list(chosen.values())


def _with_sizes(paths: Iterable[Path]) -> tuple[tuple[Path, int], ...]:
    """Name files with their sizes; what is not there is left to the stage that misses it."""
    sizes = {path: _size_of(path) for path in paths}
    return tuple((path, size) for path, size in sizes.items() if size is not None)


def _size_of(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except (OSError, ValueError):
        return None
