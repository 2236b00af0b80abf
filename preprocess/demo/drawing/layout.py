"""Layout: which pictures a drawn data set has, under which names, like Market-1501.

Convention:
    An entry is one picture. The plan is a pure function of the settings, sorted by folder and
    name, so that work can be cut into blocks and continued.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from preprocess.demo.drawing.cameras import NUM_CAMERAS
from preprocess.sources.market1501 import DISTRACTOR, JUNK, parse_name
from shared.errors import UsageError, problem

TRAIN, TEST, QUERY = "bounding_box_train", "bounding_box_test", "query"
FOLDERS = (TRAIN, TEST, QUERY)
JUNK_SHARE, DISTRACTOR_SHARE = 0.29, 0.21
"""For each picture of a person in bounding_box_test, as in Market-1501."""
STRANGERS_FROM = 200_000
"""Numbers of the people on junk and distractors; nobody else has them."""
PLAN_STREAM = 15
QUERY_BOX = 0
QUERIES_FROM = 1_000
"""Indices of the query pictures of a person."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One picture of the data set.

    Attributes:
        folder, name: Where it is.
        person: Number of the person drawn; the identity in the name for real ones.
        camera: From 1.
        index: Which picture of the person.
        spoiled: Whether the crop is cut badly.
        empty: Whether nobody is in it.
        row: Row of the annotation that gives its joints; -1 without one.
        placed: Its path in a layout that is not Market-1501's.
        told: What the tables call it there.
    """

    folder: str
    name: str
    person: int
    camera: int
    index: int
    spoiled: bool = False
    empty: bool = False
    row: int = -1
    placed: str = ""
    told: str = ""

    @property
    def path(self) -> str:
        """Its path in the data set, parts joined by ``/``."""
        return self.placed or f"{self.folder}/{self.name}"

    @property
    def table_name(self) -> str:
        """What the tables call it."""
        return self.told or self.name

    @property
    def split(self) -> str:
        """``"train"`` or ``"test"``."""
        return "train" if self.folder == TRAIN else "test"


def image_name(identity: int, camera: int, sequence: int, frame: int, box: int) -> str:
    """Compose a name such as ``0002_c1s1_000451_03.jpg``."""
    shown = f"{identity:04d}" if identity >= 0 else str(identity)
    return f"{shown}_c{camera}s{sequence}_{frame:06d}_{box:02d}.jpg"


def split_identities(identities: int, taken: Iterable[int] = ()) -> tuple[list[int], list[int]]:
    """Divide people into those of training (even numbers) and those of the test (odd ones).

    Args:
        identities: How many people there are; of an odd count one more trains.
        taken: Numbers that an annotation gives to training already; the test avoids them.
    """
    avoided = set(taken)
    free = [number for number in range(1, identities + len(avoided) + 2) if number not in avoided]
    if avoided:
        return [], free[: identities // 2]
    return list(range(2, identities + 2, 2)), list(range(1, identities, 2))


def planned(
    identities: int, images_per_identity: int, seed: int, taken: Iterable[int] | None = None
) -> list[Entry]:
    """Plan a data set of drawn poses.

    Args:
        identities: Number of people, half of them for training.
        images_per_identity: Pictures of each person.
        seed: Seed of the data set.
        taken: Identities of a training annotation; then only the test is planned.

    Returns:
        The entries, sorted by folder and name.
    """
    train, test = split_identities(identities, taken or ())
    entries: list[Entry] = []
    for number in train:
        entries += _person(number, TRAIN, range(images_per_identity), seed)
    for number in test:
        entries += _person(number, TEST, range(images_per_identity), seed)
    entries += queries_of([entry for entry in entries if entry.folder == TEST], seed)
    entries += _strangers(len(test) * images_per_identity, seed)
    return sorted(entries, key=lambda entry: (FOLDERS.index(entry.folder), entry.name))


def annotated(names: Sequence[str], folder: str) -> list[Entry]:
    """Plan pictures whose names, and so identities and cameras, come from an annotation.

    Raises:
        UsageError: A name is not one of Market-1501, or its camera is not one of the six.
    """
    entries = []
    for row, name in enumerate(names):
        said = parse_name(name)
        if said is None or not 1 <= said.camera <= NUM_CAMERAS:
            expected = f"names like 0002_c1s1_000451_03.jpg of cameras 1 to {NUM_CAMERAS}"
            remedy = "name the images like those of Market-1501"
            raise UsageError(problem(f"row {row + 1} of the poses", expected, name, remedy))
        person = said.identity if said.identity > 0 else STRANGERS_FROM + row
        entries.append(
            Entry(folder=folder, name=name, person=person, camera=said.camera, index=row, row=row)
        )
    return entries


def queries_of(gallery: Sequence[Entry], seed: int) -> list[Entry]:
    """Plan the query pictures of the people of a gallery, one for each camera that saw them."""
    cameras: dict[int, set[int]] = {}
    for entry in gallery:
        if entry.person < STRANGERS_FROM:
            cameras.setdefault(entry.person, set()).add(entry.camera)
    return [
        query
        for number in sorted(cameras)
        for query in _queries(number, sorted(cameras[number]), seed)
    ]


def _person(number: int, folder: str, indices: range, seed: int) -> list[Entry]:
    """Let a person pass some of the cameras, in tracks of neighbouring frames."""
    rng = np.random.default_rng((seed, PLAN_STREAM, number))
    num_seen = min(int(rng.integers(2, NUM_CAMERAS + 1)), len(indices))
    cameras = np.sort(rng.permutation(NUM_CAMERAS)[:num_seen]) + 1
    sequences = rng.integers(1, 4, NUM_CAMERAS + 1)
    starts = rng.integers(1, 100_000, NUM_CAMERAS + 1)
    boxes: NDArray[np.int64] = rng.integers(1, 8, len(indices))
    entries = []
    for index in indices:
        camera = int(cameras[index % num_seen])
        frame = int(starts[camera]) + 25 * (index // num_seen)
        name = image_name(number, camera, int(sequences[camera]), frame, int(boxes[index]))
        entries.append(Entry(folder=folder, name=name, person=number, camera=camera, index=index))
    return entries


def _queries(number: int, cameras: Sequence[int], seed: int) -> list[Entry]:
    rng = np.random.default_rng((seed, PLAN_STREAM, number, 1))
    entries = []
    for camera in cameras:
        frame = int(rng.integers(100_000, 200_000))
        name = image_name(number, camera, int(rng.integers(1, 4)), frame, QUERY_BOX)
        index = QUERIES_FROM + camera
        entries.append(Entry(folder=QUERY, name=name, person=number, camera=camera, index=index))
    return entries


def _strangers(num_gallery: int, seed: int) -> list[Entry]:
    """Add junk (badly cut people) and distractors (others, and places without anybody)."""
    rng = np.random.default_rng((seed, PLAN_STREAM, STRANGERS_FROM))
    num_junk = round(JUNK_SHARE * num_gallery)
    num_distractors = round(DISTRACTOR_SHARE * num_gallery)
    entries = []
    for number in range(num_junk + num_distractors):
        is_junk = number < num_junk
        camera = int(rng.integers(1, NUM_CAMERAS + 1))
        frame = 25 * number + int(rng.integers(1, 25))
        sequence, box = int(rng.integers(1, 7)), int(rng.integers(1, 10))
        entries.append(
            Entry(
                folder=TEST,
                name=image_name(JUNK if is_junk else DISTRACTOR, camera, sequence, frame, box),
                person=STRANGERS_FROM + number,
                camera=camera,
                index=0,
                spoiled=is_junk or bool(rng.random() < 0.5),
                empty=not is_junk and bool(rng.random() < 0.5),
            )
        )
    return entries
