"""What is named like an image and is none: every command names it and goes on, or ends at once."""

from __future__ import annotations

import os
import shutil
import socket
from pathlib import Path

import pandas as pd
import pytest
from commands import call
from scored_pictures import make_results
from small_market import make_market

pytestmark = pytest.mark.timeout(60)

REASONS = {
    "pipe": "not a regular file: a pipe, socket or device",
    "socket": "not a regular file: a pipe, socket or device",
    "loop": "cannot be read: a loop of links",
    "dangling": "cannot be read: No such file or directory",
    "zeros": "not a regular file: a pipe, socket or device",
    "empty": "empty file",
}


def lay(kind: str, path: Path) -> None:
    """Lay something odd under a name."""
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "socket":
        here = Path.cwd()
        os.chdir(path.parent)  # the name of a socket is short
        try:
            with socket.socket(socket.AF_UNIX) as end:
                end.bind(path.name)
        finally:
            os.chdir(here)
    elif kind == "loop":
        path.symlink_to(path.name)
    elif kind == "dangling":
        path.symlink_to("nowhere.jpg")
    elif kind == "zeros":
        path.symlink_to("/dev/zero")
    elif kind == "folder":
        path.mkdir()
    else:
        path.touch()


def test_prep_market_lists_each_with_its_reason(tmp_path: Path) -> None:
    market = make_market(tmp_path)
    names = {kind: f"0050_c1s1_{row:06d}_00.jpg" for row, kind in enumerate((*REASONS, "folder"))}
    for kind, name in names.items():
        lay(kind, market.folder("train") / name)
    done = call(
        "prep-market", "--src", market.root, "--out", tmp_path / "out", "--workers", 1,
        "--keypoints", market.keypoints, "--max-bad", 1,
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    table = pd.read_csv(tmp_path / "out" / "images.csv").set_index("name")
    for kind, reason in REASONS.items():
        assert tuple(table.loc[names[kind], ["status", "reason"]]) == ("bad", reason)
    assert tuple(table.loc[names["folder"], ["status", "reason"]]) == ("skipped", "a folder")


def test_extract_poses_names_each_with_its_reason(tmp_path: Path) -> None:
    market = make_market(tmp_path)
    for kind in REASONS:
        lay(kind, market.root / f"{kind}.jpg")
    done = call(
        "extract-poses", "--src", market.root, "--out", tmp_path / "poses.csv",
        "--pose-model", "demo", "--device", "cpu",
    )  # fmt: skip
    assert done.exit_code == 1, done.output
    said = " ".join(done.output.split())
    for kind, reason in REASONS.items():
        assert f"{kind}.jpg: {reason}" in said


@pytest.mark.parametrize("kind", [*REASONS, "folder"])
def test_eval_gan_names_it_and_ends(tmp_path: Path, kind: str) -> None:
    results = make_results(tmp_path)
    odd = results.folder / "real" / f"{results.targets[1]}.png"
    odd.unlink()
    lay(kind, odd)
    done = call(
        "eval-gan", "--generated", tmp_path / "generated", "--real", tmp_path / "real",
        "--out", tmp_path / "scores",
    )  # fmt: skip
    reason = REASONS.get(kind, "cannot be read: Is a directory")
    assert done.exit_code == 2 and done.stderr.count("error: ") == 1
    assert f"{odd}: expected a readable picture, 8-bit, found {reason};" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("prep-market", "--src", "SRC", "--out", "out", "--keypoints", "keypoints.csv"),
        ("prep-market", "--src", "Market", "--out", "LOOP", "--keypoints", "keypoints.csv"),
        ("prep-market", "--src", "Market", "--out", "LOOP/out", "--keypoints", "keypoints.csv"),
        ("extract-poses", "--src", "LOOP", "--out", "poses.csv", "--pose-model", "demo"),
        ("extract-poses", "--src", "SRC", "--out", "poses.csv", "--pose-model", "demo"),
        ("eval-gan", "--generated", "LOOP", "--real", "LOOP", "--out", "scores"),
    ],
    ids=lambda arguments: f"{arguments[0]} {arguments[2]} {arguments[4]}",
)
def test_a_folder_that_is_a_loop_of_links_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    make_market(tmp_path)
    shutil.copytree("Market", "SRC")
    shutil.rmtree("SRC/bounding_box_train")
    shutil.rmtree("SRC/bounding_box_test")
    Path("LOOP").symlink_to("LOOP")
    Path("SRC/bounding_box_train").symlink_to("bounding_box_train")
    done = call(*arguments)
    assert done.exit_code == 2 and done.stderr.count("error: ") == 1, done.output
    assert "Traceback" not in done.output
