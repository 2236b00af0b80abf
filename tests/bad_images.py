"""Files that are no usable pictures, one of each kind."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
from PIL import Image
from small_market import jpeg


def png(height: int, width: int, depth: int, rows: bytes) -> bytes:
    """An RGB PNG that claims a size, whatever its rows hold."""
    head = struct.pack(">IIBBBBB", width, height, depth, 2, 0, 0, 0)
    chunks = b""
    for kind, data in ((b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")):
        check = zlib.crc32(kind + data)
        chunks += struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)
    return b"\x89PNG\r\n\x1a\n" + chunks


def saved(array: np.ndarray, form: str) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, form)
    return buffer.getvalue()


def bad_files(rng: np.random.Generator) -> dict[str, tuple[bytes, str]]:
    """Kind of fault to a file's content and the beginning of its reason."""
    whole = jpeg(rng)
    return {
        "truncated": (whole[: len(whole) // 2], "truncated"),
        "empty": (b"", "not an image"),
        "text": (b"not a picture at all", "not an image"),
        "bomb": (png(60000, 60000, 8, b""), "decompression bomb"),
        "cmyk": (jpeg(rng, mode="CMYK"), "not RGB: CMYK"),
        "grey": (jpeg(rng, mode="L"), "not RGB: grey"),
        "16-bit": (saved(np.zeros((128, 64), np.uint16), "PNG"), "not RGB: 16-bit"),
        "16-bit RGB": (png(3, 2, 16, bytes(3 * 13)), "not RGB: 16-bit"),
        "transparent": (saved(np.zeros((128, 64, 4), np.uint8), "PNG"), "not RGB: with transp"),
        "gif": (jpeg(rng, format="GIF"), "not an image"),
        "broken": (whole[:2] + rng.bytes(500), "not an image"),
    }
