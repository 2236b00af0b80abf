"""The painter: the one way to generate outside of training.

    painter = open_painter(Path("runs/full-336a26dc"))
    drawn = painter.draw(images, source_joints, target_joints)

It needs no shards: transforms and quads are computed from the joints by the code that stage 1
uses. What can be opened is a table, :data:`KINDS`; a new kind is a new file and a row there.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from shared.console import Console
from shared.device import DeviceName
from shared.errors import UsageError, problem
from shared.geometry import Floats, valid_poses
from shared.pair_geometry import PairGeometry, pair_geometry
from shared.skeleton import NUM_JOINTS
from train.data.batch import make_batch
from train.data.store import Samples
from train.device import put_on, set_up_device
from train.inference.drawing import draw_pictures
from train.inference.exported import is_exported, read_exported
from train.inference.from_run import is_run, read_run
from train.inference.trained import Trained

Pictures = NDArray[np.uint8]


class Recognise(Protocol):
    """Tells from names alone whether a path is of a kind."""

    def __call__(self, path: Path) -> bool:
        """Look at a path that may not exist."""


class Read(Protocol):
    """Reads a generator from a path of a kind."""

    def __call__(self, path: Path, *, raw_weights: bool, console: Console) -> Trained:
        """Read it onto the CPU."""


@dataclass(frozen=True)
class Kind:
    """Something that a painter can be opened from.

    Args:
        text: What it is called in an error message, with its article.
        recognise: Tells whether a path is of this kind.
        read: Reads it.
    """

    text: str
    recognise: Recognise
    read: Read


KINDS: Final = (
    Kind("a run folder or one of its checkpoints", is_run, read_run),
    Kind("an exported generator", is_exported, read_exported),
)


class Painter:
    """Draws people in other poses.

    Args:
        trained: The generator and what belongs to it.
        device: Where it draws.
        batch: Images drawn at a time.
    """

    def __init__(self, trained: Trained, device: torch.device, *, batch: int) -> None:
        self.image_size = trained.image_size
        self.sigma = trained.sigma
        self.poses = trained.poses
        self.origin = dict(trained.origin)
        self._device = device
        self._batch = batch
        self._generator = put_on(device, trained.generator)
        self._generator.eval()

    def draw(
        self,
        images: Pictures,
        source_joints: Floats,
        target_joints: Floats,
        *,
        geometry: PairGeometry | None = None,
    ) -> Pictures:
        """Draw the people of some images in other poses.

        Args:
            images: uint8 (b, H, W, 3), RGB, of the painter's size.
            source_joints: float (b, 18, 2), pixels, NaN where absent: the poses in the images.
            target_joints: The same of the poses that are wanted.
            geometry: Transforms and quads of the pairs where they are at hand, as in shards,
                which hold those of joints before these were rounded to float32; computed without.

        Returns:
            uint8 (b, H, W, 3).

        Raises:
            UsageError: Arrays of another type, shape or size, or poses that cannot be drawn.
        """
        images = np.asarray(images)
        source_joints, target_joints = np.asarray(source_joints), np.asarray(target_joints)
        self._check(images, source_joints, target_joints)
        if geometry is None:
            geometry = pair_geometry(source_joints, target_joints, self.image_size)
        columns: dict[str, NDArray[Any]] = {
            "source_images": images,
            # Nobody knows how the person would look; the generator does not ask.
            "target_images": np.empty((len(images), 0, 0, 3), np.uint8),
            "source_joints": source_joints.astype(np.float32),
            "target_joints": target_joints.astype(np.float32),
            "target_quads": geometry.target_quads,
            "transforms": geometry.transforms,
            "status": geometry.status,
        }
        samples = Samples(**{k: torch.from_numpy(_plain(v)) for k, v in columns.items()})
        drawn = [np.empty((0, *self.image_size, 3), np.uint8)]
        for start in range(0, len(images), self._batch):
            part = samples.part(start, start + self._batch).to(self._device)
            batch = make_batch(part, None, sigma=self.sigma, poses=self.poses)
            drawn.append(draw_pictures(self._generator, batch).cpu().numpy())
        return np.concatenate(drawn)

    def _check(self, images: Pictures, source_joints: Floats, target_joints: Floats) -> None:
        height, width = self.image_size
        shape = tuple(images.shape)
        if images.dtype != np.uint8 or len(shape) != 4 or shape[1:] != (height, width, 3):
            expected = f"uint8 of shape (b, {height}, {width}, 3) as in training"
            found = f"{images.dtype} of shape {shape}"
            remedy = "convert the images to RGB of that size"
            raise UsageError(problem("images", expected, found, remedy))
        _check_joints("source_joints", source_joints, len(images))
        _check_joints("target_joints", target_joints, len(images))


def open_painter(
    run_or_export: Path,
    *,
    device: DeviceName = "auto",
    raw_weights: bool = False,
    batch: int = 32,
    console: Console | None = None,
) -> Painter:
    """Open a painter from something that holds a trained generator.

    Args:
        run_or_export: Of one of :data:`KINDS`.
        device: Where to draw.
        raw_weights: Take the generator itself and not its average.
        batch: Images drawn at a time. Another number may round a grey level the other way.
        console: Warned of checkpoints that are passed over; one of its own by default.

    Raises:
        UsageError: The path is of no kind, or there is no such device.
        DamagedError: What it holds is not what was written.
    """
    kind = next((kind for kind in KINDS if kind.recognise(run_or_export)), None)
    if kind is None:
        expected = " or ".join(kind.text for kind in KINDS)
        found = "something else" if run_or_export.exists() else "nothing"
        raise UsageError(
            problem(run_or_export, expected, found, "check the name, or train it first")
        )
    chosen = set_up_device(device)
    trained = kind.read(
        run_or_export, raw_weights=raw_weights, console=console or Console(quiet=True)
    )
    return Painter(trained, chosen, batch=batch)


def _check_joints(where: str, joints: Floats, count: int) -> None:
    shape = (count, NUM_JOINTS, 2)
    if not np.issubdtype(joints.dtype, np.floating) or joints.shape != shape:
        found = f"{joints.dtype} of shape {tuple(joints.shape)}"
        remedy = "give a pose of 18 points (x, y) for each image"
        raise UsageError(problem(where, f"floats of shape {shape}", found, remedy))
    halves = (np.isnan(joints).any(axis=-1) != np.isnan(joints).all(axis=-1)).sum()
    if halves or np.isinf(joints).any():
        found = f"{halves} half NaN, {int(np.isinf(joints).any(axis=-1).sum())} infinite"
        raise UsageError(
            problem(
                where,
                "points that are finite or NaN in both x and y",
                found,
                "make them one or the other",
            )
        )
    marked = int((joints == -1).all(axis=-1).sum())
    if marked:
        found = f"{marked} at (-1, -1), the mark of published files"
        raise UsageError(problem(where, "NaN where a joint is absent", found, "set them to NaN"))
    lost = np.flatnonzero(~valid_poses(joints))
    if len(lost):
        found = f"{len(lost)} without, the first in row {lost[0]}"
        raise UsageError(
            problem(where, "both hips and shoulders in every pose", found, "leave those rows out")
        )


def _plain(array: NDArray[Any]) -> NDArray[Any]:
    """Bring an array into a form that torch takes as it is: whole, in order, writable."""
    return np.require(array, requirements=["C", "W"])
