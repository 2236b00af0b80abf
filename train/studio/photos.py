"""The photos that the page works on: held in memory, bounded, never written to disk.

Convention:
    A photo is known by a key that nobody can guess. Those of a shard folder are in a gallery of
    their own and are never dropped; of those that a user gave, the oldest one goes first.
"""

from __future__ import annotations

import io
import re
import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from shared.errors import UsageError, problem
from shared.geometry import Float64s
from shared.pictures import RefusedPictureError, decode_any, resized
from train.inference.crops import Picture
from train.repose.photos import Photo

MAX_UPLOAD_BYTES: Final = 32_000_000
MOST_PHOTOS: Final = 12
MOST_SHOWN_PX: Final = 1400
"""The longer side of what the browser is shown of a photo; it is drawn from at its own size."""

LONGEST_NAME: Final = 120

_UNFIT: Final = re.compile(r"[\x00-\x1f\x7f:]+")


@dataclass(frozen=True, kw_only=True)
class HeldPhoto:
    """A photo in memory.

    Args:
        key: What requests name it by.
        name: File name, for people and for the command line.
        picture: uint8 (H, W, 3), RGB, upright.
        joints: float64 (18, 2) in its pixels, NaN where absent; None where nobody knows them.
    """

    key: str
    name: str
    picture: Picture
    joints: Float64s | None = None

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) in pixels."""
        return self.picture.shape[0], self.picture.shape[1]

    def for_browser(self) -> tuple[bytes, str]:
        """Encode it for the browser, shrunk where it is large: content and media type."""
        height, width = self.size
        shrink = min(1.0, MOST_SHOWN_PX / max(height, width))
        shown = resized(
            self.picture, (max(1, round(height * shrink)), max(1, round(width * shrink)))
        )
        stream = io.BytesIO()
        image = Image.fromarray(np.ascontiguousarray(shown))
        if height * width <= 2**17:  # small pictures are looked at enlarged
            image.save(stream, "PNG", compress_level=1)
            return stream.getvalue(), "image/png"
        image.save(stream, "JPEG", quality=92, subsampling=0)
        return stream.getvalue(), "image/jpeg"


class AskedPhoto(Photo):
    """A photo in memory as stage 1 is asked for its pose."""

    def __init__(self, held: HeldPhoto) -> None:
        super().__init__(Path(held.name), held.key, held.size)
        object.__setattr__(self, "_held", held.picture)

    def picture(self) -> Picture:
        """Return its pixels."""
        found: Picture = getattr(self, "_held")  # noqa: B009 - a frozen record's own
        return found


class Photos:
    """The photos that users gave since the start."""

    def __init__(self) -> None:
        self._photos: OrderedDict[str, HeldPhoto] = OrderedDict()
        self._lock = threading.Lock()

    def add(self, content: bytes, name: str) -> HeldPhoto:
        """Decode an upload and hold it.

        Args:
            content: A picture file's.
            name: What the user calls it; of a path the last part is taken.

        Raises:
            UsageError: It is no usable picture.
        """
        try:
            if not content:
                raise RefusedPictureError("empty file")
            picture = decode_any(content, upright=True)
        except (RefusedPictureError, ValueError) as error:
            remedy = "choose a JPEG, PNG, WebP, BMP or TIFF file"
            raise UsageError(problem("photo", "a picture", error, remedy)) from error
        held = HeldPhoto(key=secrets.token_urlsafe(12), name=plain_name(name), picture=picture)
        with self._lock:
            self._photos[held.key] = held
            while len(self._photos) > MOST_PHOTOS:
                self._photos.popitem(last=False)
        return held

    def get(self, key: str) -> HeldPhoto | None:
        """Return a photo, which by that is the last one to be dropped."""
        with self._lock:
            held = self._photos.get(key)
            if held is not None:
                self._photos.move_to_end(key)
            return held


def plain_name(name: str) -> str:
    """Return the last part of a path, without signs that no file name should have."""
    last = _UNFIT.sub("_", name.replace("\\", "/").rpartition("/")[2]).strip()
    last = last.encode("utf-8", "replace").decode("utf-8")[:LONGEST_NAME]
    return last if last.strip(". ") else "photo.png"
