"""Crops: one picture of one person by one camera, with the truth about its joints.

Convention:
    Joints are float64 (18, 2), (x, y) in pixels of the crop with pixel centres at integers; they
    are true and finite even where they lie outside the picture. ``visible`` says which joints the
    picture shows: inside the frame, and not hidden behind another part of the body or a bag.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from preprocess.demo.drawing.body import Floats, skeleton
from preprocess.demo.drawing.cameras import NUM_CAMERAS, Camera, Picture, sample_camera
from preprocess.demo.drawing.framing import (
    CROP_SIZE,
    Framing,
    crowd_framings,
    framed,
    sample_framing,
    sample_spoiled_framing,
)
from preprocess.demo.drawing.lifting import lifted
from preprocess.demo.drawing.painting import (
    Crop,
    Dressed,
    paint,
    place_behind,
    reduced,
    with_truth,
)
from preprocess.demo.drawing.people import sample_person
from preprocess.demo.drawing.poses import sample_angles, sample_track, spread_turn
from shared.geometry import presence

TRACK_STREAM, CROP_STREAM = 13, 14
BYSTANDER_SHARE = 0.14
BYSTANDERS_FROM = 100_000
"""Numbers of identities that only ever walk behind others."""


@dataclass(frozen=True)
class Studio:
    """The six cameras of one seed; everything drawn in it is a pure function of its arguments."""

    seed: int
    cameras: tuple[Camera, ...]

    @classmethod
    def of(
        cls, seed: int, num_cameras: int = NUM_CAMERAS, size: tuple[int, int] = CROP_SIZE
    ) -> Studio:
        """Set up the cameras of a seed, whose places are as fine as pictures of a size need."""
        scale = size[0] / CROP_SIZE[0]
        numbers = range(1, num_cameras + 1)
        return cls(seed, tuple(sample_camera(seed, number, scale) for number in numbers))

    def crop(
        self,
        identity: int,
        index: int,
        *,
        camera: int | None = None,
        size: tuple[int, int] = CROP_SIZE,
        spoiled: bool = False,
        people: int = 1,
    ) -> Crop:
        """Draw one picture.

        Args:
            identity: The person, any integer ≥ 0.
            index: Which of the person's pictures.
            camera: Its number from 1; by default the index chooses it.
            size: (height, width) of the picture.
            spoiled: Cut the crop as badly as those that Market-1501 calls junk.
            people: How many people are in the picture; more than one stand smaller and side by
                side, and nobody else walks behind them.

        Returns:
            The crop; equal arguments give equal bits.
        """
        number = index % len(self.cameras) if camera is None else camera - 1
        view, rng = self.cameras[number], self._chance(identity, number, index)
        track_rng = np.random.default_rng((self.seed, TRACK_STREAM, identity, number))
        track = sample_track(track_rng, spread_turn(self.seed, identity, number))
        person = sample_person(self.seed, identity)
        angles = sample_angles(track, rng)
        posed = skeleton(angles, person.build, view.pitch)
        if people > 1:
            crowd, whose = self._crowd((posed, person), people, view, rng, size)
            return draw(crowd, view, size, rng, whose=whose)
        framing = sample_spoiled_framing(rng) if spoiled else sample_framing(rng)
        body = framed(posed, framing, size)
        return draw((*self._bystanders(view, rng, size), (body, person)), view, size, rng)

    def _crowd(
        self,
        named: Dressed,
        people: int,
        view: Camera,
        rng: np.random.Generator,
        size: tuple[int, int],
    ) -> tuple[list[Dressed], int]:
        """Put people side by side, from the farthest to the nearest, and say where one is."""
        bodies = [named]
        for number in rng.choice(1000, people - 1, replace=False):
            other = sample_person(self.seed, BYSTANDERS_FROM + int(number))
            angles = sample_angles(sample_track(rng), rng)
            bodies.append((skeleton(angles, other.build, view.pitch), other))
        framings = crowd_framings(rng, people, size)
        order = np.argsort([framing.torso for framing in framings])
        crowd = [(framed(bodies[k][0], framings[k], size), bodies[k][1]) for k in order]
        return crowd, int(np.flatnonzero(order == 0)[0])

    def posed(
        self,
        joints: Floats,
        identity: int,
        index: int,
        *,
        camera: int,
        size: tuple[int, int] = CROP_SIZE,
    ) -> Crop:
        """Draw one picture of a person with given joints.

        Args:
            joints: float64 (18, 2), NaN where absent; those are completed and never visible.
            identity: The person, any integer ≥ 0.
            index: Which of the person's pictures.
            camera: Its number from 1.
            size: (height, width) of the picture, which the joints are in.

        Returns:
            The crop. Its joints are the given ones wherever these are present.
        """
        view, rng = self.cameras[camera - 1], self._chance(identity, camera - 1, index)
        person = sample_person(self.seed, identity)
        body = lifted(joints, person.build, view.pitch, size, rng)
        crop = draw((*self._bystanders(view, rng, size), (body, person)), view, size, rng)
        return replace(crop, visible=crop.visible & presence(joints))

    def empty(self, index: int, *, camera: int = 1, size: tuple[int, int] = CROP_SIZE) -> Picture:
        """Draw a picture of a camera's place without anybody, uint8 (height, width, 3)."""
        view, rng = self.cameras[camera - 1], self._chance(0, camera - 1, index, empty=1)
        return view.exposed(reduced(place_behind(view, size, rng)), rng)

    def quality(self, camera: int, index: int) -> int:
        """Quality of the JPEG of a picture without anybody, whatever its index."""
        return self.cameras[camera - 1].quality

    def _chance(
        self, identity: int, number: int, index: int, empty: int = 0
    ) -> np.random.Generator:
        """Seed the random generator of one picture."""
        return np.random.default_rng((self.seed, CROP_STREAM, identity, number, index, empty))

    def _bystanders(
        self, view: Camera, rng: np.random.Generator, size: tuple[int, int]
    ) -> tuple[Dressed, ...]:
        """Draw, sometimes, a second person who walks behind, off to one side."""
        if rng.random() >= BYSTANDER_SHARE:
            return ()
        person = sample_person(self.seed, BYSTANDERS_FROM + int(rng.integers(1000)))
        angles = sample_angles(sample_track(rng), rng)
        aside = float(rng.choice((-1.0, 1.0)) * rng.uniform(0.12, 0.30))
        framing = Framing(
            middle_x=aside,
            neck_y=float(rng.uniform(0.06, 0.26)),
            torso=float(rng.uniform(0.16, 0.28)),
        )
        return ((framed(skeleton(angles, person.build, view.pitch), framing, size), person),)


def draw_crops(
    seed: int,
    identities: range,
    images_per_identity: int,
    *,
    size: tuple[int, int] = CROP_SIZE,
) -> list[Crop]:
    """Draw pictures of several people, person by person; see :meth:`Studio.crop`."""
    studio = Studio.of(seed)
    return [
        studio.crop(identity, index, size=size)
        for identity in identities
        for index in range(images_per_identity)
    ]


def draw(
    people: Sequence[Dressed],
    camera: Camera,
    size: tuple[int, int],
    rng: np.random.Generator,
    *,
    whose: int = -1,
) -> Crop:
    """Draw people into a camera's place, from the farthest to the nearest.

    Args:
        people: Skeletons in pixels of the crop.
        camera: Who takes the picture.
        size: (height, width).
        rng: For the cut-out of the scene and for the sensor.
        whose: Which of the people the crop is of.

    Returns:
        The crop, with the joints of that person.
    """
    canvas = place_behind(camera, size, rng)
    visible = paint(canvas, people, camera)
    image = camera.exposed(reduced(canvas), rng)
    return with_truth(image, people, visible, camera.quality, whose)
