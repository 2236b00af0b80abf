"""Reading images: every file is either a whole RGB picture or refused with a reason.

Convention:
    Pictures are uint8 (height, width, 3), RGB. A refusal is a short phrase; what stands before
    its colon names the kind, what stands behind it the case.
"""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from preprocess.sources.kept_pictures import Keeper, Keeping, nothing_of
from preprocess.sources.places import Place, content_at
from shared.pictures import RefusedPictureError, decode_rgb

IMAGE_SUFFIXES: Final = (".jpg", ".jpeg", ".png")
"""Endings of image files' names, lower case."""


@dataclass(frozen=True)
class Checked:
    """What reading a number of images showed.

    Args:
        reasons: Why each is refused; "" where it is a whole RGB picture.
        sizes: int32 (n, 2), (height, width); 0 where unknown.
        digests: SHA-256 of each file's content in hexadecimal; "" where it cannot be read.
        offsets: int64 (n,), where each picture lies in what was kept of them; ``NOT_KEPT`` where
            it was not.
    """

    reasons: list[str]
    sizes: NDArray[np.int32]
    digests: list[str]
    offsets: NDArray[np.int64]


def fast_decoder() -> Any | None:
    """Import simplejpeg where it is installed; its pictures are bit-identical to pillow's."""
    try:
        return importlib.import_module("simplejpeg")
    except ImportError:
        return None


def read_image(place: Place, fast: Any | None = None) -> tuple[NDArray[np.uint8], str]:
    """Read an image file.

    Returns:
        The picture, uint8 (height, width, 3), and the SHA-256 of the file's content.

    Raises:
        RefusedPictureError: See :func:`shared.pictures.decode_rgb`; or the file cannot be read.
    """
    data = content_at(place)
    return decode_rgb(data, fast), hashlib.sha256(data).hexdigest()


def check_images(places: Sequence[Place], keeping: Keeping | None = None) -> Checked:
    """Read images whole and keep only what is to be said about them.

    It is a task for a worker: the pictures themselves stay behind.

    Args:
        places: The files.
        keeping: What of the pictures is to be kept on the disk.
    """
    keeper = Keeper(keeping or nothing_of(len(places)))
    fast = fast_decoder()
    reasons, digests = [], []
    sizes = np.zeros((len(places), 2), np.int32)
    try:
        for row, place in enumerate(places):
            digest, reason = "", ""
            try:
                data = content_at(place)
                digest = hashlib.sha256(data).hexdigest()
                picture = decode_rgb(data, fast)
                sizes[row] = picture.shape[:2]
                keeper.keep(row, picture)
            except RefusedPictureError as refusal:
                reason = str(refusal)
            reasons.append(reason)
            digests.append(digest)
    finally:
        keeper.close()
    return Checked(reasons, sizes, digests, keeper.offsets)
