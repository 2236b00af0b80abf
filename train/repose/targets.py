"""Targets as the user names them: poses of files, of photos, of saved skeletons, sequences."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from data_manifest.published_files import KeypointTable, read_keypoints
from shared.errors import UsageError, problem
from shared.geometry import Float64s, valid_poses
from shared.skeleton import NUM_JOINTS
from shared.skeleton_file import read_skeleton
from train.repose.naming import label_of, natural
from train.repose.people import Poses, whole_person
from train.repose.photos import SUFFIXES, Photo, open_photo, photos_in
from train.repose.stances import STANCES, WALKS, frames_of, slug_of

SKELETON: Final = ".json"
TABLE: Final = ".csv"
STANCE: Final = "stance:"
"""Before the name of a pose that needs no file, see :mod:`train.repose.stances`."""

TORSO_PX: Final = 100.0
"""Length of a stance's torso in its own picture; placing scales it to the person."""


@dataclass(frozen=True)
class Target:
    """A pose, or a sequence of poses, before photos have been looked into.

    Attributes:
        label: What pictures are named by.
        where: What messages name.
        frames: A photo, or a pose, float64 (18, 2), for each frame.
        is_sequence: Whether it becomes an animation.
    """

    label: str
    where: str
    frames: tuple[Photo | Float64s, ...]
    is_sequence: bool = False

    @property
    def photos(self) -> list[Photo]:
        """The photos whose poses have to be known."""
        return [frame for frame in self.frames if isinstance(frame, Photo)]

    def joints(self, poses: Poses) -> Float64s:
        """Return the poses, float64 (frames, 18, 2), each in pixels of its own picture.

        A frame of a sequence in which there is no whole person has no joints at all.

        Raises:
            UsageError: The one pose, or every frame, cannot be used.
        """
        if not self.is_sequence:
            return self._pose(self.frames[0], poses)[None]
        rows: list[Float64s] = []
        fault: UsageError | None = None
        for frame in self.frames:
            try:
                rows.append(self._pose(frame, poses))
            except UsageError as error:
                rows.append(np.full((NUM_JOINTS, 2), np.nan))
                fault = fault or error
        joints = np.stack(rows)
        if fault is not None and not valid_poses(joints).any():
            raise fault
        return joints

    def _pose(self, frame: Photo | Float64s, poses: Poses) -> Float64s:
        return poses.of(frame) if isinstance(frame, Photo) else whole_person(frame, self.where)


def targets_of(path: Path, *, tables_are_sequences: bool) -> list[Target]:
    """Read what one ``--target`` names.

    Raises:
        UsageError: It is of no kind that is known, or cannot be read.
    """
    if path.is_dir():
        return [_folder(path)]
    name = str(path)
    if name.startswith(STANCE) and not os.path.lexists(path):
        return [_stance(name.removeprefix(STANCE))]
    if path.suffix.lower() == SKELETON:
        return [Target(label_of(name), name, (read_skeleton(path).joints,))]
    if path.suffix.lower() == TABLE:
        return _table(path, read_keypoints(path), tables_are_sequences=tables_are_sequences)
    place, mark, wanted = name.partition(f"{TABLE}:")
    if mark and not os.path.lexists(path):
        return [_row(Path(place + TABLE), wanted)]
    return [Target(label_of(name), name, (open_photo(path),))]


def _stance(name: str) -> Target:
    frames = frames_of(name)
    if frames is None:
        expected = f"one of {', '.join((*map(slug_of, STANCES), *WALKS))}"
        raise UsageError(problem(f"--target {STANCE}", expected, repr(name[:40]), "name one"))
    return Target(name, STANCE + name, tuple(TORSO_PX * each for each in frames), name in WALKS)


def _folder(path: Path) -> Target:
    files = photos_in(path, (*SUFFIXES, SKELETON))
    kinds = {file.suffix.lower() == SKELETON for file in files}
    if len(kinds) > 1:
        remedy = "keep them in a folder each"
        raise UsageError(problem(path, "photos or skeletons", "both", remedy))
    frames: Sequence[Photo | Float64s]
    if kinds == {True}:
        frames = [read_skeleton(file).joints for file in files]
    else:
        frames = [open_photo(file) for file in files]
    label = label_of(os.path.basename(os.path.realpath(path)) + ".")  # noqa: PTH119 - "..", links
    return Target(label, str(path), tuple(frames), is_sequence=True)


def _table(path: Path, table: KeypointTable, *, tables_are_sequences: bool) -> list[Target]:
    if not len(table):
        raise UsageError(problem(path, "a pose or more", "none", "name another file"))
    if not tables_are_sequences:
        rows = zip(table.names, table.joints, strict=True)
        return [Target(label_of(name), f"{path}: {name}", (joints,)) for name, joints in rows]
    order = sorted(range(len(table)), key=lambda row: natural(table.names[row]))
    frames = tuple(table.joints[row] for row in order)
    return [Target(label_of(str(path)), str(path), frames, is_sequence=True)]


def _row(path: Path, name: str) -> Target:
    table = read_keypoints(path)
    if name not in table.names:
        found, remedy = f"{len(table)} others", "name one as it stands in the file"
        raise UsageError(problem(path, f"the pose of {name[:80]!r}", found, remedy))
    return Target(label_of(name), f"{path}: {name}", (table.joints[table.names.index(name)],))
