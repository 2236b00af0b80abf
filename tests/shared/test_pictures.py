"""The door for pictures: hostile files are refused in one phrase, nothing starts, nothing hangs."""

from __future__ import annotations

import io
import os
import socket
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from shared.pictures import (
    FORMATS,
    RESULT_FORMATS,
    RefusedPictureError,
    content_of,
    decode_any,
    decode_rgb,
    size_of,
)

EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 20 30\n0 0 moveto showpage\n%%EOF\n"


def encoded(mode: str = "RGB", how: str = "PNG", size: tuple[int, int] = (7, 5)) -> bytes:
    buffer = io.BytesIO()
    Image.new(mode, size).save(buffer, how)
    return buffer.getvalue()


def test_an_eps_named_png_starts_no_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a program was started")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    (tmp_path / "a.png").write_bytes(EPS)
    data = content_of(tmp_path / "a.png")
    for decode in (decode_rgb, decode_any, size_of):
        with pytest.raises(RefusedPictureError, match="not an image"):
            decode(data)


@pytest.mark.timeout(5)
def test_a_pipe_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.jpg")
    with pytest.raises(RefusedPictureError, match="not a regular file"):
        content_of(tmp_path / "a.jpg")


@pytest.mark.timeout(5)
def test_an_endless_device_is_refused_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").symlink_to("/dev/zero")
    with pytest.raises(RefusedPictureError, match="not a regular file"):
        content_of(tmp_path / "a.jpg")


def test_a_socket_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("a.jpg")
        with pytest.raises(RefusedPictureError, match="not a regular file"):
            content_of(tmp_path / "a.jpg")


def test_a_loop_of_links_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").symlink_to("b.jpg")
    (tmp_path / "b.jpg").symlink_to("a.jpg")
    with pytest.raises(RefusedPictureError, match="a loop of links"):
        content_of(tmp_path / "a.jpg")


def test_a_file_over_the_bound_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"1234")
    assert content_of(tmp_path / "a.jpg", max_bytes=4) == b"1234"
    with pytest.raises(RefusedPictureError, match="too large"):
        content_of(tmp_path / "a.jpg", max_bytes=3)


@pytest.mark.parametrize("how", RESULT_FORMATS)
def test_results_may_come_in_every_named_format(how: str) -> None:
    data = encoded(how=how)
    assert decode_any(data).shape == (5, 7, 3)
    assert size_of(data) == (5, 7)
    if how not in FORMATS:
        with pytest.raises(RefusedPictureError, match="neither JPEG nor PNG"):
            decode_rgb(data)


@pytest.mark.parametrize("how", ["GIF", "PPM", "ICO", "PCX", "TGA"])
def test_no_other_format_reaches_a_decoder(how: str) -> None:
    with pytest.raises(RefusedPictureError, match="not an image"):
        decode_any(encoded(how=how))


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "1", "LA"])
def test_results_are_converted_and_data_are_not(mode: str) -> None:
    data = encoded(mode)
    assert decode_any(data).dtype == np.uint8
    with pytest.raises(RefusedPictureError, match="not RGB"):
        decode_rgb(data)


def test_a_16_bit_picture_is_never_cut_to_8_bits_unsaid() -> None:
    data = encoded("I;16")
    for decode in (decode_rgb, decode_any):
        with pytest.raises(RefusedPictureError, match="16-bit"):
            decode(data)


def test_a_bomb_is_refused_by_its_header() -> None:
    data = encoded("1", size=(8_000, 5_000))
    for decode in (decode_rgb, decode_any, size_of):
        with pytest.raises(RefusedPictureError, match="decompression bomb"):
            decode(data)
