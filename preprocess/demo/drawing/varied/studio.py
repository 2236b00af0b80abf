"""The studio of the varied worlds: pictures of people, each with the faults of real ones.

Convention: as in :mod:`preprocess.demo.drawing.crops`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from preprocess.demo.drawing.body import Floats, skeleton
from preprocess.demo.drawing.cameras import NUM_CAMERAS, Picture
from preprocess.demo.drawing.crops import BYSTANDERS_FROM
from preprocess.demo.drawing.framing import CROP_SIZE
from preprocess.demo.drawing.lifting import lifted
from preprocess.demo.drawing.painting import (
    Crop,
    Dressed,
    conceal,
    paint,
    place_behind,
    reduced,
    with_truth,
)
from preprocess.demo.drawing.people import Person
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
NEAR: Final = 0.22
"""Share of the others who are before the person."""
CROWD_SHARES: Final = (0.52, 0.84)
"""Least and greatest height of people who share a picture, over the picture's."""


@dataclass(frozen=True, kw_only=True)
class Take:
    """One picture in the making.

    Attributes:
        view: The camera.
        own: (height, width) in its own pixels.
        size: (height, width) of the picture.
        rng: Where chance comes from.
    """

    view: Sensor
    own: tuple[int, int]
    size: tuple[int, int]
    rng: np.random.Generator


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
        take = self._take(identity, number, size, rng)
        angles = varied_angles(track, rng, self.ranges)
        named = self._person(identity, take)
        posed = skeleton(angles, named.build, take.view.pitch)
        if people > 1:
            return self._drawn(*self._crowd((posed, named), people, take), take)
        body = boxed(posed, rng, take.own, self.ranges, spoiled=spoiled)
        return self._drawn(*self._with_neighbours((body, named), take), take)

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
        take = self._take(identity, camera - 1, size, self._chance(identity, camera - 1, index))
        person = self._person(identity, take)
        own = _rescaled(joints, size, take.own)
        body = lifted(own, person.build, take.view.pitch, take.own, take.rng)
        crop = self._drawn(*self._with_neighbours((body, person), take), take)
        present = presence(joints)
        exact = np.where(present[:, None], joints, crop.joints)
        return replace(crop, joints=exact, visible=crop.visible & present)

    def empty(self, index: int, *, camera: int = 1, size: tuple[int, int] = CROP_SIZE) -> Picture:
        """Draw a place without anybody, uint8 (height, width, 3)."""
        rng = self._chance(index, camera - 1, index, empty=1)
        take = self._take(index, camera - 1, size, rng)
        return take.view.taken(reduced(place_behind(take.view, take.own, rng)), size, rng)

    def quality(self, camera: int, index: int) -> int:
        """Quality of the JPEG of a picture without anybody."""
        return int(sensor(self.ranges, self.seed, camera - 1, index).quality)

    def _chance(
        self, identity: int, number: int, index: int, empty: int = 0
    ) -> np.random.Generator:
        key = (self.seed, CROP_STREAM, self.ranges.salt, identity, number, index, empty)
        return np.random.default_rng(key)

    def _take(
        self, identity: int, number: int, size: tuple[int, int], rng: np.random.Generator
    ) -> Take:
        """Choose the camera and the size in which it takes a picture."""
        fineness = (max(size[0] / CROP_SIZE[0], 1.0), size[1] / size[0])
        view = sensor(self.ranges, self.seed, number, identity, fineness)
        if size[0] > CROP_SIZE[0]:
            return Take(view=without_fine_faults(view), own=size, size=size, rng=rng)
        own = own_size(view, self.ranges, size, rng)
        return Take(view=view, own=own, size=size, rng=rng)

    def _person(self, identity: int, take: Take) -> Person:
        scale = max(take.size[0] / CROP_SIZE[0], 1.0)
        person = varied_person(self.ranges, self.seed, identity, scale)
        return replace(person, fold_phase=float(take.rng.random()))

    def _passer_by(self, take: Take) -> Dressed:
        """Somebody else, as a skeleton of unit 1."""
        person = self._person(BYSTANDERS_FROM + int(take.rng.integers(NEIGHBOURS)), take)
        angles = varied_angles(varied_track(take.rng, self.ranges), take.rng, self.ranges)
        return skeleton(angles, person.build, take.view.pitch), person

    def _with_neighbours(self, named: Dressed, take: Take) -> tuple[list[Dressed], int]:
        """Add, sometimes, people behind, beside and at the edge before the person."""
        behind: list[Dressed] = []
        before: list[Dressed] = []
        rng = take.rng
        while rng.random() < self.ranges.neighbours:
            body, person = self._passer_by(take)
            near = rng.random() < NEAR
            share = between(rng, (0.8, 1.1) if near else (0.35, 0.95))
            aside = between(rng, (0.22, 0.34) if near else (0.10, 0.30))
            middle = float(rng.choice((-1.0, 1.0))) * aside
            top = between(rng, (0.0, 0.12)) if share > 0.7 else between(rng, (0.0, 0.3))
            where = placed(body, take.own, share=share, middle=middle, top=top)
            (before if near else behind).append((where, person))
        return [*behind, named, *before], len(behind)

    def _crowd(self, named: Dressed, people: int, take: Take) -> tuple[list[Dressed], int]:
        """Put people side by side, from the farthest to the nearest, and say where one is."""
        bodies = [named, *(self._passer_by(take) for _ in range(people - 1))]
        shares = take.rng.uniform(*CROWD_SHARES, people)
        slots = (take.rng.permutation(people) + 0.5) / people - 0.5
        middles = slots * take.own[1] / take.own[0] + take.rng.normal(0.0, 0.02, people)
        order = np.argsort(shares)
        crowd = []
        for k in order:
            share = float(shares[k])
            top = 0.98 - 0.4 * (CROWD_SHARES[1] - share) - share
            where = placed(bodies[k][0], take.own, share=share, middle=float(middles[k]), top=top)
            crowd.append((where, bodies[k][1]))
        return crowd, int(np.flatnonzero(order == 0)[0])

    def _drawn(self, people: list[Dressed], whose: int, take: Take) -> Crop:
        """Paint people in a camera's own pixels and bring picture and truth to a size."""
        view, own, size, rng = take.view, take.own, take.size, take.rng
        canvas = place_behind(view, own, rng)
        visible = paint(canvas, people, view)
        if rng.random() < self.ranges.occluders:
            conceal(people, visible, cover(canvas, rng, self.ranges))
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
