"""What the painter takes: every array that it cannot draw from is refused in one line."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from shared.errors import UsageError, problem
from shared.geometry import Floats, valid_poses
from shared.skeleton import NUM_JOINTS
from train.inference.crops import Crop, Picture


def check_images(images: Picture, image_size: tuple[int, int]) -> None:
    """Refuse images of another type or size than the network's.

    Raises:
        UsageError: They are no uint8 (b, height, width, 3).
    """
    height, width = image_size
    shape = tuple(images.shape)
    if images.dtype != np.uint8 or len(shape) != 4 or shape[1:] != (height, width, 3):
        expected = f"uint8 of shape (b, {height}, {width}, 3) as in training"
        found = f"{images.dtype} of shape {shape}"
        remedy = "convert the images to RGB of that size"
        raise UsageError(problem("images", expected, found, remedy))


def check_photos(photos: Sequence[Picture], crops: Sequence[Crop] | None) -> None:
    """Refuse photos that are no pictures, or crops of another number.

    Raises:
        UsageError: One is no uint8 (height, width, 3), or is empty, or crops do not match.
    """
    for number, photo in enumerate(photos):
        shape = tuple(photo.shape)
        if photo.dtype != np.uint8 or len(shape) != 3 or shape[2] != 3 or not photo.size:
            expected, found = "uint8 of shape (height, width, 3)", f"{photo.dtype} of shape {shape}"
            raise UsageError(problem(f"photo {number}", expected, found, "convert it to RGB"))
    if crops is not None and len(crops) != len(photos):
        remedy = "give one crop a photo, or none at all"
        raise UsageError(problem("crops", f"{len(photos)}", len(crops), remedy))


def check_joints(where: str, joints: Floats, count: int) -> None:
    """Refuse poses that cannot be drawn.

    Raises:
        UsageError: Another type or shape, half absent joints, marks of files, or no torso.
    """
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
