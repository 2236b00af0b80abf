"""One picture for the page: the same placing, crop and painter as ``repose`` has."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np

from shared.errors import UsageError, problem
from shared.geometry import Float64s, Floats, presence, valid_poses
from train.inference.crops import Crop, Picture, window_around
from train.inference.painter import DrawnPhoto
from train.repose.cutting import person_crop
from train.repose.placing import body_length, placed

LIVE_PIXELS: Final = 2**13
"""While a joint is being dragged, so many pixels are drawn: those of the demo's images."""

MOST_PIXELS: Final = 2**20
MOST_WINDOW: Final = 64_000_000
LEAST_TORSO_PX: Final = 2.0


class PhotoPainter(Protocol):
    """What draws: :class:`train.inference.painter.Painter`."""

    image_size: tuple[int, int]

    def draw_photos(
        self,
        photos: Sequence[Picture],
        source_joints: Floats,
        target_joints: Floats,
        *,
        crops: Sequence[Crop] | None = None,
        most_pixels: int = MOST_PIXELS,
    ) -> list[DrawnPhoto]:
        """Draw people of photos in other poses."""


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """A picture for the page.

    Args:
        picture: uint8 (h, w, 3).
        crop: What of the photo it shows.
        enlarged: Whether it was drawn smaller than the photo.
        seconds: What drawing took.
    """

    picture: Picture
    crop: Crop
    enlarged: bool
    seconds: float


class Artist:
    """Draws one picture at a time, whoever asks.

    Args:
        painter: What draws.
    """

    def __init__(self, painter: PhotoPainter) -> None:
        self.image_size = painter.image_size
        self._painter = painter
        self._lock = threading.Lock()

    def draw(self, photo: Picture, source: Float64s, target: Float64s, *, live: bool) -> Drawn:
        """Draw a photo's person in a pose.

        Args:
            photo: uint8 (H, W, 3).
            source: float64 (18, 2), the person's pose in its pixels.
            target: float64 (18, 2), the pose that is wanted, of any place and size.
            live: Draw small and quickly.

        Raises:
            UsageError: One of the poses has no torso, or is too large for any photo.
        """
        size = (photo.shape[0], photo.shape[1])
        _require_torso("source", source)
        _require_torso("target", target)
        pose = placed(source, target[None])[0]
        both = np.stack([source, pose])
        if not (np.abs(both[presence(both)]) < 1e6).all():
            raise _refused("target", "a pose of the person's size", "a far larger one")
        crop = person_crop(both, body_length(source), size, self.image_size)
        window = window_around(crop, self.image_size)
        if window.height * window.width > MOST_WINDOW:
            raise _refused("photo", "one that a person fits into", f"{size[0]} x {size[1]} pixels")
        begin = time.perf_counter()
        with self._lock:
            (drawn,) = self._painter.draw_photos(
                [photo],
                source[None],
                pose[None],
                crops=[crop],
                most_pixels=LIVE_PIXELS if live else MOST_PIXELS,
            )
        seconds = time.perf_counter() - begin
        return Drawn(picture=drawn.picture, crop=crop, enlarged=drawn.enlarged, seconds=seconds)


def _require_torso(where: str, joints: Float64s) -> None:
    if not valid_poses(joints[None])[0]:
        raise _refused(where, "a pose with both hips and both shoulders", "one without")
    if body_length(joints) < LEAST_TORSO_PX:
        raise _refused(where, f"a body of {LEAST_TORSO_PX:g} pixels or more", "a smaller one")


def _refused(where: str, expected: str, found: str) -> UsageError:
    return UsageError(problem(where, expected, found, "move its joints"))
