"""One person and one target: where the poses lie in the photo, and what is cut out and drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from shared.errors import UsageError, problem
from shared.geometry import Float64s
from train.inference.crops import Crop, window_around
from train.repose.cutting import person_crop
from train.repose.naming import unlike
from train.repose.photos import Photo
from train.repose.placing import body_length, placed
from train.repose.sequence import filled, smoothed

MOST_PIXELS: Final = 64_000_000
"""A window of more pixels belongs to a photo that no person fits into."""

IN_PHOTO: Final = "in-photo"


@dataclass(frozen=True)
class Person:
    """Somebody in a photo.

    Attributes:
        label: Name in what is drawn.
        photo: The photo.
        joints: float64 (18, 2) in its pixels.
    """

    label: str
    photo: Photo
    joints: Float64s


@dataclass(frozen=True)
class Motion:
    """A pose or a sequence of poses.

    Attributes:
        label: Name in what is drawn.
        joints: float64 (frames, 18, 2), each in pixels of its own picture.
        is_sequence: Whether it becomes an animation.
    """

    label: str
    joints: Float64s
    is_sequence: bool


@dataclass(frozen=True)
class Scene:
    """What is drawn of one person and one motion.

    Attributes:
        person: Who.
        motion: What they take on.
        name: Name of the picture, or of the folder of frames, without a suffix.
        poses: float64 (frames, 18, 2) in pixels of the photo.
        torso_px: Length of the person's torso.
        crop: What of the photo is drawn.
    """

    person: Person
    motion: Motion
    name: str
    poses: Float64s
    torso_px: float
    crop: Crop

    @property
    def pictures(self) -> list[str]:
        """Files of the frames, relative to the output folder."""
        if not self.motion.is_sequence:
            return [f"{self.name}.png"]
        return [f"{self.name}/{number:04d}.png" for number in range(1, len(self.poses) + 1)]

    def animations(self, *, gif: bool) -> list[str]:
        """Files of the animations; none of a single pose."""
        suffixes = (".webp", *((".gif",) if gif else ())) if self.motion.is_sequence else ()
        return [self.name + suffix for suffix in suffixes]


def scenes_of(
    people: Sequence[Person],
    motions: Sequence[Motion],
    image_size: tuple[int, int],
    smooth_frames: float,
) -> list[Scene]:
    """Set every person into every motion, in this order.

    Raises:
        UsageError: A photo has a shape that nobody can be cut out of.
    """
    pairs = [(person, motion) for person in people for motion in motions]
    names = unlike(
        f"{person.label}_{'along' if motion.is_sequence else 'to'}_{motion.label}"
        for person, motion in pairs
    )
    return [
        _scene(person, motion, name, image_size, smooth_frames)
        for (person, motion), name in zip(pairs, names, strict=True)
    ]


def _scene(
    person: Person, motion: Motion, name: str, image_size: tuple[int, int], smooth_frames: float
) -> Scene:
    poses = placed(person.joints, motion.joints)
    if motion.is_sequence:
        poses = smoothed(filled(poses), smooth_frames)
    torso = body_length(person.joints)
    everywhere = np.concatenate([person.joints[None], poses])
    crop = person_crop(everywhere, torso, person.photo.size, image_size)
    window = window_around(crop, image_size)
    if window.height * window.width > MOST_PIXELS:
        expected, found = "a photo that a person fits into", f"{person.photo.size} pixels"
        raise UsageError(problem(person.photo.path, expected, found, "cut the photo"))
    return Scene(person, motion, name, poses, torso, crop)
