"""The pose stage for any folder of person photos: key points in the field's published form.

Three files come out: the published CSV itself, and beside it the images' sizes (the published form
has no place for them, and readers of it trip over more columns) and the scores.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from data_manifest.published_files import keypoints_text
from preprocess.extract_settings import ExtractSettings
from preprocess.pose.device_processes import open_network, opened
from preprocess.pose.kept_poses import KeptPoses, blocks_in
from preprocess.pose.people import OpenEstimator, People, joints_of_people
from preprocess.pose.stage import BLOCK_IMAGES, estimate
from preprocess.pose.weight_files import DEMO_NOTE
from preprocess.settings import DEMO_MODEL
from preprocess.sources.drawn import is_drawn
from preprocess.sources.images import IMAGE_SUFFIXES, check_images
from preprocess.sources.known_images import KnownImage
from shared.console import Console
from shared.errors import RulesBrokenError, UsageError, problem
from shared.files import Disk
from shared.folder_lock import LOCK_NAME
from shared.geometry import presence, valid_poses
from shared.owned_files import OwnedFiles
from shared.owned_folder import owned_folder
from shared.skeleton import JOINTS
from shared.spreadsheets import is_formula

COMMAND: Final = "extract-poses"

CROP_HEIGHT: Final = 256
"""Images up to this height are crops of one person; larger ones are photos."""

NUM_NAMED: Final = 10
"""Unusable images that are named one by one; the rest is counted."""


@dataclass(frozen=True)
class Photo:
    """A usable image: name relative to the folder, path, SHA-256 and (height, width)."""

    name: str
    path: Path
    digest: str
    size: tuple[int, int]


@dataclass(frozen=True)
class Found:
    """The people of n images; joints float64 (n, 18, 2) with NaN; scores float32 (n, 18)."""

    people: People
    joints: NDArray[np.float64]
    scores: NDArray[np.float32]


def extract_poses(
    settings: ExtractSettings,
    console: Console,
    *,
    open_estimator: OpenEstimator | None = None,
    disk: Disk | None = None,
) -> None:
    """Find the person of every image of a folder and write the key points.

    A repeated call continues where a killed one stopped.

    Args:
        settings: What is wanted.
        console: Told what goes on; given the summary.
        open_estimator: Opens the pose model; by default
            :func:`preprocess.pose.yolo.open_estimator`.
        disk: The calls to the operating system by which files are published.

    Raises:
        RulesBrokenError: Too many images were unusable; the files are written all the same.
        PoseGanError: See the exit codes of ``shared.errors``.
    """
    drawn = is_drawn(settings.src) or is_drawn(settings.src.parent)
    if settings.pose.pose_model == DEMO_MODEL and not drawn:
        console.warn(DEMO_NOTE)
    paths = (settings.out, settings.beside("sizes"), settings.beside("scores"))
    files = OwnedFiles(paths, COMMAND, disk)
    files.check()
    with owned_folder(settings.kept, COMMAND, recognise=kept_by_older, disk=disk) as owned:
        photos, refused = list_photos(settings.src, console)
        if not photos:
            raise UsageError(problem(settings.src, "JPEG or PNG images", "none", "check --src"))
        sizes = np.array([photo.size for photo in photos])
        pose = (
            replace(settings.pose, pose_size=fitting_size(sizes))
            if settings.fit_size
            else settings.pose
        )
        sources = [KnownImage(photo.path, photo.digest) for photo in photos]
        opening = open_estimator or open_network
        with opened(pose, console, opening, threads=settings.workers) as estimator:
            kept = KeptPoses(settings.kept, estimator.key, disk, owned)
            people = estimate(sources, estimator, kept, console)
        found = Found(people, *joints_of_people(people, sizes, pose.joint_threshold))
        files.publish(contents_of(settings, photos, found))
        owned.dissolve()
    _summarise(settings, found, refused, console)


def list_photos(src: Path, console: Console) -> tuple[list[Photo], list[str]]:
    """Read the images of a folder once, in the order of their names.

    Args:
        src: The folder.
        console: Shows the progress.

    Returns:
        The usable images, and a line ``name: reason`` for each other one.

    Raises:
        UsageError: The folder, or one in it, cannot be read.
    """
    paths = _image_files(src)
    photos, refused = [], []
    with console.stage("check images", len(paths)) as stage:
        for start in range(0, len(paths), BLOCK_IMAGES):
            block = paths[start : start + BLOCK_IMAGES]
            checked = check_images(block)
            rows = zip(block, checked.reasons, checked.digests, checked.sizes, strict=True)
            for path, unreadable, digest, size in rows:
                name = path.relative_to(src).as_posix()
                reason = unreadable or unfit_name(name)
                if reason:
                    refused.append(f"{name}: {reason}")
                else:
                    photos.append(Photo(name, path, digest, (int(size[0]), int(size[1]))))
            stage.advance(len(block))
    return photos, refused


def _image_files(src: Path) -> list[Path]:
    """List what is named like an image, at any depth; links to folders are not followed."""

    def refuse(error: OSError) -> None:
        found, remedy = error.strerror, "check its permissions"
        raise UsageError(problem(error.filename, "a folder that can be read", found, remedy))

    return sorted(
        Path(folder, name)
        for folder, _, names in os.walk(src, onerror=refuse)
        for name in names
        if Path(name).suffix.lower() in IMAGE_SUFFIXES
    )


def fitting_size(sizes: NDArray[np.integer]) -> tuple[int, int]:
    """Choose the network's input for images of these sizes.

    Args:
        sizes: Integers (n, 2), (height, width).

    Returns:
        (height, width), multiples of 32: in the shape of the middlemost image, 256 high for crops
        and 640 along the longer side for larger photos.
    """
    height, width = np.median(sizes, axis=0)
    factor = 256 / height if height <= CROP_HEIGHT else 640 / max(height, width)
    sides = [int(np.clip(32 * round(side * factor / 32), 32, 1024)) for side in (height, width)]
    return sides[0], sides[1]


def unfit_name(name: str) -> str:
    """Say why a picture's name cannot stand in the tables; empty where it can."""
    if is_formula(name):
        return "a name that a spreadsheet would run as a formula"
    unfit = ":" in name or not name.isprintable() or name != name.strip()
    return "a name that the published form cannot hold" if unfit else ""


