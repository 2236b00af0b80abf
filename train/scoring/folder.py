"""The folder of scores: claimed by a marker first, and nothing in it touched that is not ours.

Convention:
    ``eval-gan.json`` lists the files that the evaluator has written, or is about to: a name is
    listed before its file appears. Only listed files are replaced or removed. A folder without
    the marker is taken only if it is empty, or if version 0.1 of this project made it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from shared.errors import DamagedError, PoseGanError, UsageError, problem
from shared.files import (
    Disk,
    is_temporary,
    publish,
    publish_json,
    publish_text,
    read_json,
    remove_temporaries,
)
from shared.folder_lock import LOCK_NAME, folder_lock
from train.scoring.panels import IMAGE_SUFFIXES, pair_names

MARKER: Final = "eval-gan.json"
FORMAT: Final = "posegan-scores"
VERSION: Final = 1

RESULTS: Final = ("pairs.csv", "table.csv", "table.md", "table.tex", "metrics.json")
PANELS: Final = "panels"
KEYPOINTS: Final = "keypoints.csv"
ORIGIN: Final = "generated.json"

_ORIGIN_KEYS: Final = {"checkpoint", "sha256", "weights", "shards"}
_REPORT_KEYS: Final = {"format", "pairs", "protocols", "controls", "versions"}


class ScoresFolder:
    """A folder of scores in the hands of its only writer; see :func:`open_scores`.

    Args:
        path: The folder.
        owned: Names of files that the evaluator made.
        disk: The calls to the operating system by which files are published.
    """

    def __init__(self, path: Path, owned: Iterable[str], disk: Disk | None) -> None:
        self.path = path
        self._owned = set(owned)
        self._disk = disk

    def claim(self, names: Iterable[str]) -> None:
        """List files that are about to be written.

        Args:
            names: Relative to the folder, with ``/`` between.

        Raises:
            UsageError: One of them is there already and is not ours; nothing was changed.
        """
        wanted = set(names)
        strange = sorted(name for name in wanted - self._owned if _exists(self.path / name))
        if strange:
            raise _not_ours(self.path, strange)
        if not wanted <= self._owned or not (self.path / MARKER).exists():
            self._owned |= wanted
            content = {"format": FORMAT, "version": VERSION, "files": sorted(self._owned)}
            publish_json(self.path / MARKER, content, self._disk)

    def claim_panels(self, origin: dict[str, Any], names: Iterable[str]) -> Path:
        """Make the folder of pictures ready; pictures of another origin are removed.

        Args:
            origin: What the pictures are drawn from, plain values.
            names: Names of the pictures that are about to be drawn.

        Returns:
            The folder, which holds no picture but those of this origin.

        Raises:
            UsageError: It holds pictures that the evaluator did not draw; nothing was changed.
        """
        panels = self.path / PANELS
        strange = [name for name in _pictures_in(panels) if name not in self._owned]
        if panels.is_symlink() or strange:
            raise _not_ours(self.path, strange or [PANELS])
        drawn = {name for name in self._owned if name.startswith(f"{PANELS}/")}
        wanted = [f"{PANELS}/{name}" for name in names]
        self.claim([*wanted, ORIGIN, KEYPOINTS])
        panels.mkdir(exist_ok=True)
        remove_temporaries(panels)
        note = self.path / ORIGIN
        if not note.exists() or read_json(note) != origin:
            for name in sorted(drawn):
                (self.path / name).unlink(missing_ok=True)
            publish_json(note, origin, self._disk)
        return panels

    def publish(self, name: str, content: bytes | memoryview | str) -> None:
        """Publish a file that was claimed before."""
        assert name in self._owned, name
        if isinstance(content, str):
            publish_text(self.path / name, content, self._disk)
        else:
            publish(self.path / name, content, self._disk)

    def publish_json(self, name: str, value: Any) -> None:
        """Publish a value as JSON under a name that was claimed before."""
        assert name in self._owned, name
        publish_json(self.path / name, value, self._disk)


@contextmanager
def open_scores(out: Path, disk: Disk | None = None) -> Iterator[ScoresFolder]:
    """Hold a folder of scores; it is made where there is none.

    Args:
        out: The folder.
        disk: The calls to the operating system by which files are published.

    Raises:
        UsageError: The folder is somebody else's; nothing in it was changed.
        DamagedError: Its marker cannot be understood.
        LockedError: Another process writes into it.
    """
    _owned_in(out)  # before the lock, which is a file too
    with folder_lock(out):
        owned = _owned_in(out)
        remove_temporaries(out)
        yield ScoresFolder(out, owned, disk)


def _owned_in(out: Path) -> set[str]:
    """Read which files of a folder are ours.

    Raises:
        UsageError: It is a foreign folder.
        DamagedError: Its marker cannot be understood.
    """
    if (out / MARKER).exists():
        return _listed(out / MARKER)
    if not out.is_dir():
        return set()
    names = sorted(child.name for child in out.iterdir() if not _comes_before_marker(child.name))
    if not names:
        return set()
    owned = _owned_since_version_0_1(out)
    if not owned:
        raise _not_ours(out, names)
    return owned


def _comes_before_marker(name: str) -> bool:
    """Tell whether a file may be left of a call that was killed before it had a marker."""
    return name == LOCK_NAME or is_temporary(name, of=MARKER)


def _listed(marker: Path) -> set[str]:
    content = read_json(marker)
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise _damaged(marker, f"the format {FORMAT}", "another")
    if content.get("version") != VERSION:
        raise _damaged(marker, f"version {VERSION}", content.get("version"))
    files = content.get("files")
    if not isinstance(files, list) or not all(isinstance(name, str) for name in files):
        raise _damaged(marker, "a list of files", files)
    inside = [name for name in files if _is_inside(name)]
    if len(inside) != len(files):
        raise _damaged(marker, "names of files inside the folder", "others")
    return set(inside)


def _owned_since_version_0_1(out: Path) -> set[str]:
    """Find what version 0.1 wrote, which left no list; empty for a folder of somebody else."""
    drawn = _has_keys(out / ORIGIN, _ORIGIN_KEYS)
    scored = _has_keys(out / "metrics.json", _REPORT_KEYS)
    names = {*RESULTS} if drawn or scored else set()
    if drawn:
        names |= {ORIGIN, KEYPOINTS}
        names |= {name for name in _pictures_in(out / PANELS) if pair_names(Path(name).name)}
    return {name for name in names if _exists(out / name)}


def _has_keys(path: Path, keys: set[str]) -> bool:
    try:
        content = read_json(path)
    except PoseGanError:
        return False
    return isinstance(content, dict) and keys <= content.keys()


def _pictures_in(panels: Path) -> list[str]:
    """List what the scorer would take for a picture, as names relative to the scores folder."""
    if not panels.is_dir():
        return []
    return sorted(
        f"{PANELS}/{child.name}"
        for child in panels.iterdir()
        if child.suffix.lower() in IMAGE_SUFFIXES and not child.name.startswith(".")
    )


def _is_inside(name: str) -> bool:
    parts = Path(name).parts
    flat = len(parts) == 1 or (len(parts) == 2 and parts[0] == PANELS)
    return flat and ".." not in parts and not Path(name).is_absolute()


def _exists(path: Path) -> bool:
    return path.exists() or path.is_symlink()


def _not_ours(out: Path, names: list[str]) -> UsageError:
    shown = ", ".join(names[:3]) + (f" … ({len(names):,} in all)" if len(names) > 3 else "")
    expected = "an empty folder, or only files that eval-gan wrote"
    return UsageError(problem(out, expected, shown, "choose another --out"))


def _damaged(path: Path, expected: str, found: object) -> DamagedError:
    remedy = "choose another --out, or remove this folder of scores"
    return DamagedError(problem(path, expected, found, remedy))
