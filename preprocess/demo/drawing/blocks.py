"""Blocks: pictures are drawn some hundred at a time, and a finished block is never drawn again.

Convention:
    A block publishes its pictures and then a note with their truth. A killed run leaves blocks
    without a note; they are drawn again, to the same bytes.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from preprocess.demo.drawing.cameras import jpeg, png
from preprocess.demo.drawing.crops import Studio
from preprocess.demo.drawing.detector import mistaken, reported
from preprocess.demo.drawing.framing import CROP_SIZE
from preprocess.demo.drawing.layout import Entry
from preprocess.demo.drawing.painting import Crop
from preprocess.demo.drawing.truth import Person
from preprocess.demo.drawing.varied.studio import VariedStudio
from shared.errors import DamagedError, NoSpaceError, problem
from shared.files import Disk, Staged, publish_json, read_json, stage, unveil
from shared.geometry import presence
from shared.skeleton import NUM_JOINTS

BLOCK_IMAGES = 256
BYTES_AN_IMAGE = 4_500
"""Of a picture of the usual size."""
DETECTOR_STREAM, FAULT_STREAM = 16, 17
AnyStudio = Studio | VariedStudio


@dataclass(frozen=True, kw_only=True)
class Shot:
    """What all pictures of a data set have in common.

    Attributes:
        size: (height, width) of the pictures.
        people: People in each.
        faulty: Whether the reported joints have a detector's faults.
    """

    size: tuple[int, int] = CROP_SIZE
    people: int = 1
    faulty: bool = False

    @property
    def bytes_an_image(self) -> int:
        """About how large a picture's file is."""
        return max(
            BYTES_AN_IMAGE * self.size[0] * self.size[1] // (CROP_SIZE[0] * CROP_SIZE[1]), 1500
        )

    @property
    def plain(self) -> bool:
        """Whether joints, visibility and what was found tell everything about a picture."""
        return self.people == 1 and not self.faulty


def studio_of(world: str, seed: int, shot: Shot | None = None) -> AnyStudio:
    """Set up the studio of a world."""
    if world == "demo":
        return Studio.of(seed, size=(shot or Shot()).size)
    return VariedStudio(seed, world)


class LaterDisk(Disk):
    """A disk whose files are flushed together, at the end of a block.

    A flush after every small file costs about as much time as drawing it.
    """

    def flush(self, descriptor: int) -> None:
        """Leave it for :func:`_flush`."""

    def flush_folder(self, folder: Path) -> None:
        """Leave it for :func:`_flush`."""


@dataclass(frozen=True)
class Block:
    """Pictures that are drawn together.

    Attributes:
        number: Number of the block.
        entries: Its pictures.
        joints: float64 (n, 18, 2), given joints, NaN where absent or not given.
    """

    number: int
    entries: tuple[Entry, ...]
    joints: NDArray[np.float64]

    def note(self, folder: Path) -> Path:
        """The path of the note about the finished block."""
        return folder / f"block-{self.number:05d}.json"


@dataclass(frozen=True)
class Drawn:
    """The truth about pictures, and what a detector would report of it.

    Attributes:
        joints: float64 (n, 18, 2), NaN where nobody is.
        visible: bool (n, 18).
        found: bool (n, 18), the joints that the key point file names.
        reported: float64 (n, 18, 2), where it says that they are.
        people: Of each picture (joints, visible) of everybody, the first the one it is of.
    """

    joints: NDArray[np.float64]
    visible: NDArray[np.bool_]
    found: NDArray[np.bool_]
    reported: NDArray[np.float64]
    people: tuple[tuple[Person, ...], ...]


def blocks(entries: Sequence[Entry], joints: NDArray[np.float64]) -> list[Block]:
    """Cut a plan into blocks.

    Args:
        entries: The plan.
        joints: float64 (len(entries), 18, 2), NaN where absent or not given.
    """
    return [
        Block(
            start // BLOCK_IMAGES,
            tuple(entries[start : start + BLOCK_IMAGES]),
            joints[start : start + BLOCK_IMAGES],
        )
        for start in range(0, len(entries), BLOCK_IMAGES)
    ]


@dataclass(frozen=True)
class Sketch:
    """A block that was drawn: files safe on the disk, which do not bear their names yet.

    Attributes:
        block: The block.
        files: Its pictures.
        rows: The truth about each of them.
    """

    block: Block
    files: tuple[Staged, ...]
    rows: tuple[tuple[Any, ...], ...]


def draw_block(
    studio: AnyStudio, shot: Shot, block: Block, out: Path, disk: Disk | None = None
) -> Sketch:
    """Draw the pictures of a block; :func:`publish_block` gives them their names.

    Args:
        studio: The cameras.
        shot: What all pictures have in common.
        block: What to draw.
        out: Root of the data set; the image folders exist.
        disk: The calls to the operating system.
    """
    files, rows = [], []
    for entry, given in zip(block.entries, block.joints, strict=True):
        crop, found = draw_entry(studio, entry, given, shot)
        path = out / entry.path
        is_png = path.suffix == ".png"
        data = png(crop.image) if is_png else jpeg(crop.image, crop.quality)
        files.append(stage(path, data, disk or LaterDisk()))
        rows.append(_noted(studio.seed, entry, crop, found, shot))
    _flush([file.temporary for file in files], disk or Disk())
    return Sketch(block, tuple(files), tuple(rows))


