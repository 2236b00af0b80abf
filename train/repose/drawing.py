"""Drawing a scene: frame by frame, each published before the next one begins."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Protocol

import numpy as np
from PIL import Image

from shared.errors import DamagedError, problem
from shared.files import publish
from shared.geometry import Floats
from shared.owned_folder import OwnedFolder
from shared.pictures import RefusedPictureError, content_of, decode_any
from train.inference.crops import Crop, Picture
from train.inference.painter import DrawnPhoto
from train.repose.pasting import put_back, surroundings
from train.repose.scenes import IN_PHOTO, Scene


class PhotoPainter(Protocol):
    """What draws: :class:`train.inference.painter.Painter`."""

    image_size: tuple[int, int]

    def draw_photos(
        self,
        photos: list[Picture],
        source_joints: Floats,
        target_joints: Floats,
        *,
        crops: list[Crop],
    ) -> list[DrawnPhoto]:
        """Draw people of photos in other poses."""


def draw_scene(
    scene: Scene, painter: PhotoPainter, folder: OwnedFolder, *, back: bool
) -> tuple[int, int] | None:
    """Draw those frames of a scene that are not there yet.

    Args:
        scene: Who, in which poses.
        painter: What draws.
        folder: The output folder, in which the names are intended.
        back: Also put the person back into the whole photo.

    Returns:
        (height, width) at which the person was drawn where that was enlarged; None where it was
        not, or nothing had to be drawn.
    """
    missing = [
        frame
        for frame, name in enumerate(scene.pictures)
        if not all((folder.path / each).exists() for each in names_of(name, back=back))
    ]
    if not missing:
        return None
    photo = scene.person.photo.picture()
    enlarged = None
    for frame in missing:
        pose = scene.poses[frame]
        (drawn,) = painter.draw_photos(
            [photo], scene.person.joints[None], pose[None], crops=[scene.crop]
        )
        name = scene.pictures[frame]
        if back:
            poses = np.stack([scene.person.joints, pose])
            size = scene.person.photo.size
            mask = surroundings(poses, scene.torso_px, scene.crop, size)
            whole = put_back(photo, drawn.picture, scene.crop, mask)
            publish_png(folder, f"{IN_PHOTO}/{name}", whole)
        publish_png(folder, name, drawn.picture)
        enlarged = drawn.drawn_size if drawn.enlarged else enlarged
    return enlarged


def names_of(name: str, *, back: bool) -> list[str]:
    """Return the files that one drawn frame goes into."""
    return [name, f"{IN_PHOTO}/{name}"] if back else [name]


def publish_png(folder: OwnedFolder, name: str, picture: Picture) -> None:
    """Publish a picture in the output folder."""
    stream = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(picture)).save(stream, "PNG")
    place = folder.folder(str(Path(name).parent))
    publish(place / Path(name).name, stream.getvalue(), folder.disk)


def drawn_picture(path: Path) -> Picture:
    """Read back what was drawn.

    Raises:
        DamagedError: It is no longer there or whole.
    """
    try:
        return decode_any(content_of(path))
    except RefusedPictureError as error:
        remedy = "remove it and repeat the command"
        raise DamagedError(problem(path, "the picture that was drawn", error, remedy)) from error
