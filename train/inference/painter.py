"""The painter: the one way to generate outside of training.

    painter = open_painter(Path("runs/full-336a26dc"))
    drawn = painter.draw(images, source_joints, target_joints)
    (one,) = painter.draw_photos([photo], pose_in_photo[None], wanted_pose_in_photo[None])

It needs no shards: transforms and quads are computed from the joints by the code that stage 1
uses. What can be opened is a table, :data:`KINDS`; a new kind is a new file and a row there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from shared.console import Console
from shared.device import DeviceName
from shared.errors import UsageError, problem
from shared.geometry import Floats
from shared.pair_geometry import PairGeometry
from train.data.batch import Batch, ShownBackground, make_batch, scaled, unscaled
from train.data.store import Samples
from train.device import put_on, set_up_device
from train.inference.checks import check_joints, check_photos
from train.inference.crops import (
    MOST_PIXELS,
    Crop,
    cut_out,
    inner,
    joints_inside,
    size_within,
    whole,
    window_around,
)
from train.inference.drawing import draw_pasted, draw_pictures
from train.inference.exported import is_exported, read_exported
from train.inference.from_run import is_run, read_run
from train.inference.samples import checked_samples, samples_of, tensor_of
from train.inference.trained import Trained
from train.nets.resizing import blown_up, resized

Pictures = NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True)
class DrawnPhoto:
    """What was drawn of a photo.

    Args:
        picture: uint8 (h, w, 3), as large as the crop, pixel upon pixel of the photo.
        crop: What of the photo it shows.
        window: What of the photo the network saw: the crop, widened to the network's shape.
        drawn_size: (height, width) at which the generator drew the window's person.
    """

    picture: Pictures
    crop: Crop
    window: Crop
    drawn_size: tuple[int, int]

    @property
    def enlarged(self) -> bool:
        """Whether the picture was drawn smaller than the photo and then enlarged."""
        return self.drawn_size[0] < self.window.height or self.drawn_size[1] < self.window.width


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
        self.sees_background = trained.generator.settings.background != "none"
        self._generator = put_on(device, trained.generator)
        self._generator.eval()

    def draw(
        self,
        images: Pictures,
        source_joints: Floats,
        target_joints: Floats,
        *,
        geometry: PairGeometry | None = None,
        paste: bool = False,
    ) -> Pictures:
        """Draw the people of some images in other poses, at the network's size.

        Args:
            images: uint8 (b, H, W, 3), RGB, of the painter's size.
            source_joints: float (b, 18, 2), pixels, NaN where absent: the poses in the images.
            target_joints: The same of the poses that are wanted.
            geometry: Transforms and quads of the pairs where they are at hand, as in shards,
                which hold those of joints before these were rounded to float32; computed without.
            paste: Put the source's background, filled in, behind the person. What is scored is
                not pasted.

        Returns:
            uint8 (b, H, W, 3).

        Raises:
            UsageError: Arrays of another type, shape or size, or poses that cannot be drawn.
        """
        if paste:
            return self.draw_both(images, source_joints, target_joints, geometry=geometry)[1]
        pairs = (images, source_joints, target_joints)
        samples = checked_samples(*pairs, self.image_size, geometry=geometry)
        return self._draw_plain(samples, "source")

    def draw_both(
        self,
        images: Pictures,
        source_joints: Floats,
        target_joints: Floats,
        *,
        geometry: PairGeometry | None = None,
    ) -> tuple[Pictures, Pictures]:
        """Draw as :meth:`draw` does, in one pass: the pictures, and the same pasted."""
        pairs = (images, source_joints, target_joints)
        samples = checked_samples(*pairs, self.image_size, geometry=geometry)
        rows = [(np.empty((0, *self.image_size, 3), np.uint8),) * 2]
        for batch in self._batches(samples, "source"):
            plain, pasted = draw_pasted(self._generator, batch.source_image, batch, self.image_size)
            rows.append((plain.cpu().numpy(), pasted.cpu().numpy()))
        plain_rows, pasted_rows = zip(*rows, strict=True)
        return np.concatenate(plain_rows), np.concatenate(pasted_rows)

    def draw_on_targets(self, samples: Samples) -> Pictures:
        """Draw pairs with the target's background given, as in training: for its own row of scores.

        Args:
            samples: Pairs with their targets, at the painter's size.

        Returns:
            uint8 (b, H, W, 3).
        """
        assert self.sees_background, "a generator without background conditioning"
        return self._draw_plain(samples, "target")

    def draw_photos(
        self,
        photos: Sequence[Pictures],
        source_joints: Floats,
        target_joints: Floats,
        *,
        crops: Sequence[Crop] | None = None,
        paste: bool = True,
        most_pixels: int = MOST_PIXELS,
    ) -> list[DrawnPhoto]:
        """Draw the people of photos of any size in other poses, for somebody who looks at them.

        Each crop is widened to the network's shape, never squeezed. A generator that is free of
        resolution draws it at the photo's own; another draws at the network's size, and the result
        is enlarged, which it says.

        Args:
            photos: uint8 (H, W, 3) each, RGB, of different sizes.
            source_joints: float (b, 18, 2), pixels of each photo, NaN where absent.
            target_joints: The poses that are wanted, in pixels of the same photos.
            crops: What of each photo is drawn; all of it by default.
            paste: Put the photo's background, filled in, behind the person.
            most_pixels: A larger window is drawn with so many pixels and enlarged.

        Raises:
            UsageError: Arrays of another type or shape, or poses that cannot be drawn.
        """
        photos = [np.asarray(photo) for photo in photos]
        source_joints, target_joints = np.asarray(source_joints), np.asarray(target_joints)
        check_photos(photos, crops)
        check_joints("source_joints", source_joints, len(photos))
        check_joints("target_joints", target_joints, len(photos))
        drawn = []
        for number, photo in enumerate(photos):
            crop = crops[number] if crops else whole(photo)
            window = window_around(crop, self.image_size)
            joints = [
                joints_inside(each[number], window, self.image_size)[None]
                for each in (source_joints, target_joints)
            ]
            size = size_within(window, most_pixels)
            seen = cut_out(photo, window)
            shown = self._draw_window(seen, joints[0], joints[1], size, paste=paste)
            picture = inner(shown, window, crop)
            own = size if self._generator.free_of_resolution else self.image_size
            drawn.append(DrawnPhoto(picture=picture, crop=crop, window=window, drawn_size=own))
        return drawn

    def _draw_window(
        self,
        photo: Pictures,
        source_joints: Floats,
        target_joints: Floats,
        size: tuple[int, int],
        *,
        paste: bool,
    ) -> Pictures:
        """Draw a photo of the network's shape at a size; return the picture at the photo's."""
        seen = scaled(tensor_of(photo[None]).to(self._device))
        small = unscaled(resized(seen, self.image_size)).cpu().numpy()
        (batch,) = self._batches(samples_of(small, source_joints, target_joints), "source")
        chosen = draw_pasted(self._generator, resized(seen, size), batch, size)[paste]
        at_own: Pictures = unscaled(blown_up(scaled(chosen), photo.shape[:2]))[0].cpu().numpy()
        return at_own

    def _draw_plain(self, samples: Samples, background: ShownBackground) -> Pictures:
        rows = [np.empty((0, *self.image_size, 3), np.uint8)]
        for batch in self._batches(samples, background):
            rows.append(draw_pictures(self._generator, batch).cpu().numpy())
        return np.concatenate(rows)

    def _batches(self, samples: Samples, background: ShownBackground) -> Iterator[Batch]:
        shown = background if self.sees_background else "none"
        for start in range(0, len(samples.status), self._batch):
            part = samples.part(start, start + self._batch).to(self._device)
            yield make_batch(part, None, sigma=self.sigma, poses=self.poses, background=shown)


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
