"""What the real disk is asked for, and in which order: recorded at the operating system's calls."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import pytest

from shared.files import publish


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The calls that count, in their order; all of them reach the operating system."""
    found: list[str] = []

    def recorded(name: str) -> Any:
        real = getattr(os, name)

        def call(*arguments: Any, **options: Any) -> Any:
            what = name
            if name in ("fsync", "fdatasync"):
                folder = stat.S_ISDIR(os.fstat(arguments[0]).st_mode)
                what = "flush folder" if folder else "flush file"
            found.append("rename" if name in ("replace", "rename") else what)
            return real(*arguments, **options)

        return call

    for name in ("write", "fsync", "fdatasync", "replace", "rename"):
        monkeypatch.setattr(os, name, recorded(name))
    return found


def test_a_file_is_flushed_then_renamed_then_its_folder_is_flushed(
    tmp_path: Path, calls: list[str]
) -> None:
    publish(tmp_path / "a.bin", b"content")
    assert calls == ["write", "flush file", "rename", "flush folder"]


def test_a_replaced_file_and_an_empty_one_are_flushed_too(tmp_path: Path, calls: list[str]) -> None:
    (tmp_path / "a.bin").touch()
    publish(tmp_path / "a.bin", b"new")
    publish(tmp_path / "empty.bin", b"")
    whole = ["flush file", "rename", "flush folder"]
    assert calls == ["write", *whole, *whole]


def test_the_folder_that_is_flushed_is_the_file_s_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sub").mkdir()
    flushed: list[int] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        flushed.append(os.fstat(descriptor).st_ino)
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    publish(tmp_path / "sub" / "a.bin", b"content")
    file, folder = (path.stat().st_ino for path in (tmp_path / "sub" / "a.bin", tmp_path / "sub"))
    assert flushed == [file, folder]
