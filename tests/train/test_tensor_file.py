"""Files of tensors that are torn, foreign or code: one line, never torch's own, nothing runs."""

from __future__ import annotations

import io
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from shared.errors import DamagedError
from train.tensor_file import read_plain, read_weights

WORDS = {"expected": "some weights", "remedy": "get the file anew"}


def saved(content: Any, **how: Any) -> bytes:
    buffer = io.BytesIO()
    torch.save(content, buffer, **how)
    return buffer.getvalue()


class Evil:
    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.marker,))


def refused(path: Path) -> str:
    with pytest.raises(DamagedError) as caught:
        read_weights(path, **WORDS)
    message = caught.value.message
    assert message.startswith(f"{path}: expected some weights, found ")
    assert message.endswith("; get the file anew") and "\n" not in message
    for word in ("weights_only", "Weights only", "PyTorch", "torch.load", "Unpickler"):
        assert word not in message
    return message


@pytest.mark.parametrize("how", [{}, {"_use_new_zipfile_serialization": False}])
def test_names_with_tensors_come_back(tmp_path, how):
    path = tmp_path / "good.pth"
    path.write_bytes(saved({"a": torch.arange(6.0).view(2, 3), "b": torch.ones(())}, **how))
    read = read_weights(path, **WORDS)
    assert list(read) == ["a", "b"] and torch.equal(read["a"], torch.arange(6.0).view(2, 3))


@pytest.mark.parametrize("how", [{}, {"_use_new_zipfile_serialization": False}])
def test_a_torn_file_is_refused_wherever_it_ends(tmp_path, how):
    whole = saved({"a": torch.arange(600.0)}, **how)
    path = tmp_path / "torn.pth"
    for length in [0, 1, 2, *np.linspace(3, len(whole) - 1, 25).astype(int)]:
        path.write_bytes(whole[:length])
        refused(path)


def test_a_rotten_file_is_refused_or_read_but_never_torchs_error(tmp_path, rng):
    """Without a hash a flipped bit among the numbers cannot be seen; one in the form can."""
    whole = saved({"a": torch.arange(6.0)})
    path, num_refused = tmp_path / "rotten.pth", 0
    for _ in range(60):
        data = bytearray(whole)
        data[int(rng.integers(len(data)))] ^= 1 << int(rng.integers(8))
        path.write_bytes(data)
        try:
            read_weights(path, **WORDS)
        except DamagedError:
            refused(path)
            num_refused += 1
    assert num_refused > 5


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ([1, 2], "a list and no tensors by name"),
        (torch.zeros(3), "a Tensor and no tensors by name"),
        ({"a": torch.zeros(3), "epoch": 7}, "no tensor by the name 'epoch'"),
        ({"state": {"a": torch.zeros(3)}}, "no tensor by the name 'state'"),
        ({5: torch.zeros(3)}, "no tensor by the name '5'"),
    ],
)
def test_a_file_of_another_form_is_refused_by_what_it_is(tmp_path, content, found):
    path = tmp_path / "other.pth"
    path.write_bytes(saved(content))
    assert found in refused(path)


@pytest.mark.parametrize(
    "data", [b"", b"not weights", b"\x89PNG\r\n\x1a\n" + bytes(99), b"PK\x03\x04"]
)
def test_a_foreign_file_is_refused(tmp_path, data):
    path = tmp_path / "foreign.pth"
    path.write_bytes(data)
    assert "torn or foreign" in refused(path)


@pytest.mark.parametrize("protocol", [2, 4])
def test_code_in_a_file_is_refused_and_does_not_run(tmp_path, protocol):
    marker, path = tmp_path / "ran", tmp_path / "evil.pth"
    evil = {"a": torch.zeros(2), "b": Evil(marker)}
    for data in (
        saved(evil),
        saved(evil, _use_new_zipfile_serialization=False),
        saved(Evil(marker)),
        pickle.dumps(Evil(marker), protocol=protocol),
        saved(torch.nn.Linear(2, 3)),
    ):
        path.write_bytes(data)
        assert "more than tensors" in refused(path)
    assert not marker.exists()


def test_a_file_that_is_not_there_says_so(tmp_path):
    assert "No such file" in refused(tmp_path / "absent.pth")
    (tmp_path / "folder.pth").mkdir()
    refused(tmp_path / "folder.pth")


def test_bytes_are_read_like_a_file_and_may_hold_plain_values():
    content = {"counters": {"images": 7, "best": None}, "a": torch.ones(2)}
    read = read_plain(saved(content), where="checkpoint", **WORDS)
    assert read["counters"] == content["counters"] and torch.equal(read["a"], torch.ones(2))
    with pytest.raises(DamagedError, match=r"^checkpoint: expected some weights"):
        read_plain(b"torn", where="checkpoint", **WORDS)
