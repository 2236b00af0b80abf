"""What the server works with, gathered once at its start."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from shared.errors import UsageError, problem
from shared.geometry import Float64s, presence, torso_lengths, valid_poses
from shared.skeleton import BONES, JOINT, JOINTS, MIRROR_JOINTS, TORSO_JOINTS
from shared.skeleton_file import Skeleton, plain_skeleton
from train.repose.stances import STANCES, Stance, pose_of, walk
from train.studio.drawing import Artist
from train.studio.gallery import Gallery
from train.studio.photos import HeldPhoto, Photos

FindPose = Callable[[HeldPhoto], Float64s | None]
"""Finds the person of a photo: float64 (18, 2), or None where there is none."""

POSE_SIZE: Final = (256, 128)
"""(height, width) of the pictures in which the poses without data lie."""
POSE_TORSO: Final = 72.0
POSE_HIPS: Final = (63.5, 124.0)
WALK_YAW: Final = 65.0

STANDING_SHARE: Final = 0.8
"""How much of a photo's height the skeleton takes that stands in it before anybody moved it."""

WORDS: Final = {"Sho": "shoulder", "Elb": "elbow", "Wri": "wrist", "Hip": "hip", "Kne": "knee",
                "Ank": "ankle", "Eye": "eye", "Ear": "ear"}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Studio:
    """What the page can do.

    Args:
        artist: Draws.
        model: The generator's name on a command line.
        gallery: People and poses to choose from.
        find_pose: Finds poses in photos; None where that is not at hand.
        photos: What users gave.
        rng: Chooses at random.
    """

    artist: Artist
    model: str
    gallery: Gallery
    find_pose: FindPose | None = None
    photos: Photos = field(default_factory=Photos)
    rng: np.random.Generator = field(default_factory=np.random.default_rng)

    def photo(self, key: str) -> HeldPhoto:
        """Return a photo by its key.

        Raises:
            UsageError: It is not, or no longer, there.
        """
        found = self.photos.get(key) or self.gallery.get(key)
        if found is None:
            remedy = "drop the photo once more"
            raise UsageError(problem("photo", "one that is held", "none by that name", remedy))
        return found

    def facts(self) -> dict[str, Any]:
        """Return what the page must know at its start, plain values."""
        return {
            "model": self.model,
            "imageSize": list(self.artist.image_size),
            "joints": [joint_name(joint) for joint in JOINTS],
            "sides": [joint[0] if joint[0] in "RL" else "" for joint in JOINTS],
            "bones": [list(bone) for bone in BONES],
            "torso": list(TORSO_JOINTS),
            "mirror": list(MIRROR_JOINTS),
            "findsPoses": self.find_pose is not None,
            "hasShards": self.gallery.is_of_shards,
            "poses": [
                {"name": name, **_plain(_on_ground(stance))} for name, stance in STANCES.items()
            ],
            "walk": [_plain(_on_ground(stance)) for stance in walk(WALK_YAW)],
        }

    def described(self, photo: HeldPhoto) -> dict[str, Any]:
        """Return what the page must know of a photo."""
        joints = photo.joints if photo.joints is not None else standing_in(photo.size)
        return {
            "key": photo.key,
            "name": photo.name,
            "isFound": photo.joints is not None,
            **_plain(Skeleton(joints, photo.size)),
        }

    def shuffled(self, count: int) -> list[dict[str, Any]]:
        """Return some of the gallery's images, of different people."""
        return [
            {**self.described(photo), "identity": identity}
            for photo, identity in self.gallery.some(count, self.rng)
        ]

    def found_in(self, photo: HeldPhoto) -> dict[str, Any]:
        """Look for the person of a photo; where there is none the standing skeleton stays."""
        joints = self.find_pose(photo) if self.find_pose else None
        if joints is None or not valid_poses(joints[None])[0] or not torso_lengths(joints) > 0:
            return {**self.described(photo), "isFound": False}
        return {**self.described(photo), "isFound": True, **_plain(Skeleton(joints, photo.size))}


def joint_name(joint: str) -> str:
    """Return a joint's name for people: ``"right elbow"``."""
    side = {"R": "right ", "L": "left "}.get(joint[0], "")
    return side + WORDS[joint[1:]] if side else joint


def standing_in(size: tuple[int, int]) -> Float64s:
    """Return a person who stands in the middle of a photo of (height, width) pixels."""
    pose = pose_of(STANCES["standing"])
    top, bottom = np.nanmin(pose[:, 1]), np.nanmax(pose[:, 1])
    scale = STANDING_SHARE * size[0] / (bottom - top)
    moved = pose * scale
    moved[:, 0] += (size[1] - 1) / 2
    moved[:, 1] += (size[0] - 1) / 2 - scale * (top + bottom) / 2
    return moved


def _on_ground(stance: Stance) -> Skeleton:
    """Put a stance into a picture, its lowest ankle on one line with all others'."""
    pose = pose_of(stance) * POSE_TORSO
    ground = POSE_HIPS[1] + 1.42 * POSE_TORSO
    lowest = np.nanmax(pose[[JOINT["RAnk"], JOINT["LAnk"]], 1])
    return Skeleton(pose + np.array([POSE_HIPS[0], ground - lowest]), POSE_SIZE)


def _plain(skeleton: Skeleton) -> dict[str, Any]:
    """Return the picture's size and the joints, rounded to hundredths of a pixel."""
    joints = np.where(presence(skeleton.joints)[:, None], skeleton.joints, np.nan).round(2)
    plain = plain_skeleton(Skeleton(joints, skeleton.image_size))
    return {"imageSize": plain["image_size"], "joints": plain["joints"]}