def kept_by_older(folder: Path) -> list[str] | None:
    """List the poses that a version without markers kept; None where the folder holds others."""
    blocks = blocks_in(folder)
    keys = {Path(block).parts[0] for block in blocks}
    others = [path for path in folder.iterdir() if path.name not in {LOCK_NAME, *keys}]
    return blocks if blocks and not others else None


def contents_of(
    settings: ExtractSettings, photos: Sequence[Photo], found: Found
) -> dict[Path, bytes]:
    """Compose the three files, the published one last."""
    sizes = [(photo.name, *photo.size) for photo in photos]
    people = found.people
    rows = zip(people.count, people.person_score, people.margin, found.scores, strict=True)
    figures = [
        (photo.name, count, *(f"{value:.4f}" for value in (score, margin, *joint_scores)))
        for photo, (count, score, margin, joint_scores) in zip(photos, rows, strict=True)
    ]
    columns = ("name", "people", "person_score", "margin", *JOINTS)
    names = tuple(photo.name for photo in photos)
    texts = {
        settings.beside("sizes"): _table(("name", "height", "width"), sizes),
        settings.beside("scores"): _table(columns, figures),
        settings.out: keypoints_text(settings.out, names, found.joints),
    }
    return {path: text.encode() for path, text in texts.items()}


def _table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([columns, *rows])
    return text.getvalue()


def _summarise(
    settings: ExtractSettings, found: Found, refused: Sequence[str], console: Console
) -> None:
    people, joints, count = found.people, found.joints, len(found.people)
    for line in refused[:NUM_NAMED]:
        console.warn(line)
    rows = [
        ("images", count),
        ("unusable images", len(refused)),
        ("person found", int((people.count > 0).sum())),
        ("more than one person", int((people.count > 1).sum())),
        ("whole torso", int(valid_poses(joints).sum())),
        ("joints of an image", f"{presence(joints).sum(axis=1).mean():.1f} of {len(JOINTS)}"),
    ]
    console.table(f"Poses of {settings.src}", ("what", "number"), rows)
    for path in (settings.out, settings.beside("sizes"), settings.beside("scores")):
        console.result(str(path))
    if len(refused) > settings.max_bad * (count + len(refused)):
        total = count + len(refused)
        raise RulesBrokenError(
            problem(
                settings.src,
                f"at most {settings.max_bad:.1%} of {total} images unusable",
                len(refused),
                "repair or remove them, or raise --max-bad",
            )
        )
