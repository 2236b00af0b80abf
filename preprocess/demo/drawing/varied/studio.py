"""The studio of the varied worlds: pictures of people, each with the faults of real ones.

Convention: as in :mod:`preprocess.demo.drawing.crops`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from preprocess.demo.drawing.body import Floats, skeleton
from preprocess.demo.drawing.cameras import NUM_CAMERAS, Picture
from preprocess.demo.drawing.crops import (
    BYSTANDERS_FROM,
    Crop,
    Dressed,
    hidden,
    paint,
    place_behind,
    reduced,
    with_truth,
)
from preprocess.demo.drawing.framing import CROP_SIZE
from preprocess.demo.drawing.lifting import lifted
from preprocess.demo.drawing.people import Person
from preprocess.demo.drawing.poses import Track
from preprocess.demo.drawing.varied.boxes import boxed, placed
from preprocess.demo.drawing.varied.chance import between
from preprocess.demo.drawing.varied.moments import varied_angles, varied_track
from preprocess.demo.drawing.varied.occluders import cover, shadow
from preprocess.demo.drawing.varied.people import varied_person
from preprocess.demo.drawing.varied.ranges import WORLDS, Ranges
from preprocess.demo.drawing.varied.sensors import Sensor, own_size, sensor, without_fine_faults
from shared.geometry import presence

TRACK_STREAM, CROP_STREAM = 24, 25
NEIGHBOURS: Final = 4000
"""How many people there are who only ever pass by."""
CROWD_SHARES: Final = (0.52, 0.84)
"""Least and greatest height of people who share a picture, over the picture's."""


