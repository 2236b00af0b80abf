"""Key points and pair lists as the commands get them: from pipes, exchanged, or odd."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result
from commands import call, program
from scored_pictures import make_results
from small_market import SmallMarket, make_market

from data_manifest.published_files import read_keypoints, write_keypoints

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def market(tmp_path: Path) -> SmallMarket:
    return make_market(tmp_path)


def prepare(market: SmallMarket, out: Path, keypoints: Path, *more: object) -> Result:
    return call(
        "prep-market", "--src", market.root, "--out", out, "--keypoints", keypoints,
        "--workers", 1, *more,
    )  # fmt: skip


def assert_refused_pipe(done: Result, option: str, out: Path) -> None:
    """One line that says what to do; nothing was made."""
    assert done.exit_code == 2, done.output
    assert done.stderr.startswith(f"error: {option}: expected a file, found a pipe, ")
    assert done.stderr.endswith("; write its content to a file and name that\n")
    assert done.stderr.count("\n") == 1 and not out.exists()


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    """A pipe that nobody writes into: who opens it waits for ever."""
    os.mkfifo(tmp_path / "pipe")
    return tmp_path / "pipe"


def exchange(path: Path) -> None:
    """Write a key point file's two columns the other way round."""
    table = read_keypoints(path)
    write_keypoints(path, table.names, table.joints[..., ::-1])


@pytest.mark.parametrize("option", ["--keypoints", "--train-pairs", "--test-pairs"])
def test_prep_market_refuses_a_pipe(
    market: SmallMarket, pipe: Path, tmp_path: Path, option: str
) -> None:
    done = prepare(market, tmp_path / "out", market.keypoints, option, pipe)
    assert_refused_pipe(done, option, tmp_path / "out")


def test_a_pipe_that_a_file_of_options_names_is_refused(
    market: SmallMarket, pipe: Path, tmp_path: Path
) -> None:
    (tmp_path / "options.toml").write_text(f"keypoints = ['{pipe}']\n")
    done = call(
        "prep-market", "--src", market.root, "--out", tmp_path / "out",
        "--config", tmp_path / "options.toml",
    )  # fmt: skip
    assert done.exit_code == 2 and "found a pipe" in done.stderr, done.output
    assert not (tmp_path / "out").exists()


@pytest.mark.process
def test_the_shells_own_pipes_are_refused(market: SmallMarket, tmp_path: Path) -> None:
    words = program(
        "prep-market", "--src", market.root, "--out", tmp_path / "out", "--workers", 1,
        "--keypoints",
    )  # fmt: skip
    script = '"$@" <(cat "$0")'
    done = subprocess.run(
        ["bash", "-c", script, str(market.keypoints), *words],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    assert "expected a file, found a pipe, /dev/fd/" in done.stderr
    assert "write its content to a file" in done.stderr and done.stderr.count("\n") == 1


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


@pytest.mark.parametrize("option", ["--poses", "--test-poses"])
def test_draw_market_refuses_a_pipe(pipe: Path, tmp_path: Path, option: str) -> None:
    done = call("draw-market", "--out", tmp_path / "drawn", option, pipe)
    assert_refused_pipe(done, option, tmp_path / "drawn")


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


@pytest.mark.parametrize("option", ["--keypoints", "--generated-poses", "--real-poses"])
def test_eval_gan_refuses_a_pipe(pipe: Path, tmp_path: Path, option: str) -> None:
    results = make_results(tmp_path)
    done = call(
        "eval-gan", "--generated", results.folder / "generated", "--real",
        results.folder / "real", "--out", tmp_path / "scores", option, pipe,
    )  # fmt: skip
    assert_refused_pipe(done, option, tmp_path / "scores")


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
