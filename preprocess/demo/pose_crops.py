"""Drawn crops with COCO-17 labels, to train and to measure the demo pose network.

Convention:
    Points are (x, y) in pixels of the crop, pixel centres at integers. A crop without anybody has
    ``is_person`` False and no visible point. Each seed has cameras and people of its own.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from preprocess.demo.drawing.cameras import NUM_CAMERAS, decoded, jpeg
from preprocess.demo.drawing.crops import Studio
from preprocess.demo.drawing.framing import CROP_SIZE
from preprocess.parallel import in_parallel
from shared.files import publish
from shared.skeleton import COCO_JOINTS, JOINT

OF_COCO: Final = tuple(JOINT[name] for name in COCO_JOINTS)
"""Which of the 18 joints each COCO point is."""

TORSO: Final = tuple(COCO_JOINTS.index(name) for name in ("LSho", "RSho", "LHip", "RHip"))

IMAGES_PER_IDENTITY: Final = 8
PEOPLE_PER_STUDIO: Final = 25 * IMAGES_PER_IDENTITY
BACKGROUND_QUALITY: Final = 85

FLESH: Final = 0.25
"""How far a body reaches past its joints, in torso lengths."""


@dataclass(frozen=True)
class LabelledCrops:
    """Drawn crops and the truth about them.

    Args:
        images: uint8 (n, H, W, 3), RGB, after the camera's JPEG compression.
        points: float32 (n, 17, 2), true also where nothing is visible; 0 in empty crops.
        visible: bool (n, 17).
        is_person: bool (n,).
    """

    images: NDArray[np.uint8]
    points: NDArray[np.float32]
    visible: NDArray[np.bool_]
    is_person: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.images)

    @property
    def sought(self) -> NDArray[np.bool_]:
        """Joints that the network is to report (n, 17): visible ones, and shoulders and hips.

        The shoulders and hips need only lie in the picture: who sees a person from the side knows
        where the hidden ones are, and an image without all four cannot be paired.
        """
        height, width = self.images.shape[1:3]
        inside = (self.points >= -0.5) & (self.points <= (width - 0.5, height - 0.5))
        torso = np.isin(np.arange(len(COCO_JOINTS)), TORSO) & inside.all(axis=-1)
        return (self.visible | torso) & self.is_person[:, None]

    @property
    def boxes(self) -> NDArray[np.float32]:
        """Boxes (left, top, right, bottom) around the bodies, cut at the picture's edges (n, 4)."""
        height, width = self.images.shape[1:3]
        margin = FLESH * torso_lengths(self.points)[:, None]
        low = np.clip(self.points.min(axis=1) - margin, -0.5, None)
        high = np.minimum(self.points.max(axis=1) + margin, (width - 0.5, height - 0.5))
        return np.concatenate((low, high), axis=1).astype(np.float32)

    def take(self, rows: NDArray[np.integer] | NDArray[np.bool_]) -> LabelledCrops:
        """Select some of the crops."""
        return LabelledCrops(*(getattr(self, field.name)[rows] for field in fields(self)))


def torso_lengths(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Measure torso lengths in pixels, float32 (n,), of COCO points (n, 17, 2)."""
    sides = [
        points[:, COCO_JOINTS.index(hip)] - points[:, COCO_JOINTS.index(shoulder)]
        for hip, shoulder in (("RHip", "RSho"), ("LHip", "LSho"))
    ]
    lengths: NDArray[np.float32] = np.sqrt((np.stack(sides) ** 2).sum(axis=-1).mean(axis=0))
    return lengths


def draw_labelled(
    seed: int,
    num_people: int,
    num_empty: int,
    *,
    first_identity: int = 0,
    per_studio: int = PEOPLE_PER_STUDIO,
    workers: int = 1,
) -> LabelledCrops:
    """Draw labelled crops, studio by studio, each with cameras and people of its own.

    Args:
        seed: Seed of the first studio; the others follow. Sets must not share any of them.
        num_people: Crops of people.
        num_empty: Crops of places without anybody.
        first_identity: Number of the first person in every studio.
        per_studio: Crops of people in each studio.
        workers: Processes.

    Returns:
        The crops, people first; equal arguments give equal bits, whatever the workers.
    """
    studios = range(-(-num_people // per_studio))
    empty = np.diff(np.linspace(0, num_empty, len(studios) + 1).astype(int))
    tasks = (
        (
            seed + number,
            first_identity,
            min(per_studio, num_people - number * per_studio),
            int(empty[number]),
        )
        for number in studios
    )
    sets = list(in_parallel(_studio_crops, tasks, workers=workers))
    crops = LabelledCrops(
        *(np.concatenate([getattr(part, field.name) for part in sets]) for field in fields(sets[0]))
    )
    return crops.take(np.argsort(~crops.is_person, kind="stable"))


def kept_crops(path: Path, crops: LabelledCrops | None = None) -> LabelledCrops | None:
    """Read crops that were kept in a file, or keep these in it.

    Args:
        path: A ``.npz`` file.
        crops: What to keep; None to read.

    Returns:
        The crops; None where there is no such file.
    """
    if crops is not None:
        buffer = io.BytesIO()
        np.savez(buffer, **{field.name: getattr(crops, field.name) for field in fields(crops)})
        publish(path, buffer.getbuffer())
        return crops
    if not path.exists():
        return None
    with np.load(path, allow_pickle=False) as arrays:
        return LabelledCrops(*(arrays[field.name] for field in fields(LabelledCrops)))


def _studio_crops(seed: int, first_identity: int, num_people: int, num_empty: int) -> LabelledCrops:
    studio = Studio.of(seed)
    images, points, visible = [], [], []
    for number in range(num_people):
        identity, index = divmod(number, IMAGES_PER_IDENTITY)
        # eight pictures by six cameras: the identity shifts which cameras come twice
        camera = 1 + (index + identity) % NUM_CAMERAS
        crop = studio.crop(first_identity + identity, index, camera=camera)
        images.append(decoded(jpeg(crop.image, crop.quality)))
        points.append(crop.joints[list(OF_COCO)])
        visible.append(crop.visible[list(OF_COCO)])
    for number in range(num_empty):
        picture = studio.empty(number, camera=1 + number % NUM_CAMERAS)
        images.append(decoded(jpeg(picture, BACKGROUND_QUALITY)))
    return LabelledCrops(
        np.stack(images) if images else np.zeros((0, *CROP_SIZE, 3), np.uint8),
        np.concatenate(
            (
                np.array(points, np.float32).reshape(-1, 17, 2),
                np.zeros((num_empty, 17, 2), np.float32),
            )
        ),
        np.concatenate((np.array(visible, bool).reshape(-1, 17), np.zeros((num_empty, 17), bool))),
        np.arange(num_people + num_empty) < num_people,
    )