def _noted(
    seed: int, entry: Entry, crop: Crop, found: NDArray[np.bool_], shot: Shot
) -> tuple[Any, ...]:
    """Say what is true of a picture, and what a detector with faults reports of it."""
    joints, visible = np.round(crop.joints, 2).tolist(), crop.visible.tolist()
    if shot.plain:
        return joints, visible, found.tolist()
    reported = crop.joints
    if shot.faulty and entry.row < 0:
        key = (seed, FAULT_STREAM, entry.person, entry.camera, entry.index)
        rng = np.random.default_rng(key)
        reported, found = mistaken(crop.joints, found, shot.size, rng)
    others = [(np.round(place, 2).tolist(), marks.tolist()) for place, marks in crop.others]
    return joints, visible, found.tolist(), np.round(reported, 2).tolist(), others


def publish_block(sketch: Sketch, notes: Path, disk: Disk | None = None) -> int:
    """Publish the pictures of a block, then its note; return the number of pictures.

    Args:
        sketch: The block as it was drawn.
        notes: Folder of the notes.
        disk: The calls to the operating system.
    """
    for file in sketch.files:
        unveil(file, disk or LaterDisk())
    _flush(sorted({file.path.parent for file in sketch.files}), disk or Disk())
    publish_json(sketch.block.note(notes), sketch.rows, disk)
    return len(sketch.rows)


def draw_entry(
    studio: AnyStudio, entry: Entry, given: NDArray[np.float64], shot: Shot | None = None
) -> tuple[Crop, NDArray[np.bool_]]:
    """Draw one picture of a plan.

    Args:
        studio: The cameras.
        entry: Which picture.
        given: float64 (18, 2), joints of an annotation; only used where the entry names a row.
        shot: What all pictures have in common.

    Returns:
        The crop (with NaN joints where nobody is) and the joints that a truthful detector finds.
    """
    shot = shot or Shot()
    if entry.empty:
        number = entry.index + entry.person
        image = studio.empty(number, camera=entry.camera, size=shot.size)
        joints, nothing = np.full((NUM_JOINTS, 2), np.nan), np.zeros(NUM_JOINTS, dtype=bool)
        quality = studio.quality(entry.camera, number)
        return Crop(image=image, joints=joints, visible=nothing, quality=quality), nothing
    if entry.row >= 0:
        crop = studio.posed(given, entry.person, entry.index, camera=entry.camera)
        return crop, presence(given)
    crop = studio.crop(
        entry.person,
        entry.index,
        camera=entry.camera,
        size=shot.size,
        spoiled=entry.spoiled,
        people=shot.people,
    )
    key = (studio.seed, DETECTOR_STREAM, entry.person, entry.camera, entry.index)
    return crop, reported(crop.joints, crop.visible, shot.size, np.random.default_rng(key))


def read_notes(done: Sequence[Block], notes: Path) -> Drawn:
    """Collect the truth from the notes of finished blocks, in their order."""
    rows = [row for block in done for row in _read_note(block, notes)]
    joints = np.array([row[0] for row in rows], dtype=np.float64).reshape(-1, NUM_JOINTS, 2)
    visible = np.array([row[1] for row in rows], dtype=bool).reshape(-1, NUM_JOINTS)
    told = [row[3] if len(row) > 3 else row[0] for row in rows]
    everybody = [(row[:2], *(row[4] if len(row) > 3 else ())) for row in rows]
    return Drawn(
        joints=joints,
        visible=visible,
        found=np.array([row[2] for row in rows], dtype=bool).reshape(-1, NUM_JOINTS),
        reported=np.array(told, dtype=np.float64).reshape(-1, NUM_JOINTS, 2),
        people=tuple(
            tuple((np.array(place, dtype=np.float64), np.array(marks)) for place, marks in each)
            for each in everybody
        ),
    )


def _read_note(block: Block, notes: Path) -> list[Any]:
    """Read the truth about a block's pictures: joints, visible, found of each, and more."""
    path = block.note(notes)
    rows = read_json(path)
    try:
        right = len(rows) == len(block.entries) and all(_is_told(row) for row in rows)
    except (TypeError, ValueError, OverflowError):
        right = False
    if not right:
        expected, remedy = "the truth of the block's pictures", "remove it, then repeat the command"
        raise DamagedError(problem(path, expected, "something else", remedy))
    return list(rows)


def _is_told(row: Any) -> bool:
    """Whether a row of a note has all parts in their shapes."""
    shapes = [(NUM_JOINTS, 2), (NUM_JOINTS,), (NUM_JOINTS,), (NUM_JOINTS, 2)]
    others = [part for other in (row[4] if len(row) > 3 else ()) for part in other]
    parts = [*row[:4], *others]
    expected = shapes[: min(len(row), 4)] + shapes[:2] * (len(others) // 2)
    found = [tuple(np.shape(np.array(part, dtype=np.float64))) for part in parts]
    return len(row) in (3, 5) and found == expected


def _flush(paths: Sequence[Path], disk: Disk) -> None:
    """Force files or folders onto the disk."""
    for path in paths:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            disk.flush(descriptor)
        except OSError as error:
            remedy = "repair the disk or choose another one, then repeat the command"
            raise NoSpaceError(problem(path, "it safe on disk", error.strerror, remedy)) from error
        finally:
            os.close(descriptor)
