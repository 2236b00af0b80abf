"""The one door for pictures: regular files, named formats, bounded size, no helper program.

Convention:
    A picture is uint8 (height, width, 3), RGB. Nothing but the formats of :data:`FORMATS` is ever
    handed to a decoder, whatever a file's name says, so that no file starts another program. A
    refusal is a short phrase; what stands before its colon names the kind, what stands behind it
    the case.
"""

from __future__ import annotations

import errno
import io
import os
import stat
import warnings
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

MAX_FILE_BYTES: Final = 64_000_000
MAX_PIXELS: Final = 32_000_000
"""A photo of a person is far smaller; a file that claims more is a decompression bomb."""

FORMATS: Final = ("JPEG", "PNG")
"""What data sets and photos are read from."""

RESULT_FORMATS: Final = ("JPEG", "PNG", "BMP", "WEBP", "TIFF")
"""What results of other systems are read from besides."""

READABLE_MODES: Final = ("RGB", "L", "P", "RGBA", "LA", "CMYK", "YCbCr", "1")
"""Modes that become RGB without a loss that a screen would show."""

PART_BYTES: Final = 1 << 20
"""Read at once of a file that is longer than it said."""

NO_FILE: Final = "not a regular file: a pipe, socket or device"

_JPEG_START: Final = b"\xff\xd8\xff"
_NAMES: Final = {
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


class RefusedPictureError(Exception):
    """A picture that cannot be used; its message is the reason, fit for a table."""


def content_of(path: Path, max_bytes: int | None = None) -> bytes:
    """Read a regular file whole.

    A pipe, a socket or a device is refused without waiting for anybody to write into it.

    Args:
        path: The file, or a link to one.
        max_bytes: A larger file is refused unread; None for :data:`MAX_FILE_BYTES`.

    Raises:
        RefusedPictureError: It is no regular file, is empty, too large, or cannot be read.
    """
    max_bytes = MAX_FILE_BYTES if max_bytes is None else max_bytes
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise _unreadable(error) from error
    try:
        found = os.fstat(descriptor)
        if stat.S_ISDIR(found.st_mode):
            raise RefusedPictureError(f"cannot be read: {os.strerror(errno.EISDIR)}")
        if not stat.S_ISREG(found.st_mode):
            raise RefusedPictureError(NO_FILE)
        data = _whole(descriptor, found.st_size, max_bytes)
    except OSError as error:
        raise _unreadable(error) from error
    finally:
        os.close(descriptor)
    if not data:
        raise RefusedPictureError("empty file")
    if len(data) > max_bytes:
        raise RefusedPictureError(f"file too large: over {max_bytes:,} bytes")
    return data


def decode_rgb(data: bytes, fast: Any | None = None) -> NDArray[np.uint8]:
    """Decode a JPEG or PNG that is 8-bit RGB as it stands; nothing is converted.

    Args:
        data: The file's content.
        fast: The module simplejpeg, or None. It decodes only what it finds without fault;
            everything else is left to pillow, so that the answer does not depend on it.

    Returns:
        uint8 (height, width, 3), RGB.

    Raises:
        RefusedPictureError: It is no whole RGB picture of a usable size.
    """
    if fast is not None and data.startswith(_JPEG_START):
        picture = _decode_fast(data, fast)
        if picture is not None:
            return picture
    return _decode(data, FORMATS, convert=False)


def decode_any(data: bytes, *, upright: bool = False) -> NDArray[np.uint8]:
    """Decode an 8-bit picture of any readable mode and convert it to RGB.

    Args:
        data: The content of a JPEG, PNG, BMP, WebP or TIFF file.
        upright: Turn it as its EXIF says that the camera was held.

    Returns:
        uint8 (height, width, 3), RGB.

    Raises:
        RefusedPictureError: It is no whole picture of a usable size and mode.
    """
    return _decode(data, RESULT_FORMATS, convert=True, upright=upright)


def size_of(data: bytes) -> tuple[int, int]:
    """Read (height, width) in pixels from a picture's header; nothing is decoded.

    Raises:
        RefusedPictureError: It is no picture, or claims an unusable size or mode.
    """
    with _bounded(data, RESULT_FORMATS) as image:
        _require_mode(data, image, convert=True)
        return image.height, image.width


def resized(picture: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Resize a picture to (height, width) in pixels, smoothing where it shrinks."""
    if picture.shape[:2] == size:
        return picture
    image = Image.fromarray(picture).resize((size[1], size[0]), Image.Resampling.BICUBIC)
    return np.asarray(image)


def _whole(descriptor: int, size: int, max_bytes: int) -> bytes:
    """Read a file to its end, or a byte further than it may be long."""
    parts = [os.read(descriptor, min(size, max_bytes) + 1)]
    left = max_bytes - len(parts[0])
    while left >= 0 and parts[-1]:
        parts.append(os.read(descriptor, min(left, PART_BYTES) + 1))
        left -= len(parts[-1])
    return b"".join(parts)


def _unreadable(error: OSError) -> RefusedPictureError:
    if error.errno == errno.ENXIO:  # a socket
        return RefusedPictureError(NO_FILE)
    reason = "a loop of links" if error.errno == errno.ELOOP else error.strerror
    return RefusedPictureError(f"cannot be read: {reason}")


def _decode_fast(data: bytes, fast: Any) -> NDArray[np.uint8] | None:
    try:
        height, width, space, _ = fast.decode_jpeg_header(data, strict=True)
        if space != "YCbCr" or height * width > MAX_PIXELS:
            return None
        picture: NDArray[np.uint8] = fast.decode_jpeg(data, colorspace="RGB", strict=True)
    except ValueError:
        return None
    return picture


def _decode(
    data: bytes, formats: tuple[str, ...], *, convert: bool, upright: bool = False
) -> NDArray[np.uint8]:
    with _bounded(data, formats) as image:
        _require_mode(data, image, convert=convert)
        try:
            turned = ImageOps.exif_transpose(image) if upright else image
            return np.asarray(turned.convert("RGB") if convert else turned)
        except Exception as error:
            raise _broken(error) from error


def _bounded(data: bytes, formats: tuple[str, ...]) -> Image.Image:
    """Open a picture whose header claims a usable number of pixels."""
    # pillow only warns of bombs up to a size; the filter is idempotent and safe in threads
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    try:
        image = Image.open(io.BytesIO(data), formats=formats)
    except UnidentifiedImageError as error:
        known = "neither JPEG nor PNG" if formats == FORMATS else f"none of {', '.join(formats)}"
        raise RefusedPictureError(f"not an image: {known}") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise RefusedPictureError(
            "decompression bomb: claims more than 89 million pixels"
        ) from error
    except Exception as error:
        raise _broken(error) from error
    width, height = image.size
    if width * height > MAX_PIXELS:
        image.close()
        raise RefusedPictureError(f"decompression bomb: claims {height}x{width} pixels")
    return image


def _require_mode(data: bytes, image: Image.Image, *, convert: bool) -> None:
    if _is_deep_png(data):  # pillow would cut these to 8 bits without a word
        raise RefusedPictureError("not RGB: 16-bit")
    if image.mode not in (READABLE_MODES if convert else ("RGB",)):
        raise RefusedPictureError(f"not RGB: {_NAMES.get(image.mode, image.mode)}")


def _broken(error: Exception) -> RefusedPictureError:
    """Name the fault of a file; a decoder's own fault on hostile bytes is named by its kind."""
    known = (OSError, ValueError, SyntaxError, MemoryError, EOFError, OverflowError)
    if not isinstance(error, known):
        return RefusedPictureError(f"broken: {type(error).__name__}")
    kind = "truncated" if "truncated" in str(error) else "broken"
    return RefusedPictureError(f"{kind}: {' '.join(str(error).split())}")


def _is_deep_png(data: bytes) -> bool:
    return data.startswith(b"\x89PNG") and data[24:25] == b"\x10"
