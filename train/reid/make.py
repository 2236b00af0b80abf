"""Making a judge: read the people, train, publish one file and its hash."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import torch

from shared.console import Console
from shared.errors import DamagedError, UsageError, problem
from shared.files import Disk, publish, publish_text
from shared.owned_folder import OwnedFolder, owned_folder, require_own
from shared.provenance import versions
from train.device import find_device
from train.reid.judge import FILE_NAME, HASH_NAME, Judge, judge_bytes, read_judge
from train.reid.lesson import LESSON, Lesson
from train.reid.people import People, find_pictures, read_people
from train.reid.settings import ReidSettings
from train.reid.training import train

COMMAND: Final = "train-reid"


def make_judge(
    settings: ReidSettings, console: Console, disk: Disk | None = None, lesson: Lesson = LESSON
) -> Path:
    """Train a judge and publish it; one that is there already is kept.

    Args:
        settings: Where the people are, and where the judge goes.
        console: Told what goes on.
        disk: The calls to the operating system by which files are published.
        lesson: Another one is for tests: a judge is always read as one of the protocol's.

    Returns:
        The file.

    Raises:
        UsageError: Too few people, a picture that cannot be read, a folder of somebody else, or a
            judge that was trained on other images.
        DivergedError: The training diverged.
        LockedError: Another process writes into the folder.
    """
    paths, path = find_pictures(settings.src), settings.out / FILE_NAME
    device = find_device(settings.device)
    if settings.dry_run:
        require_own(settings.out, COMMAND)
        there = "there is one, to be checked" if path.exists() else "to be made"
        console.result(
            f"{path}: {there}; {len(paths):,} pictures, {lesson.steps} steps on {device}"
        )
        return path
    with owned_folder(settings.out, COMMAND, disk=disk) as folder:
        folder.remove_temporaries()
        with console.stage("read", len(paths)) as stage:
            people = read_people(paths, stage)
        present = _present(path, console)
        if present is not None and present.origin.get("sha256") == people.sha256:
            console.say(f"{path} is there already, trained on these pictures")
            _publish_hash(folder, present.sha256)
        else:
            _refuse_another(present, path, settings.overwrite)
            with console.stage("train", lesson.steps) as stage:
                network = train(people, lesson, device, stage)
            _publish(folder, judge_bytes(network, _origin(settings.src, people)))
            present = read_judge(path, device)
    console.result(f"judge: {path}")
    console.result(f"named: reid-{present.sha256[:8]}")
    return path


def _present(path: Path, console: Console) -> Judge | None:
    """Read the judge that is there; None where there is none or a damaged one."""
    if not path.exists():
        return None
    try:
        return read_judge(path, torch.device("cpu"))
    except DamagedError as error:
        console.warn(f"made anew: {error.message}")
        return None


def _refuse_another(present: Judge | None, path: Path, overwrite: bool) -> None:
    if present is not None and not overwrite:
        found = f"one of {present.origin.get('num_people')} people of other images"
        remedy = "choose another --out, or add --overwrite"
        raise UsageError(problem(path, "a judge trained on these pictures", found, remedy))


def _origin(src: Path, people: People) -> dict[str, Any]:
    return {
        "folder": src.resolve().name,
        "sha256": people.sha256,
        "num_images": len(people.images),
        "num_people": people.count,
        "versions": versions("torch", "numpy", "pillow"),
    }


def _publish(folder: OwnedFolder, data: bytes) -> None:
    """Publish the hash last: a judge without one is whole all the same."""
    folder.intend((FILE_NAME, HASH_NAME))
    (folder.path / HASH_NAME).unlink(missing_ok=True)
    _publish_hash(folder, publish(folder.path / FILE_NAME, data, folder.disk))


def _publish_hash(folder: OwnedFolder, sha256: str) -> None:
    """Write the hash beside the judge where a killed call did not come to it."""
    if not (folder.path / HASH_NAME).exists():
        publish_text(folder.path / HASH_NAME, f"{sha256}  {FILE_NAME}\n", folder.disk)
