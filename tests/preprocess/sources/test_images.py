"""Pictures are whole and RGB, or refused with a reason."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from bad_images import bad_files
from small_market import jpeg

from preprocess.sources.images import check_images, fast_decoder
from shared.pictures import RefusedPictureError, decode_rgb, resized

FAULTS = tuple(bad_files(np.random.default_rng(0)))


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("fast", [False, True])
def test_a_bad_file_is_refused_with_a_reason(
    fault: str, fast: bool, rng: np.random.Generator
) -> None:
    data, reason = bad_files(rng)[fault]
    with pytest.raises(RefusedPictureError, match=f"^{reason}"):
        decode_rgb(data, fast_decoder() if fast else None)


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("subsampling", [0, 1, 2])
@pytest.mark.parametrize("size", [(128, 64), (127, 61), (256, 176)])
def test_the_fast_decoder_gives_the_same_pictures_bit_for_bit(
    size: tuple[int, int], subsampling: int, progressive: bool, rng: np.random.Generator
) -> None:
    fast = fast_decoder()
    assert fast is not None, "the extra 'test' brings simplejpeg"
    for quality in (35, 75, 98):
        data = jpeg(rng, size, quality=quality, subsampling=subsampling, progressive=progressive)
        assert np.array_equal(decode_rgb(data), decode_rgb(data, fast))


def test_damaged_jpegs_get_one_answer_from_both_decoders(rng: np.random.Generator) -> None:
    fast = fast_decoder()
    assert fast is not None, "the extra 'test' brings simplejpeg"

    def answer(data: bytes, decoder: object) -> object:
        try:
            return decode_rgb(data, decoder).tobytes()
        except RefusedPictureError as refusal:
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
