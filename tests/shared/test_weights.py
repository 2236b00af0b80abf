"""The table of weight files: where each is looked for and what is said where it is missing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from shared.weights import WEIGHTS, cache_folder, hub_checkpoints, sha256_in_name


@pytest.mark.parametrize(
    ("name", "prefix"),
    [
        ("vgg19-dcbb9e9d.pth", "dcbb9e9d"),
        ("weights-inception-2015-12-05-6726825d.pth", "6726825d"),
        ("mine.pth", ""),
        ("run-2024.pth", ""),
        ("run-DCBB9E9D.pth", ""),
    ],
)
def test_a_hash_is_read_out_of_a_name(name: str, prefix: str) -> None:
    assert sha256_in_name(name) == prefix


def test_every_published_file_can_be_checked_or_is_checked_by_ultralytics() -> None:
    for file in WEIGHTS.values():
        assert bool(file.sha256) == (file.home != "cache"), file.name
        assert (file.url == "") == (file.home == "package"), file.name
        assert file.url == "" or (file.url.startswith("https://") and file.url.endswith(file.name))


def test_the_demo_weights_are_the_file_of_the_package() -> None:
    demo = WEIGHTS["demo-pose"]
    assert demo.path.stat().st_size == demo.num_bytes
    assert len(demo.sha256) == 64


@pytest.mark.parametrize("torch_home", [None, "t"])
@pytest.mark.parametrize("cache_home", [None, "x"])
def test_the_hub_folder_is_torchs(
    torch_home: str | None, cache_home: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable, value in (("TORCH_HOME", torch_home), ("XDG_CACHE_HOME", cache_home)):
        if value is None:
            monkeypatch.delenv(variable, raising=False)
        else:
            monkeypatch.setenv(variable, str(tmp_path / value))
    assert hub_checkpoints() == Path(torch.hub.get_dir()) / "checkpoints"
    assert WEIGHTS["vgg19"].path.parent == hub_checkpoints()


def test_the_cache_is_the_chosen_folder_or_the_users(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "x"))
    monkeypatch.setenv("POSEGAN_CACHE", "~/weights-of-mine")
    assert cache_folder() == Path("~/weights-of-mine").expanduser()
    monkeypatch.delenv("POSEGAN_CACHE")
    assert cache_folder() == tmp_path / "x" / "posegan"
    assert WEIGHTS["yolo26n-pose"].path == tmp_path / "x" / "posegan/weights/yolo26n-pose.pt"


@pytest.mark.process
def test_the_table_needs_no_torch_and_touches_no_disk(tmp_path: Path) -> None:
    code = (
        "import sys, shared.weights as w; [f.path for f in w.WEIGHTS.values()];"
        "assert not {'torch', 'ultralytics', 'numpy'} & set(sys.modules), sys.modules.keys()"
    )
    env = {**os.environ, "POSEGAN_CACHE": str(tmp_path / "c"), "TORCH_HOME": str(tmp_path / "t")}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=env, check=False
    )
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.iterdir()) == []
