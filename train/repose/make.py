"""Photos and poses in, people in other poses out: the way of ``repose``, read top to bottom."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from data_manifest.point_order import refuse_points_outside
from data_manifest.published_files import keypoints_text
from shared.console import Console
from shared.errors import RulesBrokenError, UsageError, problem
from shared.files import Disk, publish, publish_text
from shared.owned_folder import OwnedFolder, owned_folder, require_own
from train.inference.exported import familiar_of
from train.inference.models import model_path
from train.inference.painter import Painter, open_painter
from train.repose.animation import animation_of
from train.repose.asking import ask
from train.repose.drawing import draw_scene, names_of
from train.repose.people import Ask, Poses
from train.repose.record import FOUND, RECORD, Record
from train.repose.request import Faults, Request, open_request
from train.repose.scenes import IN_PHOTO, Motion, Person, Scene, scenes_of
from train.repose.settings import ReposeSettings
from train.repose.sheet import NAME as SHEET
from train.repose.sheet import sheet_of
from train.repose.unlike import warn_of_unlike

COMMAND: Final = "repose"
POSES: Final = "poses.csv"
MOST_PICTURES: Final = 100_000


def repose(
    settings: ReposeSettings, console: Console, *, asked: Ask = ask, disk: Disk | None = None
) -> Path:
    """Draw every source in every target's pose.

    A repeated call goes on where a killed one stopped.

    Args:
        settings: What is wanted.
        console: Told what goes on, and one line for each photo or pose that cannot be used.
        asked: Asks stage 1 for the poses of photos.
        disk: The calls to the operating system by which files are published.

    Returns:
        The output folder.

    Raises:
        RulesBrokenError: Some sources or targets could not be used; the others are drawn.
        UsageError: None could be used, or the folder is not this request's.
    """
    model = model_path(settings.model)
    faults = Faults(console)
    request = open_request(settings, faults)
    painter = open_painter(
        model, device=settings.device, raw_weights=settings.raw_weights, console=console
    )
    familiar = familiar_of(model)
    if settings.dry_run:
        require_own(settings.out, COMMAND)
        _tell(settings, request, console)
        return settings.out
    with owned_folder(settings.out, COMMAND, disk=disk) as folder:
        folder.remove_temporaries(sorted({str(Path(name).parent) for name in folder.files} | {"."}))
        record = Record(folder, request.plain(settings, painter.origin))
        record.begin(overwrite=settings.overwrite)
        poses = Poses(settings.source_poses, request.pose_model, record.found_poses, asked)
        _find(request, poses, record, console)
        people = _people(request, poses, faults)
        warn_of_unlike(people, familiar, painter.image_size, console)
        scenes = scenes_of(
            people,
            _motions(request, poses, faults),
            painter.image_size,
            settings.smooth,
        )
        _draw(scenes, settings, painter, folder, console)
        record.complete([_noted(scene) for scene in scenes])
    for name in _results(scenes, settings):
        console.result(str(settings.out / name))
    _end(faults)
    return settings.out


def _find(request: Request, poses: Poses, record: Record, console: Console) -> None:
    """Ask stage 1 for what is missing, and keep the answer."""
    missing = poses.missing(request.photos)
    if missing:
        console.say(f"asking {request.pose_model} for the poses of {len(missing)} photos")
        poses.find(missing)
        record.keep(poses)


def _people(request: Request, poses: Poses, faults: Faults) -> list[Person]:
    people = []
    for label, photo in zip(request.source_labels, request.sources, strict=True):
        try:
            joints = poses.of(photo)
            refuse_points_outside(photo.path, joints[None], np.array([photo.size]))
            people.append(Person(label, photo, joints))
        except UsageError as error:
            faults.add(error)
    faults.require_any(people)
    return people


def _motions(request: Request, poses: Poses, faults: Faults) -> list[Motion]:
    motions = []
    for target in request.targets:
        try:
            joints = target.joints(poses)
            motions.append(Motion(target.label, joints, target.is_sequence))
        except UsageError as error:
            faults.add(error)
    faults.require_any(motions)
    return motions


def _draw(
    scenes: Sequence[Scene],
    settings: ReposeSettings,
    painter: Painter,
    folder: OwnedFolder,
    console: Console,
) -> None:
    """Draw all frames, then what is made of them."""
    pictures = [name for scene in scenes for name in scene.pictures]
    if len(pictures) > MOST_PICTURES:
        remedy = "name fewer sources or targets at a time"
        raise UsageError(problem(COMMAND, f"{MOST_PICTURES:,} pictures", len(pictures), remedy))
    files = [*pictures, *(name for scene in scenes for name in scene.animations(gif=settings.gif))]
    files = [each for name in files for each in names_of(name, back=settings.put_back)]
    folder.intend([*files, SHEET, POSES, RECORD, FOUND])
    with console.stage("draw", len(pictures)) as stage:
        for scene in scenes:
            enlarged = draw_scene(scene, painter, folder, back=settings.put_back)
            if enlarged is not None:
                drawn, own = _size(enlarged), _size(scene.crop.size)
                console.say(f"{scene.name}: drawn at {drawn}, enlarged to the photo's {own}")
            _animate(scene, settings, folder)
            stage.advance(len(scene.pictures))
    publish(folder.path / SHEET, sheet_of(scenes, folder.path), folder.disk)
    publish_text(folder.path / POSES, _poses_text(scenes, folder.path / POSES), folder.disk)


def _animate(scene: Scene, settings: ReposeSettings, folder: OwnedFolder) -> None:
    for name in scene.animations(gif=settings.gif):
        for number, file in enumerate(names_of(name, back=settings.put_back)):
            if (folder.path / file).exists():
                continue
            place = folder.path / IN_PHOTO if number else folder.path
            frames = [place / each for each in scene.pictures]
            encoded = animation_of(frames, Path(name).suffix, settings.fps)
            publish(folder.path / file, encoded, folder.disk)


def _poses_text(scenes: Sequence[Scene], path: Path) -> str:
    """Write the poses as they were drawn, in pixels of the pictures."""
    names = [name for scene in scenes for name in scene.pictures]
    poses = [scene.poses - [scene.crop.left, scene.crop.top] for scene in scenes]
    return keypoints_text(path, tuple(names), np.concatenate(poses))


def _noted(scene: Scene) -> dict[str, Any]:
    crop = scene.crop
    return {
        "name": scene.name,
        "source": scene.person.label,
        "target": scene.motion.label,
        "frames": len(scene.poses),
        "crop": [crop.left, crop.top, crop.width, crop.height],
    }


def _results(scenes: Sequence[Scene], settings: ReposeSettings) -> list[str]:
    """List what a user opens: pictures or animations, and the sheet."""
    names = [name for scene in scenes for name in (scene.animations(gif=False) or scene.pictures)]
    return [*(each for name in names for each in names_of(name, back=settings.put_back)), SHEET]


def _tell(settings: ReposeSettings, request: Request, console: Console) -> None:
    frames = sum(len(target.frames) for target in request.targets)
    sources, targets = len(request.sources), len(request.targets)
    console.result(
        f"{settings.out}: would hold {sources * frames} pictures of {sources} sources "
        f"and {targets} targets"
    )


def _end(faults: Faults) -> None:
    """Tell by the exit code where something was left out.

    Raises:
        RulesBrokenError: Something was.
    """
    if faults.lines:
        expected = "every source and target to be usable"
        found, remedy = f"{len(faults.lines)} left out", "read the warnings; the rest is drawn"
        raise RulesBrokenError(problem(COMMAND, expected, found, remedy))


def _size(size: tuple[int, int]) -> str:
    return f"{size[0]} x {size[1]}"
