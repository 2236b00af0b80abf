"""The run folder: its names, and the guard that a run goes on only with its own settings.

Convention:
    A folder is bound to settings by what training has made in it, a checkpoint or a line of the
    log, and not by a start that failed before.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from data_manifest.manifest import Manifest, open_manifest
from data_manifest.remote.folder import ShardFolder
from shared.errors import DamagedError, PoseGanError, UsageError, problem
from shared.files import Disk, publish_json, read_json
from shared.owned_folder import OwnedFolder, owned_folder
from shared.provenance import versions
from shared.settings import as_plain, build, differences, fingerprint, in_brief
from train.settings.tree import TrainSettings

COMMAND: Final = "train-gan"
SETTINGS_NAME: Final = "settings.json"
LOG_NAME: Final = "log.jsonl"
SHEETS: Final = "sheets"
EVENTS: Final = "tensorboard"
CURVES_NAME: Final = "curves.png"
DIVERGED_NAME: Final = "diverged.json"

_FIXED_NAMES: Final = (SETTINGS_NAME, LOG_NAME, CURVES_NAME, DIVERGED_NAME)
_PRODUCT: Final = re.compile(
    "|".join([r"checkpoint-\d{10,}\.pt(\.sha256)?", *map(re.escape, _FIXED_NAMES)]), re.ASCII
)
_SHEET: Final = re.compile(r"sheet-\d{10,}\.png", re.ASCII)
_SETTINGS_KEYS: Final = {"preset", "generator", "run"}


@contextmanager
def run_folder(
    folder: Path, settings: TrainSettings, disk: Disk | None = None, *, hold: bool = True
) -> Iterator[OwnedFolder]:
    """Hold a run folder that is free, or that holds a run of these settings; write nothing else.

    Args:
        folder: The folder.
        settings: The resolved settings.
        disk: Calls to the operating system; the real ones by default.
        hold: False for a dry run, which may look and leaves no trace.

    Raises:
        UsageError: The folder holds a run of other settings, or something else.
        LockedError: Another process trains in it.
    """
    with owned_folder(folder, COMMAND, recognise=made_by_older, disk=disk, hold=hold) as owned:
        _refuse_other_settings(folder, settings)
        _refuse_no_folder(folder / SHEETS)
        owned.refuse_strangers(_PRODUCT)
        owned.refuse_strangers(_SHEET, SHEETS)
        yield owned


def begin_run(owned: OwnedFolder, settings: TrainSettings) -> None:
    """Save the resolved settings, once everything that the run needs was found.

    Raises:
        UsageError: A link lies where a folder of the run's own belongs.
    """
    owned.intend(_FIXED_NAMES)
    owned.folder(SHEETS)
    if settings.run.tensorboard:
        owned.folder(EVENTS)
    owned.remove_temporaries((".", SHEETS))
    software = versions("torch", "torchvision", "numpy", "h5py", "pillow")
    content = {**as_plain(settings), "versions": software}
    publish_json(owned.path / SETTINGS_NAME, content, owned.disk)


def made_by_older(folder: Path) -> list[str] | None:
    """List what a version without markers made in a run folder; None where it made none."""
    try:
        content = read_json(folder / SETTINGS_NAME)
    except PoseGanError:
        return None
    if not isinstance(content, dict) or not content.keys() >= _SETTINGS_KEYS:
        return None
    names = [path.name for path in folder.iterdir() if _PRODUCT.fullmatch(path.name)]
    sheets = folder / SHEETS
    if sheets.is_dir() and not sheets.is_symlink():
        names += [f"{SHEETS}/{p.name}" for p in sheets.iterdir() if _SHEET.fullmatch(p.name)]
    return names


def _refuse_other_settings(folder: Path, settings: TrainSettings) -> None:
    """Refuse a run of other settings; one that left no checkpoint and no log binds nobody."""
    if not (folder / SETTINGS_NAME).exists() or not _has_begun(folder):
        return
    changed = differences(_saved(folder / SETTINGS_NAME).lasting, settings.lasting)
    if changed:
        remedy = "use the old settings to continue, or choose another --out"
        raise UsageError(problem(folder, "a run of these settings", in_brief(changed), remedy))


def _has_begun(folder: Path) -> bool:
    log = folder / LOG_NAME
    logged = log.is_file() and log.stat().st_size > 0
    return logged or any(folder.glob("checkpoint-*.pt"))


def _refuse_no_folder(path: Path) -> None:
    if path.is_symlink() or (path.exists() and not path.is_dir()):
        found = "a link" if path.is_symlink() else "a file of that name"
        remedy = "move it away, or choose another --out"
        raise UsageError(problem(path, "a folder for sample sheets", found, remedy))


def read_settings(folder: Path) -> TrainSettings:
    """Read the settings of a run.

    Raises:
        UsageError: The folder is no run.
        DamagedError: Its settings cannot be understood.
    """
    path = folder / SETTINGS_NAME
    if not path.is_file():
        raise UsageError(
            problem(folder, f"a run folder with {SETTINGS_NAME}", "none", "give train-gan's --out")
        )
    return _saved(path)


def shards_fingerprint(manifest: Manifest) -> str:
    """Return a short hash of the train shards' contents: equal shards, equal hash."""
    return fingerprint([s.sha256 for s in manifest.shards if s.split == "train"])


def require_shards(settings: TrainSettings, shards: ShardFolder) -> Manifest:
    """Open a shard folder and make sure that its images fit the run's networks.

    Raises:
        UsageError: They have another size.
    """
    return open_shards_of_size(shards, settings.generator.image_size)


def open_shards_of_size(shards: ShardFolder, size: tuple[int, int]) -> Manifest:
    """Open a shard folder and make sure that its images have a network's (height, width).

    Raises:
        UsageError: They have another size.
    """
    manifest = open_manifest(shards)
    if manifest.image_size != size:
        raise UsageError(
            problem(
                shards,
                f"images of {size} (height, width), as in the run",
                manifest.image_size,
                "give shards of that size",
            )
        )
    return manifest


def _refuse_older_fidelity(path: Path, generator: object) -> None:
    """Refuse a run that followed the authors' code as far as version 0.1 did.

    Its networks saw other heat maps, masks and batches than fidelity now means. Version 0.1 saved
    no ``generator.poses``; that tells the two apart.
    """
    if not isinstance(generator, dict) or "poses" in generator:
        return
    if generator.get("fidelity", True):
        raise UsageError(
            problem(
                path,
                "fidelity to the authors' heat maps, masks and batches",
                "a run with fidelity that version 0.1 began, which saw others",
                "begin it anew with another --out, or draw with it by version 0.1",
            )
        )


def _saved(path: Path) -> TrainSettings:
    """Read saved settings; what an older version did not know has its default."""
    content = read_json(path)
    if not isinstance(content, dict) or not content.keys() >= _SETTINGS_KEYS:
        raise DamagedError(
            problem(path, "the settings of a run", "something else", "choose another --out")
        )
    plain = {key: value for key, value in content.items() if key != "versions"}
    _refuse_older_fidelity(path, plain["generator"])
    return build(TrainSettings, plain, where=path)