@dataclass(frozen=True)
class VariedStudio:
    """The cameras of one seed in a varied world; a pure function of its arguments."""

    seed: int
    world: str

    @property
    def ranges(self) -> Ranges:
        """From what it draws."""
        return WORLDS[self.world]

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
        """Draw one picture; see :meth:`preprocess.demo.drawing.crops.Studio.crop`."""
        number = index % NUM_CAMERAS if camera is None else camera - 1
        rng = self._chance(identity, number, index)
        track_rng = np.random.default_rng(
            (self.seed, TRACK_STREAM, self.ranges.salt, identity, number)
        )
        track = varied_track(track_rng, self.ranges)
        view, own = self._view(identity, number, size, rng)
        named = self._person(identity, size, rng)
        if people > 1:
            crowd = self._crowd(named, track, people, view, own, rng)
            return self._drawn(crowd[0], crowd[1], view, own, size, rng)
        angles = varied_angles(track, rng, self.ranges)
        posed = skeleton(angles, named.build, view.pitch)
        body = boxed(posed, rng, own, self.ranges, spoiled=spoiled)
        crowd = self._with_neighbours((body, named), view, own, rng)
        return self._drawn(crowd[0], crowd[1], view, own, size, rng)

    def posed(
        self,
        joints: Floats,
        identity: int,
        index: int,
        *,
        camera: int,
        size: tuple[int, int] = CROP_SIZE,
    ) -> Crop:
        """Draw given joints; see :meth:`preprocess.demo.drawing.crops.Studio.posed`."""
        rng = self._chance(identity, camera - 1, index)
        view, own = self._view(identity, camera - 1, size, rng)
        person = self._person(identity, size, rng)
        body = lifted(_rescaled(joints, size, own), person.build, view.pitch, own, rng)
        crowd = self._with_neighbours((body, person), view, own, rng)
        crop = self._drawn(crowd[0], crowd[1], view, own, size, rng)
        present = presence(joints)
        exact = np.where(present[:, None], joints, crop.joints)
        return replace(crop, joints=exact, visible=crop.visible & present)

    def empty(self, index: int, *, camera: int = 1, size: tuple[int, int] = CROP_SIZE) -> Picture:
        """Draw a place without anybody, uint8 (height, width, 3)."""
        rng = self._chance(index, camera - 1, index, empty=1)
        view, own = self._view(index, camera - 1, size, rng)
        return view.taken(reduced(place_behind(view, own, rng)), size, rng)

    def quality(self, camera: int, index: int) -> int:
        """Quality of the JPEG of a picture without anybody."""
        return int(sensor(self.ranges, self.seed, camera - 1, index).quality)

    def _chance(
        self, identity: int, number: int, index: int, empty: int = 0
    ) -> np.random.Generator:
        key = (self.seed, CROP_STREAM, self.ranges.salt, identity, number, index, empty)
        return np.random.default_rng(key)

    def _view(
        self, identity: int, number: int, size: tuple[int, int], rng: np.random.Generator
    ) -> tuple[Sensor, tuple[int, int]]:
        """Choose the camera and the size in which it takes a picture."""
        scale = max(size[0] / CROP_SIZE[0], 1.0)
        view = sensor(self.ranges, self.seed, number, identity, scale, size[1] / size[0])
        if size[0] > CROP_SIZE[0]:
            return without_fine_faults(view), size
        return view, own_size(view, self.ranges, size, rng)

    def _person(self, identity: int, size: tuple[int, int], rng: np.random.Generator) -> Person:
        scale = max(size[0] / CROP_SIZE[0], 1.0)
        person = varied_person(self.ranges, self.seed, identity, scale)
        return replace(person, fold_phase=float(rng.random()))

    def _passer_by(
        self, view: Sensor, own: tuple[int, int], rng: np.random.Generator, track: Track | None
    ) -> Dressed:
        """Somebody else, as a skeleton of unit 1."""
        person = self._person(BYSTANDERS_FROM + int(rng.integers(NEIGHBOURS)), own, rng)
        angles = varied_angles(track or varied_track(rng, self.ranges), rng, self.ranges)
        return skeleton(angles, person.build, view.pitch), person

    def _with_neighbours(
        self, named: Dressed, view: Sensor, own: tuple[int, int], rng: np.random.Generator
    ) -> tuple[list[Dressed], int]:
        """Add, sometimes, people behind, beside and at the edge before the person."""
        behind: list[Dressed] = []
        before: list[Dressed] = []
        while rng.random() < self.ranges.neighbours:
            body, person = self._passer_by(view, own, rng, None)
            near = rng.random() < 0.22
            share = between(rng, (0.8, 1.1) if near else (0.35, 0.95))
            aside = between(rng, (0.22, 0.34) if near else (0.10, 0.30))
            middle = float(rng.choice((-1.0, 1.0))) * aside
            top = between(rng, (0.0, 0.12)) if share > 0.7 else between(rng, (0.0, 0.3))
            where = placed(body, own, share=share, middle=middle, top=top)
            (before if near else behind).append((where, person))
        return [*behind, named, *before], len(behind)

    def _crowd(
        self,
        named: Person,
        track: Track,
        people: int,
        view: Sensor,
        own: tuple[int, int],
        rng: np.random.Generator,
    ) -> tuple[list[Dressed], int]:
        """Put people side by side, from the farthest to the nearest, and say where one is."""
        first = skeleton(varied_angles(track, rng, self.ranges), named.build, view.pitch)
        bodies = [(first, named)]
        bodies += [self._passer_by(view, own, rng, None) for _ in range(people - 1)]
        shares = rng.uniform(*CROWD_SHARES, people)
        middles = ((rng.permutation(people) + 0.5) / people - 0.5) * own[1] / own[0]
        order = np.argsort(shares)
        crowd = []
        for k in order:
            share = float(shares[k])
            top = 0.98 - 0.4 * (CROWD_SHARES[1] - share) - share
            middle = float(middles[k] + rng.normal(0.0, 0.02))
            crowd.append(
                (placed(bodies[k][0], own, share=share, middle=middle, top=top), bodies[k][1])
            )
        return crowd, int(np.flatnonzero(order == 0)[0])

    def _drawn(
        self,
        people: list[Dressed],
        whose: int,
        view: Sensor,
        own: tuple[int, int],
        size: tuple[int, int],
        rng: np.random.Generator,
    ) -> Crop:
        """Paint people in a camera's own pixels and bring picture and truth to a size."""
        canvas = place_behind(view, own, rng)
        visible = paint(canvas, people, view)
        if rng.random() < self.ranges.occluders:
            covered = cover(canvas, rng, self.ranges)
            for (body, _), marks in zip(people, visible, strict=True):
                marks &= ~hidden(body.points[:, :2], covered)
        if rng.random() < self.ranges.shadows:
            shadow(canvas, rng, self.ranges)
        image = view.taken(reduced(canvas), size, rng)
        crop = with_truth(image, people, visible, view.quality, whose)
        others = tuple((_rescaled(joints, own, size), marks) for joints, marks in crop.others)
        return replace(crop, joints=_rescaled(crop.joints, own, size), others=others)


def _rescaled(joints: Floats, size: tuple[int, int], other: tuple[int, int]) -> Floats:
    """Bring points from a picture of one (height, width) to the same picture of another."""
    factors = np.array((other[1] / size[1], other[0] / size[0]))
    scaled: Floats = (joints + 0.5) * factors - 0.5
    return scaled
