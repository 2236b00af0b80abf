"""The pose of a photo: given in a file, found before, or asked of stage 1; one line where none."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from data_manifest.published_files import read_keypoints
from shared.errors import UsageError, problem
from shared.geometry import Float64s, presence, torso_lengths
from shared.skeleton import JOINTS, NUM_JOINTS, TORSO_JOINTS
from train.repose.asking import Asked, ask
from train.repose.photos import Photo

ALIKE: Final = 0.2
"""Two people are alike where the second's score is within this share of the first's."""

GIVE: Final = "choose another photo, or give its pose by --source-poses FILE.csv"

Ask = Callable[[Sequence[Photo], str], Mapping[str, Asked]]


class Poses:
    """Poses of photos.

    Args:
        files: Published key points, by the names of photos.
        pose_model: What stage 1 is to find the others with.
        kept: What :attr:`plain` was in an earlier call; anything that is not of that form is
            passed over.
        asked: Asks stage 1.
    """

    def __init__(
        self, files: Iterable[Path], pose_model: str, kept: object = None, asked: Ask = ask
    ) -> None:
        self._pose_model = pose_model
        self._ask = asked
        self._found: dict[str, Asked] = dict(_kept(kept, pose_model))
        self._given: dict[str, Float64s] = {}
        for file in files:
            table = read_keypoints(file)
            for name, joints in zip(table.names, table.joints, strict=True):
                self._given.setdefault(name, joints)

    def missing(self, photos: Iterable[Photo]) -> list[Photo]:
        """List the photos, each once, that stage 1 has to be asked for."""
        unknown = {photo.key: photo for photo in photos if self._given_for(photo) is None}
        return [photo for key, photo in unknown.items() if key not in self._found]

    def find(self, photos: Iterable[Photo]) -> None:
        """Ask stage 1 for what is missing.

        Raises:
            UsageError: It cannot be asked.
        """
        missing = self.missing(photos)
        if missing:
            self._found |= self._ask(missing, self._pose_model)

    @property
    def plain(self) -> dict[str, Any]:
        """What stage 1 has found, in values that JSON can hold."""
        poses = {
            key: [
                [None if np.isnan(x) else [x, y] for x, y in each.joints.tolist()],
                each.people,
                each.score,
                each.margin,
            ]
            for key, each in self._found.items()
        }
        return {"pose_model": self._pose_model, "poses": poses}

    def of(self, photo: Photo) -> Float64s:
        """Return the pose of the one person of a photo, float64 (18, 2) in its pixels.

        Raises:
            UsageError: No person, two alike, or half a person.
        """
        given = self._given_for(photo)
        if given is not None:
            return whole_person(given, photo.path)
        found = self._found[photo.key]
        if found.people == 0:
            raise UsageError(problem(photo.path, "a person", "none", GIVE))
        if found.people > 1 and found.margin < ALIKE * found.score:
            expected, seen = "one person who stands out", f"{found.people}, two of them alike"
            remedy = "say where yours stands by --box X,Y,WIDTH,HEIGHT, or cut the photo"
            raise UsageError(problem(photo.path, expected, seen, remedy))
        return whole_person(found.joints, photo.path)

    def _given_for(self, photo: Photo) -> Float64s | None:
        """Look a photo up by the end of its path: a name in a file may have folders, too."""
        parts = Path(os.path.abspath(photo.path)).parts  # noqa: PTH100 - links are not followed
        for count in range(1, len(parts) + 1):
            found = self._given.get("/".join(parts[-count:]))
            if found is not None:
                return found
        return None


def whole_person(joints: Float64s, where: object) -> Float64s:
    """Return a pose that has both hips and both shoulders, and a torso of some length.

    Raises:
        UsageError: It has not.
    """
    known = presence(joints)
    lost = [JOINTS[joint] for joint in TORSO_JOINTS if not known[joint]]
    if not known.any():
        raise UsageError(problem(where, "a person", "no joint at all", GIVE))
    if lost:
        found = f"no {', '.join(lost)}"
        raise UsageError(problem(where, "both hips and both shoulders", found, GIVE))
    if torso_lengths(joints) < 1:
        raise UsageError(problem(where, "a torso of a pixel or more", "none", GIVE))
    return joints


def _kept(plain: object, pose_model: str) -> Iterable[tuple[str, Asked]]:
    """Read what an earlier call kept, entry by entry; what is not of that form is left out."""
    if not isinstance(plain, dict) or plain.get("pose_model") != pose_model:
        return
    poses = plain.get("poses")
    for key, entry in poses.items() if isinstance(poses, dict) else ():
        try:
            points, people, score, margin = entry
            rows = [(np.nan, np.nan) if point is None else point for point in points]
            joints = np.array(rows, np.float64)
            if joints.shape == (NUM_JOINTS, 2) and not np.isinf(joints).any():
                yield key, Asked(joints, int(people), float(score), float(margin))
        except (TypeError, ValueError, OverflowError):
            continue
