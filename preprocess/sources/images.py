"""Reading images: every file is either a whole RGB picture or refused with a reason.

Convention:
    Pictures are uint8 (height, width, 3), RGB. A refusal is a short phrase; what stands before
    its colon names the kind, what stands behind it the case.
"""

from __future__ import annotations

import hashlib
import importlib
import io
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

MAX_FILE_BYTES: Final = 64_000_000
MAX_PIXELS: Final = 32_000_000
"""A crop of a person is far smaller; a file that claims more is a decompression bomb."""

IMAGE_SUFFIXES: Final = (".jpg", ".jpeg", ".png")
"""Endings of image files' names, lower case."""

_FORMATS: Final = ("JPEG", "PNG")
_JPEG_START: Final = b"\xff\xd8\xff"


class RefusedImageError(Exception):
    """An image that cannot be used; its message is the reason, fit for a table."""


@dataclass(frozen=True)
class Checked:
    """What reading a number of images showed.

    Args:
        reasons: Why each is refused; "" where it is a whole RGB picture.
        sizes: int32 (n, 2), (height, width); 0 where unknown.
        digests: SHA-256 of each file's content in hexadecimal; "" where it cannot be read.
    """

    reasons: list[str]
    sizes: NDArray[np.int32]
    digests: list[str]


def fast_decoder() -> Any | None:
    """Import simplejpeg where it is installed; its pictures are bit-identical to pillow's."""
    try:
        return importlib.import_module("simplejpeg")
    except ImportError:
        return None


def decode(data: bytes, fast: Any | None = None) -> NDArray[np.uint8]:
    """Decode a file's content.

    Args:
        data: The content.
        fast: What :func:`fast_decoder` returned. It decodes only what it finds without fault;
            everything else is left to pillow, so that the answer does not depend on it.

    Returns:
        uint8 (height, width, 3), RGB.

    Raises:
        RefusedImageError: It is no whole RGB picture of a usable size.
    """
    if fast is not None and data.startswith(_JPEG_START):
        picture = _decode_fast(data, fast)
        if picture is not None:
            return picture
    return _decode_with_pillow(data)


def read_image(path: Path, fast: Any | None = None) -> tuple[NDArray[np.uint8], str]:
    """Read an image file.

    Returns:
        The picture, uint8 (height, width, 3), and the SHA-256 of the file's content.

    Raises:
        RefusedImageError: See :func:`decode`; or the file cannot be read.
    """
    data = _content(path)
    return decode(data, fast), hashlib.sha256(data).hexdigest()


def check_images(paths: Sequence[Path]) -> Checked:
    """Read images whole and keep only what is to be said about them.

    It is a task for a worker: the pictures themselves stay behind.
    """
    fast = fast_decoder()
    reasons, digests = [], []
    sizes = np.zeros((len(paths), 2), np.int32)
    for row, path in enumerate(paths):
        digest, reason = "", ""
        try:
            data = _content(path)
            digest = hashlib.sha256(data).hexdigest()
            sizes[row] = decode(data, fast).shape[:2]
        except RefusedImageError as refusal:
            reason = str(refusal)
        reasons.append(reason)
        digests.append(digest)
    return Checked(reasons, sizes, digests)


def resized(picture: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Resize a picture to (height, width), smoothing where it shrinks."""
    if picture.shape[:2] == size:
        return picture
    image = Image.fromarray(picture).resize((size[1], size[0]), Image.Resampling.BICUBIC)
    return np.asarray(image)


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise RefusedImageError(f"cannot be read: {error.strerror}") from error
    if not data:
        raise RefusedImageError("empty file")
    if len(data) > MAX_FILE_BYTES:
        raise RefusedImageError(f"file too large: over {MAX_FILE_BYTES:,} bytes")
    return data


def _decode_fast(data: bytes, fast: Any) -> NDArray[np.uint8] | None:
    try:
        height, width, space, _ = fast.decode_jpeg_header(data, strict=True)
        if space != "YCbCr" or height * width > MAX_PIXELS:
            return None
        picture: NDArray[np.uint8] = fast.decode_jpeg(data, colorspace="RGB", strict=True)
    except ValueError:
        return None
    return picture


def _decode_with_pillow(data: bytes) -> NDArray[np.uint8]:
    # pillow only warns of bombs up to a size; the filter is idempotent and safe in threads
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
            width, height = image.size
            if width * height > MAX_PIXELS:
                raise RefusedImageError(f"decompression bomb: claims {height}x{width} pixels")
            if _is_deep_png(data):  # pillow would cut these to 8 bits without a word
                raise RefusedImageError("not RGB: 16-bit")
            if image.mode != "RGB":
                raise RefusedImageError(f"not RGB: {_MODES.get(image.mode, image.mode)}")
            return np.asarray(image)
    except RefusedImageError:
        raise
    except UnidentifiedImageError as error:
        raise RefusedImageError("not an image: neither JPEG nor PNG") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise RefusedImageError("decompression bomb: claims more than 89 million pixels") from error
    except (OSError, ValueError, SyntaxError, MemoryError, EOFError, OverflowError) as error:
        kind = "truncated" if "truncated" in str(error) else "broken"
        raise RefusedImageError(f"{kind}: {' '.join(str(error).split())}") from error
    except Exception as error:  # a decoder's own fault on hostile bytes
        raise RefusedImageError(f"broken: {type(error).__name__}") from error


def _is_deep_png(data: bytes) -> bool:
    return data.startswith(b"\x89PNG") and data[24:25] == b"\x10"


_MODES: Final = {
    "L": "grey",
    "1": "black and white",
    "CMYK": "CMYK",
    "P": "palette",
    "RGBA": "with transparency",
    "LA": "grey with transparency",
    "I;16": "16-bit",
    "I;16B": "16-bit",
    "I": "16-bit",
}
