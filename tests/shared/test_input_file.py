"""What a user names is read once: what is used and what is hashed are the same bytes."""

from __future__ import annotations

import hashlib
import os
import threading
from pathlib import Path

import pytest

from shared import input_file
from shared.errors import UsageError
from shared.input_file import read_input


def test_the_hash_is_that_of_the_content_read(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"one")
    file = read_input(path)
    path.write_bytes(b"two")
    assert file.content == b"one" and file.sha256 == hashlib.sha256(b"one").hexdigest()
    assert read_input(file) is file
    assert file.named_hash == f"a.csv {file.sha256}"


def test_a_pipe_is_read_to_its_end(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=(tmp_path / "pipe").write_bytes, args=(b"content",))
    writer.start()
    assert read_input(tmp_path / "pipe").content == b"content"
    writer.join()


def test_an_endless_file_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(input_file, "MAX_BYTES", 1000)
    with pytest.raises(UsageError, match="over 1,000 bytes"):
        read_input(Path("/dev/zero"))


@pytest.mark.parametrize("name", ["absent", "."])
def test_what_cannot_be_read_is_one_line(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="expected a readable file, found"):
        read_input(tmp_path / name)
