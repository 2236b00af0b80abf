"""Key points and pair lists as the commands get them: through pipes, exchanged, or changed."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import Result
from commands import call, program
from scored_pictures import make_results
from small_market import SmallMarket, hashes, make_market

from data_manifest.published_files import read_keypoints, write_keypoints
from shared.input_file import read_input

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def market(tmp_path: Path) -> SmallMarket:
    return make_market(tmp_path)


def prepare(market: SmallMarket, out: Path, keypoints: Path, *more: object) -> Result:
    return call(
        "prep-market", "--src", market.root, "--out", out, "--keypoints", keypoints,
        "--workers", 1, *more,
    )  # fmt: skip


def through_pipe(pipe: Path, content: bytes) -> Path:
    """Write into a pipe beside the test."""
    if not pipe.exists():
        os.mkfifo(pipe)
    threading.Thread(target=pipe.write_bytes, args=(content,), daemon=True).start()
    return pipe


def exchange(path: Path) -> None:
    """Write a key point file's two columns the other way round."""
    table = read_keypoints(path)
    write_keypoints(path, table.names, table.joints[..., ::-1])


def test_what_comes_through_a_pipe_is_used_and_hashed(market: SmallMarket, tmp_path: Path) -> None:
    content = market.keypoints.read_bytes()
    assert prepare(market, tmp_path / "file", market.keypoints).exit_code == 0
    out, pipe = tmp_path / "out", tmp_path / "pipe"
    done = prepare(market, out, through_pipe(pipe, content))
    assert done.exit_code == 0, done.output
    assert hashes(out) == hashes(tmp_path / "file")
    recorded = json.loads((out / "manifest.json").read_text())["settings"]["keypoints"]
    assert recorded == [f"pipe {read_input(market.keypoints).sha256}"]

    again = prepare(market, out, through_pipe(pipe, content))
    assert again.exit_code == 0 and "is finished" in again.stderr
    other = prepare(market, out, through_pipe(pipe, content.replace(b": [", b": [ ", 1)))
    assert other.exit_code == 2 and "keypoints" in other.stderr


def test_a_pair_list_comes_through_a_pipe(market: SmallMarket, tmp_path: Path) -> None:
    names = market.names["train"][:2]
    content = f"from,to\n{names[0]},{names[1]}\n".encode()
    pipe = through_pipe(tmp_path / "pairs", content)
    done = prepare(market, tmp_path / "out", market.keypoints, "--train-pairs", pipe)
    assert done.exit_code == 0, done.output
    table = pd.read_csv(tmp_path / "out" / "pairs-train.csv")
    assert table[["from", "to"]].to_numpy().tolist() == [names]


@pytest.mark.process
def test_the_shells_own_pipes_work(market: SmallMarket, tmp_path: Path) -> None:
    words = program(
        "prep-market", "--src", market.root, "--out", tmp_path / "out", "--workers", 1,
        "--keypoints",
    )  # fmt: skip
    script = '"$@" <(cat "$0")'
    done = subprocess.run(
        ["bash", "-c", script, str(market.keypoints), *words], capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_prep_market_refuses_exchanged_key_points(market: SmallMarket, tmp_path: Path) -> None:
    exchange(market.keypoints)
    done = prepare(market, tmp_path / "out", market.keypoints)
    assert done.exit_code == 2 and done.stderr.count("error: ") == 1
    assert "with x and y exchanged" in done.stderr and str(market.keypoints) in done.stderr


def test_one_exchanged_file_of_two_is_found(market: SmallMarket, tmp_path: Path) -> None:
    table = read_keypoints(market.keypoints)
    train = np.array([name in market.names["train"] for name in table.names])
    files = []
    for split, rows in (("train", train), ("test", ~train)):
        files.append(tmp_path / f"{split}.csv")
        names = tuple(np.array(table.names)[rows])
        write_keypoints(files[-1], names, table.joints[rows])
    exchange(files[1])
    done = prepare(market, tmp_path / "out", files[0], "--keypoints", files[1])
    assert done.exit_code == 2 and f"{files[1]}: expected points" in done.stderr


def test_draw_market_refuses_exchanged_poses(market: SmallMarket, tmp_path: Path) -> None:
    exchange(market.keypoints)
    done = call("draw-market", "--out", tmp_path / "drawn", "--poses", market.keypoints)
    assert done.exit_code == 2 and "with x and y exchanged" in done.stderr
    assert not (tmp_path / "drawn").exists()


def test_draw_market_takes_poses_through_a_pipe(market: SmallMarket, tmp_path: Path) -> None:
    pipe = through_pipe(tmp_path / "pipe", market.keypoints.read_bytes())
    arguments = (
        "--out",
        tmp_path / "drawn",
        "--identities",
        4,
        "--images-per-identity",
        2,
        "--workers",
        1,
    )
    done = call("draw-market", *arguments, "--poses", pipe)
    assert done.exit_code == 0, done.output
    marker = json.loads((tmp_path / "drawn" / "draw-market.json").read_text())
    assert marker["settings"]["poses"] == read_input(market.keypoints).sha256


@pytest.mark.parametrize("option", ["--keypoints", "--generated-poses", "--real-poses"])
def test_eval_gan_refuses_exchanged_key_points(tmp_path: Path, option: str) -> None:
    results = make_results(tmp_path, count=8)
    keypoints = tmp_path / "keypoints.csv"
    good = tmp_path / "good.csv"
    good.write_bytes(keypoints.read_bytes())
    exchange(keypoints)
    given = {"--keypoints": good, "--generated-poses": good, option: keypoints}
    words = [word for pair in given.items() for word in pair]
    done = call(
        "eval-gan", "--generated", results.folder / "generated", "--real",
        results.folder / "real", "--out", tmp_path / "scores", *words,
    )  # fmt: skip
    assert done.exit_code == 2, done.output
    assert f"{keypoints}: expected points" in done.stderr and "exchanged" in done.stderr


def test_eval_gan_hashes_what_came_through_a_pipe(tmp_path: Path) -> None:
    results = make_results(tmp_path)
    content = (tmp_path / "keypoints.csv").read_bytes()
    pipe = through_pipe(tmp_path / "pipe", content)
    done = call(
        "eval-gan", "--generated", results.folder / "generated", "--real",
        results.folder / "real", "--out", tmp_path / "scores", "--keypoints", pipe,
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    files = json.loads((tmp_path / "scores" / "metrics.json").read_text())["files"]
    wanted = read_input(tmp_path / "keypoints.csv").sha256
    assert files["keypoints"] == {"name": "pipe", "sha256": wanted}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("a,b\n1,2\n", "found the head 'a,b'"),
        ("", "an empty first line"),
        ("from,to\na.jpg,b.jpg,c.jpg\n", "a line with more or other fields"),
        ("from,to\n\0,b.jpg\n", "a NUL"),
        ("from,to\na.jpg\n", "an empty one"),
        ('from,to\n"a.jpg,b.jpg\n', "a line with more or other fields"),
    ],
)
def test_odd_pair_lists_are_one_plain_line(
    market: SmallMarket, tmp_path: Path, content: str, words: str
) -> None:
    (tmp_path / "pairs.csv").write_text(content)
    done = prepare(
        market, tmp_path / "out", market.keypoints, "--test-pairs", tmp_path / "pairs.csv"
    )
    assert done.exit_code == 2 and words in done.stderr, done.stderr
    assert "Index" not in done.stderr and "pandas" not in done.stderr
