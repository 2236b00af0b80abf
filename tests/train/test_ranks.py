"""A run of two ranks, each a process: what they learn, and how they end, whatever meets one."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from drawn_shards import publish_shards
from rank_processes import (
    Started,
    has_a_clock_of_hours,
    has_a_damaged_disk,
    has_a_full_disk,
    has_an_infinite_loss,
    has_weights_of_its_own,
    in_float64,
    notes_what_it_sees,
    start_ranks,
    without_dropout,
    without_pictures,
)

from train.watch.logbook import read_log

pytestmark = [pytest.mark.process, pytest.mark.timeout(1500)]

NUM_PAIRS = 48
ENDLESS = ("--max-images", "40000")


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish_shards(tmp_path_factory.mktemp("shards"), train_shards=2)


@pytest.fixture
def arguments(shards: Path, tmp_path: Path) -> list[str]:
    """A run of one epoch in four steps: each draws three batches of four."""
    config = tmp_path / "small.toml"
    config.write_text(
        'preset = "dsc"\nchannels = 1\nfeatures = "pixels"\nmax-images = 16\ndevice = "cpu"\n'
        "[run]\nstatus-images = 4\nsheet-images = 0\ncheckpoint-images = 8\nsheet-pairs = 1\n"
        "score-pairs = 2\n"
    )
    return ["--shards", str(shards), "--config", str(config), "--out", str(tmp_path / "run")]


def losses(out: Path) -> list[dict[str, float]]:
    groups = ("losses", "discriminator", "gradients")
    return [
        {f"{group} {name}": value for group in groups for name, value in record[group].items()}
        for record in read_log(out)
        if record["kind"] == "status"
    ]


def newest(out: Path) -> int:
    """Images of the newest checkpoint."""
    return max(int(path.stem.rpartition("-")[2]) for path in out.glob("checkpoint-*.pt"))


def wait_for_checkpoint(out: Path, started: Started) -> None:
    deadline = time.monotonic() + 400
    while not list(out.glob("checkpoint-*.pt")) and started.processes[0].is_alive():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def complaints(started: Started) -> list[str]:
    """Lines of error, all ranks together."""
    said = started.said(0) + started.said(1)
    assert "Traceback" not in said, said
    return re.findall("^error: .*", said, re.MULTILINE)


def goes_on(arguments: list[str], folder: Path) -> None:
    """The same command goes on from the newest checkpoint, here for one more step."""
    images = newest(folder / "run")
    more = ("--max-images", str(images + 4))
    again = start_ranks([*arguments, *more], folder / "again", without_pictures)
    assert again.ended() == [0, 0], again.said(0) + again.said(1)
    assert f"going on from checkpoint-{images:010d}.pt" in again.said(0)
    assert newest(folder / "run") == images + 4


def test_two_ranks_hold_equal_bits_and_see_every_sample_once_an_epoch(
    arguments: list[str], tmp_path: Path
) -> None:
    started = start_ranks(arguments, tmp_path / "said", notes_what_it_sees)
    assert started.ended() == [0, 0], started.said(0) + started.said(1)
    first, second = started.note(0), started.note(1)
    assert (first["images"], second["images"]) == (16, 16)
    assert first["learned"] == second["learned"]
    told = re.findall("weights of all 2 processes are equal: SHA-256 (.*)", started.said(0))
    assert len(told) == 2 and first["learned"].startswith(told[-1])
    assert started.said(1) == ""
    batches = [first["seen"], second["seen"]]
    assert all(len(part) == 2 for batch in batches for part in batch.values())
    seen = [pair for batch in batches for part in batch.values() for pair in part]
    assert sorted(seen) == list(range(NUM_PAIRS))


SMALL = {
    "dsc": 'preset = "dsc"\nchannels = 1\n',
    "best": 'preset = "best"\nchannels = 16\n[discriminator]\nbase-channels = 2\n',
}


@pytest.mark.slow
@pytest.mark.parametrize("preset", SMALL)
def test_in_float64_two_ranks_have_the_losses_of_one_whose_run_either_can_take_over(
    arguments: list[str], tmp_path: Path, preset: str
) -> None:
    config = tmp_path / "small.toml"
    head, _, run = config.read_text().partition("[run]")
    lines = [line for line in head.splitlines() if not line.startswith(("preset", "channels"))]
    top, _, tables = SMALL[preset].partition("[")
    config.write_text("\n".join([top, *lines, f"[{tables}" if tables else "", "[run]", run]))
    *given, out = arguments

    def train(size: int, images: int, folder: str) -> list[dict[str, float]]:
        words = [*given, str(Path(out).with_name(folder)), "--max-images", str(images)]
        hooks = (without_dropout, without_pictures, in_float64)
        started = start_ranks(words, tmp_path / f"{folder}-{images}", *hooks, size=size)
        assert started.ended() == [0] * size, started.said(0)
        return losses(tmp_path / folder)

    one = train(1, 48, "one")
    two = train(2, 40, "two")
    assert len(two) == 10
    train(1, 44, "two")
    two = train(2, 48, "two")
    assert len(one) == len(two) == 12
    for alone, together in zip(one, two, strict=True):
        assert together == pytest.approx(alone, rel=1e-6, abs=0)


@pytest.mark.slow
def test_weights_that_part_are_seen_at_the_next_checkpoint_and_made_equal(
    arguments: list[str], tmp_path: Path
) -> None:
    started = start_ranks(
        arguments, tmp_path / "said", notes_what_it_sees, alone={1: [has_weights_of_its_own]}
    )
    assert started.ended() == [0, 0], started.said(0) + started.said(1)
    assert started.said(0).count("weights of 2 processes had parted") == 1
    assert started.note(0)["learned"] == started.note(1)["learned"]


@pytest.mark.slow
@pytest.mark.parametrize("killed", [(0,), (1,), (0, 1)])
def test_killed_ranks_end_the_others_and_the_same_command_goes_on(
    arguments: list[str], tmp_path: Path, killed: tuple[int, ...]
) -> None:
    started = start_ranks([*arguments, *ENDLESS], tmp_path / "said", without_pictures)
    wait_for_checkpoint(tmp_path / "run", started)
    for rank in killed:
        started.send(rank, signal.SIGKILL)
    codes = started.ended()
    assert codes == [-signal.SIGKILL if rank in killed else 75 for rank in (0, 1)]
    said = complaints(started)
    assert len(said) == 2 - len(killed)
    assert all("repeat the same command" in line for line in said)
    goes_on(arguments, tmp_path)


@pytest.mark.parametrize("rank", [0, 1])
def test_a_signal_to_one_rank_saves_and_stops_both(
    arguments: list[str], tmp_path: Path, rank: int
) -> None:
    started = start_ranks([*arguments, *ENDLESS], tmp_path / "said", without_pictures)
    wait_for_checkpoint(tmp_path / "run", started)
    begun = newest(tmp_path / "run")
    for number in (signal.SIGTERM, signal.SIGTERM):  # torchrun says it twice
        started.send(rank, number)
    assert started.ended() == [75, 75]
    (said,) = complaints(started)
    stopper = "another process" if rank else "SIGTERM"
    assert f"stopped by {stopper} after" in said and "is saved" in said
    assert newest(tmp_path / "run") >= begun
    goes_on(arguments, tmp_path)


@pytest.mark.slow
def test_a_rank_that_freezes_is_waited_for_no_longer_than_the_patience(
    arguments: list[str], tmp_path: Path
) -> None:
    config = tmp_path / "small.toml"
    config.write_text(config.read_text() + "patience-s = 5\n")
    started = start_ranks([*arguments, *ENDLESS], tmp_path / "said", without_pictures)
    wait_for_checkpoint(tmp_path / "run", started)
    started.send(1, signal.SIGSTOP)
    started.processes[0].join(120)
    assert started.processes[0].exitcode == 75, started.said(0)
    (said,) = complaints(started)
    assert "expected an answer of each" in said
    started.send(1, signal.SIGKILL)  # as torchrun does
    goes_on(arguments, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rank", "hook", "code", "said"),
    [
        (1, has_an_infinite_loss, 3, "expected finite losses"),
        (0, has_a_full_disk, 5, "expected space to write"),
        (1, has_a_damaged_disk, 6, "train-00000.h5: expected a shard"),
    ],
)
def test_what_one_rank_meets_ends_both_with_its_code_and_one_line(
    arguments: list[str], tmp_path: Path, rank: int, hook: Callable[..., None], code: int, said: str
) -> None:
    started = start_ranks(
        [*arguments, *ENDLESS], tmp_path / "said", without_pictures, alone={rank: [hook]}
    )
    assert started.ended() == [code, code], started.said(0) + started.said(1)
    (line,) = complaints(started)
    assert said in line
    if code == 3:
        assert (tmp_path / "run" / "diverged.json").exists()
    else:  # nothing was saved before, so the same command begins anew
        again = start_ranks([*arguments, "--max-images", "4"], tmp_path / "again", without_pictures)
        assert again.ended() == [0, 0], again.said(0) + again.said(1)


def test_hours_of_one_rank_end_the_run_of_both(arguments: list[str], tmp_path: Path) -> None:
    more = (*ENDLESS, "--max-hours", "0.5")
    started = start_ranks(
        [*arguments, *more], tmp_path / "said", without_pictures, alone={1: [has_a_clock_of_hours]}
    )
    assert started.ended() == [0, 0], started.said(0) + started.said(1)
    assert 0 < newest(tmp_path / "run") < 100
    goes_on(arguments, tmp_path)


def test_a_batch_that_two_ranks_cannot_share_is_one_line(
    arguments: list[str], tmp_path: Path
) -> None:
    started = start_ranks(
        [*arguments, "--batch", "3", "--dry-run"], tmp_path / "said", without_pictures
    )
    assert started.ended() == [2, 2]
    (line,) = complaints(started)
    assert "--batch: expected a multiple of the 2 processes, found 3" in line


def test_a_rank_that_waits_for_the_others_can_be_stopped(
    arguments: list[str], tmp_path: Path
) -> None:
    started = start_ranks(arguments, tmp_path / "said", only=[0])
    deadline = time.monotonic() + 120
    while "length:" not in started.said(0):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    started.send(0, signal.SIGTERM)
    assert started.ended() == [75], started.said(0)
    (line,) = complaints(started)
    assert "stopped by SIGTERM before the work began" in line
    assert not (tmp_path / "run").exists()
