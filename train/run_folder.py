"""The run folder: its names, and the guard that a run goes on only with its own settings."""

from __future__ import annotations

from pathlib import Path

from data_manifest.manifest import Manifest, open_manifest
from shared.errors import DamagedError, UsageError, problem
from shared.files import Disk, publish_json, read_json, remove_temporaries
from shared.provenance import versions
from shared.settings import as_plain, build, differences, fingerprint, in_brief
from train.settings.tree import TrainSettings

SETTINGS_NAME = "settings.json"
SHEETS = "sheets"
CURVES_NAME = "curves.png"
DIVERGED_NAME = "diverged.json"


def claim_folder(folder: Path, settings: TrainSettings, disk: Disk | None = None) -> None:
    """Save the resolved settings, or make sure that those of an earlier start are the same.

    Only to be called by the holder of the folder's lock.

    Raises:
        UsageError: The folder holds a run of other settings, or something else.
    """
    path = folder / SETTINGS_NAME
    remove_temporaries(folder)
    if path.exists():
        changed = differences(_saved(path).lasting, settings.lasting)
        if changed:
            raise UsageError(
                problem(
                    folder,
                    "a run of these settings",
                    in_brief(changed),
                    "give the old settings to continue, or choose another --out",
                )
            )
    elif any(child.name != ".lock" for child in folder.iterdir()):
        raise UsageError(
            problem(folder, "an empty folder or a run", "other files", "choose another --out")
        )
    software = versions("torch", "torchvision", "numpy", "h5py", "pillow")
    publish_json(path, {**as_plain(settings), "versions": software}, disk)
    _make_sheets_folder(folder / SHEETS)


def _make_sheets_folder(path: Path) -> None:
    try:
        path.mkdir(exist_ok=True)
    except OSError as error:
        found = "a file of that name" if path.exists() else error.strerror
        raise UsageError(
            problem(
                path, "a folder for sample sheets", found, "move it away, or choose another --out"
            )
        ) from error


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


def require_shards(settings: TrainSettings, shards: Path) -> Manifest:
    """Open a shard folder and make sure that its images fit the run's networks.

    Raises:
        UsageError: They have another size.
    """
    return open_shards_of_size(shards, settings.generator.image_size)


def open_shards_of_size(shards: Path, size: tuple[int, int]) -> Manifest:
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


def _saved(path: Path) -> TrainSettings:
    """Read saved settings; what an older version did not know has its default."""
    content = read_json(path)
    if not isinstance(content, dict) or not {"preset", "generator", "run"} <= content.keys():
        raise DamagedError(
            problem(path, "the settings of a run", "something else", "choose another --out")
        )
    plain = {key: value for key, value in content.items() if key != "versions"}
    return build(TrainSettings, plain, where=path)
