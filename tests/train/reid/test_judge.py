"""A judge's file, of a network that learned nothing: what is read, and what is refused and how."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any

import pytest
import torch

from shared.errors import DamagedError, UsageError
from train.reid.judge import HASH_NAME, judge_bytes, read_judge
from train.reid.network import ReidNetwork

CPU = torch.device("cpu")
LINE = (
    "{}: expected a judge that train-reid made, found {}; "
    "make it anew: train-reid --src TRAIN_FOLDER --out DIR"
)


@pytest.fixture(scope="module")
def content() -> bytes:
    torch.manual_seed(0)
    return judge_bytes(ReidNetwork(3), {"num_people": 3})


@pytest.fixture
def path(content: bytes, tmp_path: Path) -> Path:
    (tmp_path / "reid.pt").write_bytes(content)
    return tmp_path / "reid.pt"


def test_a_judge_embeds_as_the_network_that_was_written(content: bytes, path: Path) -> None:
    judge = read_judge(path, CPU)
    assert judge.origin == {"num_people": 3}
    assert judge.sha256 == hashlib.sha256(content).hexdigest()
    images = torch.randint(0, 256, (3, 40, 24, 3), dtype=torch.uint8)
    together = judge(images)
    assert together.shape == (3, 256)
    assert (together**2).sum(1) == pytest.approx(1, abs=1e-5)
    assert judge(images[1:2])[0] == pytest.approx(together[1], abs=1e-5)  # no batch statistics


def test_equal_weights_and_origin_are_equal_bytes(content: bytes) -> None:
    torch.manual_seed(0)
    assert judge_bytes(ReidNetwork(3), {"num_people": 3}) == content


def spoiled(content: bytes, fault: str) -> Any:
    kept = torch.load(io.BytesIO(content), weights_only=True)
    if fault == "format":
        kept["format"] = "posegan-checkpoint"
    elif fault == "version":
        kept["version"] -= 1
    elif fault == "lesson":
        kept["lesson"]["steps"] += 1
    elif fault == "origin":
        kept["origin"] = [1]
    elif fault == "not finite":
        kept["weights"]["embed.weight"][0, 0] = torch.nan
    elif fault == "another network":
        kept["weights"]["embed.weight"] = torch.zeros(3)
    elif fault == "no classes":
        del kept["weights"]["classes.weight"]
    return kept if fault != "list" else [1, 2]


@pytest.mark.parametrize(
    ("fault", "found"),
    [
        ("list", "another file of torch"),
        ("format", "another file of torch"),
        ("version", "one of another version or lesson"),
        ("lesson", "one of another version or lesson"),
        ("origin", "no weights or no origin"),
        ("another network", "weights of another network"),
        ("no classes", "weights of another network"),
        ("not finite", "weights that are not finite"),
    ],
)
def test_what_is_no_judge_is_refused_in_one_line(
    path: Path, content: bytes, fault: str, found: str
) -> None:
    torch.save(spoiled(content, fault), path)
    with pytest.raises(DamagedError) as refused:
        read_judge(path, CPU)
    assert refused.value.message == LINE.format(path, found)


def test_the_hash_beside_a_judge_is_its_own(path: Path, content: bytes) -> None:
    beside = path.with_name(HASH_NAME)
    beside.write_text(f"{hashlib.sha256(content).hexdigest()}  reid.pt\n")
    assert read_judge(path, CPU).origin == {"num_people": 3}
    beside.write_text(f"{'0' * 64}  reid.pt\n")
    with pytest.raises(DamagedError) as refused:
        read_judge(path, CPU)
    found = "a file whose hash is not the one in reid.pt.sha256"
    assert refused.value.message == LINE.format(path, found)


def test_a_judge_that_is_not_there_is_a_wrong_path(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as refused:
        read_judge(tmp_path / "none.pt", CPU)
    line = LINE.format(tmp_path / "none.pt", "No such file or directory")
    assert refused.value.message == line
