"""Pictures are whole and RGB, or refused with a reason."""

from __future__ import annotations

import hashlib
import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from small_market import jpeg

from preprocess.images import RefusedImageError, check_images, decode, fast_decoder, resized


def bomb() -> bytes:
    """A PNG of some bytes that claims 60,000 x 60,000 pixels."""
    head = struct.pack(">IIBBBBB", 60000, 60000, 8, 2, 0, 0, 0)
    chunks = b""
    for kind, data in ((b"IHDR", head), (b"IDAT", zlib.compress(b"")), (b"IEND", b"")):
        check = zlib.crc32(kind + data)
        chunks += struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)
    return b"\x89PNG\r\n\x1a\n" + chunks


def saved(array: np.ndarray, form: str) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, form)
    return buffer.getvalue()


def deep_png() -> bytes:
    """A 16-bit RGB PNG of 3 x 2 pixels."""
    head = struct.pack(">IIBBBBB", 2, 3, 16, 2, 0, 0, 0)
    rows = b"".join(b"\0" + bytes(12) for _ in range(3))
    chunks = b""
    for kind, data in ((b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")):
        check = zlib.crc32(kind + data)
        chunks += struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)
    return b"\x89PNG\r\n\x1a\n" + chunks


def bad_files(rng: np.random.Generator) -> dict[str, tuple[bytes, str]]:
    """Kind of fault to a file's content and the beginning of its reason."""
    whole = jpeg(rng)
    return {
        "truncated": (whole[: len(whole) // 2], "truncated"),
        "empty": (b"", "not an image"),
        "text": (b"not a picture at all", "not an image"),
        "bomb": (bomb(), "decompression bomb"),
        "cmyk": (jpeg(rng, mode="CMYK"), "not RGB: CMYK"),
        "grey": (jpeg(rng, mode="L"), "not RGB: grey"),
        "16-bit": (saved(np.zeros((128, 64), np.uint16), "PNG"), "not RGB: 16-bit"),
        "16-bit RGB": (deep_png(), "not RGB: 16-bit"),
        "transparent": (saved(np.zeros((128, 64, 4), np.uint8), "PNG"), "not RGB: with transp"),
        "gif": (jpeg(rng, format="GIF"), "not an image"),
        "broken": (whole[:2] + rng.bytes(500), "not an image"),
    }


FAULTS = tuple(bad_files(np.random.default_rng(0)))


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("fast", [False, True])
def test_a_bad_file_is_refused_with_a_reason(
    fault: str, fast: bool, rng: np.random.Generator
) -> None:
    data, reason = bad_files(rng)[fault]
    with pytest.raises(RefusedImageError, match=f"^{reason}"):
        decode(data, fast_decoder() if fast else None)


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("subsampling", [0, 1, 2])
@pytest.mark.parametrize("size", [(128, 64), (127, 61), (256, 176)])
def test_the_fast_decoder_gives_the_same_pictures_bit_for_bit(
    size: tuple[int, int], subsampling: int, progressive: bool, rng: np.random.Generator
) -> None:
    fast = fast_decoder()
    for quality in (35, 75, 98):
        data = jpeg(rng, size, quality=quality, subsampling=subsampling, progressive=progressive)
        assert np.array_equal(decode(data), decode(data, fast))


def test_damaged_jpegs_get_one_answer_from_both_decoders(rng: np.random.Generator) -> None:
    fast = fast_decoder()

    def answer(data: bytes, decoder: object) -> object:
        try:
            return decode(data, decoder).tobytes()
        except RefusedImageError as refusal:
            return str(refusal)

    for _ in range(200):
        data = bytearray(jpeg(rng))
        for place in rng.integers(2, len(data), rng.integers(1, 4)):
            data[place] = rng.integers(256)
        assert answer(bytes(data), None) == answer(bytes(data), fast)


def test_checking_tells_reasons_sizes_and_hashes(tmp_path: Path, rng: np.random.Generator) -> None:
    good = jpeg(rng, (96, 40))
    (tmp_path / "good.jpg").write_bytes(good)
    (tmp_path / "empty.jpg").write_bytes(b"")
    (tmp_path / "link.jpg").symlink_to(tmp_path / "nowhere")
    (tmp_path / "folder.jpg").mkdir()
    names = ("good", "empty", "link", "folder")
    found = check_images([tmp_path / f"{name}.jpg" for name in names])
    assert found.reasons[0] == ""
    assert [reason.split(":")[0] for reason in found.reasons[1:]] == [
        "empty file", "cannot be read", "cannot be read",
    ]  # fmt: skip
    assert found.sizes.tolist() == [[96, 40], [0, 0], [0, 0], [0, 0]]
    assert found.digests[0] == hashlib.sha256(good).hexdigest()


def test_resizing_keeps_the_given_order_of_height_and_width(rng: np.random.Generator) -> None:
    picture = rng.integers(0, 256, (128, 64, 3), dtype=np.uint8)
    assert resized(picture, (96, 32)).shape == (96, 32, 3)
    assert resized(picture, (128, 64)) is picture
