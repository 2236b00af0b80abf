"""A drawn person, put back into the whole photo: only the surroundings of the two poses change."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from shared.geometry import Float64s, presence
from shared.skeleton import BONES, HEAD_JOINTS, TORSO_JOINTS
from train.inference.crops import Crop, Picture

REACH: Final = 0.35
"""How far a body reaches from its bones, clothes, hair and hands included, in torso lengths."""

SOFT: Final = 0.12
"""Deviation of the soft edge in torso lengths; it ends where three of them are over."""

HEAD_REACH: Final = 0.6


def surroundings(
    poses: Float64s, torso_px: float, crop: Crop, photo_size: tuple[int, int]
) -> NDArray[np.float64]:
    """Tell how much of each pixel of a crop may change.

    Args:
        poses: float64 (k, 18, 2) in pixels of the photo.
        torso_px: Length of the torso.
        crop: What of the photo.
        photo_size: (height, width) of the photo.

    Returns:
        float64 (height, width) in [0, 1]; 0 far from every pose, falling to 0 where the crop ends
        inside of the photo.
    """
    image = Image.new("L", (crop.width, crop.height), 0)
    draw = ImageDraw.Draw(image)
    for pose in poses - [crop.left, crop.top]:
        _draw_body(draw, pose, torso_px)
    softened = image.filter(ImageFilter.GaussianBlur(SOFT * torso_px))
    down = _ramp(crop.top, crop.height, photo_size[0], 3 * SOFT * torso_px)
    across = _ramp(crop.left, crop.width, photo_size[1], 3 * SOFT * torso_px)
    mask: NDArray[np.float64] = np.asarray(softened, np.float64) / 255 * down[:, None] * across
    return mask


def _ramp(start: int, length: int, size: int, soft_px: float) -> NDArray[np.float64]:
    """Rise from 0 to 1 within some pixels at those ends of a span that lie inside of the photo."""
    at = np.arange(length)
    rise = np.ones(length)
    if start > 0:
        rise = np.minimum(rise, at / soft_px)
    if start + length < size:
        rise = np.minimum(rise, (length - 1 - at) / soft_px)
    return rise


def put_back(photo: Picture, drawn: Picture, crop: Crop, mask: NDArray[np.float64]) -> Picture:
    """Put what was drawn of a crop back into its photo.

    Args:
        photo: uint8 (H, W, 3).
        drawn: uint8 (height, width, 3), as large as the crop, which lies inside of the photo.
        crop: Where it belongs.
        mask: float64 (height, width), 1 where what was drawn shows; where it is 0 not a bit of
            the photo changes.
    """
    result = photo.copy()
    rows = slice(crop.top, crop.top + crop.height)
    columns = slice(crop.left, crop.left + crop.width)
    share = mask[..., None]
    mixed = share * drawn + (1 - share) * photo[rows, columns]
    result[rows, columns] = np.rint(mixed).astype(np.uint8)
    return result


def _draw_body(draw: ImageDraw.ImageDraw, pose: Float64s, torso_px: float) -> None:
    known = presence(pose)
    reach = REACH * torso_px
    for start, end in BONES:
        if known[start] and known[end]:
            draw.line(_points(pose[[start, end]]), 255, width=round(2 * reach))
    for joint in np.flatnonzero(known):
        radius = HEAD_REACH * torso_px if joint in HEAD_JOINTS else reach
        _disc(draw, pose[joint], radius)
    if known[list(TORSO_JOINTS)].all():
        draw.polygon(_points(pose[list(TORSO_JOINTS)]), 255)


def _points(points: Float64s) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in points]


def _disc(draw: ImageDraw.ImageDraw, centre: Float64s, radius: float) -> None:
    (x, y), r = centre, radius
    draw.ellipse((x - r, y - r, x + r, y + r), 255)
