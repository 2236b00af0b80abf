"""Pictures of people who differ in their colours, seen by several cameras."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image


def person(identity: int, camera: int, size: tuple[int, int] = (32, 16)) -> np.ndarray:
    """A figure of three colours that only this person wears, uint8 (height, width, 3)."""
    own = np.random.default_rng(identity + 1).integers(30, 226, (3, 3))
    place = np.random.default_rng(1000 + camera)
    image = np.empty((*size, 3))
    image[:] = place.integers(0, 256, 3)
    for colour, top, bottom in zip(own, (1, 3, 9), (3, 9, 15), strict=True):
        image[top * size[0] // 16 : bottom * size[0] // 16, size[1] // 4 : -size[1] // 4] = colour
    return np.clip(image + place.normal(0, 3, image.shape), 0, 255).astype(np.uint8)


def name_of(identity: int, camera: int) -> str:
    head = "-1" if identity < 0 else f"{identity:04d}"
    return f"{head}_c{camera}s1_000001_00.png"


def write_people(folder: Path, identities: range, cameras: range = range(1, 4)) -> Path:
    """Write every person as seen by every camera."""
    folder.mkdir(parents=True, exist_ok=True)
    for identity in identities:
        for camera in cameras:
            picture = Image.fromarray(person(identity, camera))
            picture.save(folder / name_of(identity, camera))
    return folder
