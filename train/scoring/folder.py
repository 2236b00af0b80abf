"""The folder of scores: the evaluator's own, see ``shared.owned_folder``, with what it keeps there.

Convention:
    A name is claimed before its file appears, and only claimed files are replaced or removed. A
    folder of version 0.1, and one with that time's list ``eval-gan.json``, is recognised.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from shared.errors import PoseGanError, UsageError, problem
from shared.files import Disk, publish, publish_json, publish_text, read_json
from shared.owned_folder import OwnedFolder, owned_folder
from train.scoring.panels import IMAGE_SUFFIXES, pair_names
from train.scoring.rows import ROWS

COMMAND: Final = "eval-gan"
OLD_MARKER: Final = "eval-gan.json"
OLD_FORMAT: Final = "posegan-scores"

RESULTS: Final = ("pairs.csv", "table.csv", "table.md", "table.tex", "metrics.json")
PANELS: Final = "panels"
KEYPOINTS: Final = "keypoints.csv"
ORIGIN: Final = "generated.json"

_ORIGIN_KEYS: Final = {"checkpoint", "sha256", "weights", "shards"}
_REPORT_KEYS: Final = {"format", "pairs", "protocols", "controls", "versions"}


class ScoresFolder:
    """A folder of scores in the hands of its only writer; see :func:`open_scores`.

    Args:
        owned: The folder.
    """

    def __init__(self, owned: OwnedFolder) -> None:
        self.path = owned.path
        self._owned = owned
        self._disk = owned.disk

    def claim(self, names: Iterable[str]) -> None:
        """List files that are about to be written.

        Args:
            names: Relative to the folder, with ``/`` between.

        Raises:
            UsageError: One of them is there already and is not ours; nothing was changed.
        """
        self._owned.intend(names)

    def claim_panels(
        self, origin: dict[str, Any], names: Iterable[str], rows: Sequence[str] = ()
    ) -> Path:
        """Make the folder of pictures ready; pictures of another origin are removed.

        Args:
            origin: What the pictures are drawn from, plain values.
            names: Names of the pictures that are about to be drawn.
            rows: Folders of further pictures of the same names, of :data:`train.scoring.rows.ROWS`.

        Returns:
            The folder, which holds no picture but those of this origin.

        Raises:
            UsageError: It holds pictures that the evaluator did not draw; nothing was changed.
        """
        panels = self.path / PANELS
        mine = self._owned.files
        places = (PANELS, *rows)
        strange = [
            name for place in places for name in _pictures_in(self.path / place) if name not in mine
        ]
        linked = [place for place in places if (self.path / place).is_symlink()]
        if linked or strange:
            raise _not_ours(self.path, strange or linked)
        names = list(names)
        wanted = [f"{place}/{name}" for place in places for name in names]
        self.claim([*wanted, ORIGIN, KEYPOINTS])
        for place in places:
            self._owned.folder(place)
        self._owned.remove_temporaries(places)
        note = self.path / ORIGIN
        if not note.exists() or read_json(note) != origin:
            drawn = tuple(f"{place}/" for place in (PANELS, *ROWS))
            self._owned.remove(name for name in mine if name.startswith(drawn))
            self.claim(wanted)
            publish_json(note, origin, self._disk)
        return panels

    def publish(self, name: str, content: bytes | memoryview | str) -> None:
        """Publish a file that was claimed before."""
        assert name in self._owned.files, name
        if isinstance(content, str):
            publish_text(self.path / name, content, self._disk)
        else:
            publish(self.path / name, content, self._disk)

    def publish_json(self, name: str, value: Any) -> None:
        """Publish a value as JSON under a name that was claimed before."""
        assert name in self._owned.files, name
        publish_json(self.path / name, value, self._disk)


@contextmanager
def open_scores(out: Path, disk: Disk | None = None) -> Iterator[ScoresFolder]:
    """Hold a folder of scores; it is made where there is none.

    Args:
        out: The folder.
        disk: The calls to the operating system by which files are published.

    Raises:
        UsageError: The folder is somebody else's; nothing in it was changed.
        LockedError: Another process writes into it.
    """
    with owned_folder(out, COMMAND, recognise=_made_by_older, disk=disk) as owned:
        owned.remove_temporaries()
        yield ScoresFolder(owned)


def _made_by_older(out: Path) -> list[str] | None:
    """List what a version without today's marker wrote; None for a folder of somebody else."""
    try:
        content = read_json(out / OLD_MARKER)
    except PoseGanError:
        content = None
    if isinstance(content, dict) and content.get("format") == OLD_FORMAT:
        files = content.get("files")
        if not isinstance(files, list) or not all(_is_inside(name) for name in files):
            return None
        return [OLD_MARKER, *files]
    return sorted(_owned_since_version_0_1(out)) or None


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


def _pictures_in(folder: Path) -> list[str]:
    """List what the scorer would take for a picture, as names relative to the scores folder."""
    if not folder.is_dir():
        return []
    return sorted(
        f"{folder.name}/{child.name}"
        for child in folder.iterdir()
        if child.suffix.lower() in IMAGE_SUFFIXES and not child.name.startswith(".")
    )


def _is_inside(name: Any) -> bool:
    if not isinstance(name, str) or not name:
        return False
    parts = Path(name).parts
    flat = len(parts) == 1 or (len(parts) == 2 and parts[0] == PANELS)
    return flat and ".." not in parts and not Path(name).is_absolute()


def _exists(path: Path) -> bool:
    return path.exists() or path.is_symlink()


def _not_ours(out: Path, names: list[str]) -> UsageError:
    shown = ", ".join(names[:3]) + (f" … ({len(names):,} in all)" if len(names) > 3 else "")
    expected = "an empty folder, or only files that eval-gan wrote"
    return UsageError(problem(out, expected, shown, "choose another --out"))
