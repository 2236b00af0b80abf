"""Judges of every kind are opened by one door, and asked for alike by every command."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from commands import all_commands, call
from onnx_networks import clothes

from shared.errors import DamagedError, UsageError
from shared.options import offers
from train.reid import judges
from train.reid.judges import open_judge
from train.reid.onnx_judge import OnnxJudge, read_onnx

COMMANDS = ("augment-reid", "eval-gan")


def test_a_file_is_opened_as_its_name_says(tmp_path: Path) -> None:
    path = clothes(tmp_path / "own.onnx")
    judge = open_judge(path, device="auto", pixels="bytes")
    images = torch.randint(0, 256, (3, 64, 32, 3), dtype=torch.uint8)
    assert isinstance(judge, OnnxJudge) and judge.origin["pixels"] == "bytes"
    assert (judge(images) == read_onnx(path, "bytes")(images)).all()
    ours = tmp_path / "own.pt"
    ours.write_bytes(path.read_bytes())
    with pytest.raises(DamagedError, match="expected a judge that train-reid made"):
        open_judge(ours, device="cpu", pixels="bytes")


def test_a_judge_of_ours_runs_where_the_user_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(UsageError, match="--device: expected a CUDA device, found none"):
        open_judge(tmp_path / "reid.pt", device="cuda", pixels="imagenet")
    path = clothes(tmp_path / "own.onnx")  # a network of others runs on the CPU in any case
    assert isinstance(open_judge(path, device="cuda", pixels="imagenet"), judges.OnnxJudge)


@pytest.mark.parametrize("judge", [(), ("--reid", "reid.pt")], ids=["none", "of ours"])
@pytest.mark.parametrize("name", COMMANDS)
def test_values_without_such_a_network_are_refused(name: str, judge: tuple[str, ...]) -> None:
    words = {
        "augment-reid": "--model demo --shards . --market . --out out",
        "eval-gan": "--panels . --out out",
    }[name].split()
    done = call(name, *words, *judge, "--reid-pixels", "unit")
    assert done.exit_code == 2
    assert done.stderr == (
        "error: --reid-pixels: expected --reid FILE.onnx, found none; leave it out\n"
    )


@pytest.mark.parametrize("option", ["--reid", "--reid-pixels"])
def test_both_commands_take_the_same_judges(option: str) -> None:
    found = {
        each.command: each.declaration
        for each in offers(all_commands().values())
        if each.option == option
    }
    assert tuple(sorted(found)) == COMMANDS
    kinds = {(each.core, each.default, each.path, each.since) for each in found.values()}
    assert len(kinds) == 1
    assert all("FILE.onnx" in each.help for each in found.values())
