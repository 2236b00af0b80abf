"""``extract-poses --watch`` as a process: how soon a row is there, and what readers ever see."""

from __future__ import annotations

import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from commands import call, program
from made_once import made_once

from data_manifest.published_files import read_keypoints

pytestmark = [pytest.mark.process, pytest.mark.slow]

GENEROUS_S = 60
"""The goal on two quiet cores is 0.5 s (``tests/bench/bench_watch.py``); tests share theirs."""


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Pictures of drawn people, of those whom the demo weights know."""

    def make(folder: Path) -> None:
        words = ("--identities", "4", "--images-per-identity", "2", "--workers", "1")
        assert call("draw-market", "--out", folder / "market", *words).exit_code == 0

    market = made_once(tmp_path_factory, "watched-people", make) / "market"
    return sorted((market / "bounding_box_train").glob("0*.jpg"))[:4]


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A watch of ``camera`` that has opened its model."""
    (tmp_path / "camera").mkdir()
    words = ("--src", "camera", "--out", "poses.csv", "--pose-model", "demo", "--watch")
    process = subprocess.Popen(
        program("extract-poses", *words), cwd=tmp_path, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None and "watching camera" in process.stdout.readline()
    yield process
    process.kill()
    process.communicate()


class Reader(threading.Thread):
    """Reads the table again and again; what it could not read is a fault."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.names: tuple[str, ...] = ()
        self.faults: list[str] = []
        self.is_over = False
        self._path = path

    def run(self) -> None:
        while not self.is_over:
            try:
                self.names = read_keypoints(self._path).names
            except Exception as error:  # whatever it is, the test is to show it
                self.faults.append(str(error))
            time.sleep(0.001)


def test_a_camera_folder_becomes_a_sequence_that_repose_draws(
    watched: subprocess.Popen[str], people: list[Path], tmp_path: Path
) -> None:
    reader = Reader(tmp_path / "poses.csv")
    reader.start()
    for number, picture in enumerate(people):
        shutil.copy(picture, tmp_path / "frame.part")
        (tmp_path / "frame.part").rename(tmp_path / "camera" / f"{number}.jpg")
        deadline = time.monotonic() + GENEROUS_S
        while len(reader.names) <= number and time.monotonic() < deadline:
            time.sleep(0.005)
        assert len(reader.names) == number + 1
    reader.is_over = True
    reader.join()
    assert reader.faults == [] and reader.names == tuple(f"{n}.jpg" for n in range(len(people)))
    watched.send_signal(signal.SIGTERM)
    _, said = watched.communicate(timeout=GENEROUS_S)
    assert watched.returncode == 75
    assert said.splitlines()[-1] == (
        "error: stopped by SIGTERM, 4 rows in poses.csv; the same command goes on"
    )
    drawn = call(
        *("repose", "--model", "demo", "--source", people[0], "--source-poses"),
        *(people[0].parent.parent / "keypoints-train.csv", "--target", tmp_path / "poses.csv"),
        *("--sequence", "--device", "cpu", "--out", tmp_path / "walk"),
    )
    assert drawn.exit_code == 0, drawn.stderr
    assert (tmp_path / "walk" / f"{people[0].stem}_along_poses.webp").is_file()


def test_an_interrupt_ends_it_with_75_and_a_second_one_is_not_needed(
    watched: subprocess.Popen[str], tmp_path: Path
) -> None:
    watched.send_signal(signal.SIGINT)
    _, said = watched.communicate(timeout=GENEROUS_S)
    assert watched.returncode == 75 and "stopped by SIGINT, 0 rows" in said
    assert not (tmp_path / ".poses.kept").exists()


def test_a_folder_deleted_under_it_is_one_line(
    watched: subprocess.Popen[str], tmp_path: Path
) -> None:
    (tmp_path / "camera").rmdir()
    _, said = watched.communicate(timeout=GENEROUS_S)
    assert watched.returncode == 2
    assert said.splitlines()[-1].startswith("error: camera: expected the folder that is watched")
