"""Several devices: processes that share out the images, and end alike."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import device_fakes
import pytest
import torch
from commands import call
from device_fakes import eventful, processes, together
from PIL import Image
from small_market import ContentEstimator, make_market

from preprocess.extract_settings import ExtractSettings
from preprocess.pipeline import run
from preprocess.pose.device_processes import OpenEstimator
from preprocess.pose.extraction import extract_poses
from preprocess.settings import PoseSettings, PrepareSettings, RunSettings
from preprocess.sources.registry import find_source
from shared.console import Console
from shared.errors import DamagedError, NoSpaceError, PoseGanError, StoppedError, UsageError

pytestmark = pytest.mark.process

NUM_PHOTOS = 14
NEEDS_CUDA = pytest.mark.skipif(not torch.cuda.is_available(), reason="allowed: needs CUDA")


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("preprocess.pose.stage.BLOCK_IMAGES", 3)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(NUM_PHOTOS):
        size = (24, 40) if number % 5 == 1 else (16, 32)  # (width, height)
        Image.new("RGB", size, (3 * number, 40, 90)).save(folder / f"{number:02}.png")
    return folder


def extract(
    photos: Path, out: Path, opening: OpenEstimator, device: str = "cpu,cpu", **settings: object
) -> None:
    out.parent.mkdir(exist_ok=True)
    chosen = ExtractSettings(src=photos, out=out, pose=PoseSettings(device=device), **settings)
    extract_poses(chosen, Console(), open_estimator=opening)


def contents(folder: Path, *left_out: str) -> dict[str, bytes]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    named = {str(path.relative_to(folder)): path for path in files}
    return {name: path.read_bytes() for name, path in named.items() if name not in left_out}


def gone(folder: Path) -> bool:
    """Whether the processes end within seconds."""
    found = processes(folder)
    assert len(found) == 2
    deadline = time.monotonic() + 60
    while any(map(alive, found)) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not any(map(alive, found))


def alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def test_two_processes_find_what_one_finds(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "processes"
    extract(photos, tmp_path / "one" / "p.csv", lambda *_: ContentEstimator(), "cpu")
    extract(photos, tmp_path / "two" / "p.csv", eventful(folder))
    assert contents(tmp_path / "two") == contents(tmp_path / "one")
    worked = processes(folder, "estimated")
    assert len(worked) == 2 and os.getpid() not in worked
    said = capsys.readouterr().err.splitlines()
    assert said.count("opened on cpu") == 2
    assert gone(folder)


def test_shards_tables_and_kept_poses_are_those_of_one_process(tmp_path: Path) -> None:
    market = make_market(tmp_path)
    made = {}
    for name, device, opening in (
        ("one", "cpu", lambda *_: ContentEstimator()),
        ("two", "cpu,cpu,cpu", eventful(tmp_path / "processes", num_processes=3)),
    ):
        out = tmp_path / name
        settings = PrepareSettings(
            src=market.root,
            out=out,
            pose=PoseSettings(device=device),
            run=RunSettings(backend="threading"),
        )
        run(settings, find_source(market.root), Console(quiet=True), open_estimator=opening)
        made[name] = contents(out, "manifest.json", ".posegan.json", ".lock")
    assert len([name for name in made["one"] if name.endswith(".poses")]) == 8
    assert any(name.endswith(".h5") for name in made["one"])
    assert made["two"] == made["one"]
    assert len(processes(tmp_path / "processes", "estimated")) == 3


def test_few_images_start_no_idle_process(photos: Path, tmp_path: Path) -> None:
    for path in sorted(photos.iterdir())[2:]:
        path.unlink()
    extract(photos, tmp_path / "p.csv", eventful(tmp_path / "processes", num_processes=1))
    assert len(processes(tmp_path / "processes")) == 1


@pytest.mark.parametrize(
    ("event", "kind", "line"),
    [
        ("damaged", DamagedError, "a picture: expected a whole one"),
        ("memory", NoSpaceError, "memory: expected room for the work"),
        (
            "killed",
            NoSpaceError,
            "the process of cpu: expected work until all images are done, found an end by SIGKILL; "
            "where memory ran out, name fewer devices or lower --pose-batch, then repeat",
        ),
        ("terminated", StoppedError, "found an end by SIGTERM; repeat the command to continue"),
        ("crashed", RuntimeError, "the process of cpu ended with code -11"),
        ("fault", RuntimeError, "ZeroDivisionError: nobody expected this"),
    ],
)
def test_when_one_process_fails_the_others_end_and_the_command_goes_on_later(
    event: str, kind: type[Exception], line: str, photos: Path, tmp_path: Path
) -> None:
    folder, out = tmp_path / "processes", tmp_path / "p.csv"
    with pytest.raises(kind) as met:
        extract(photos, out, eventful(folder, event))
    assert line in str(met.value)
    assert isinstance(met.value, PoseGanError) == (kind is not RuntimeError)
    assert not any(map(alive, processes(folder))), "a process outlived the failure"
    assert not out.exists()
    extract(photos, out, eventful(tmp_path / "again"))
    assert out.exists()


def test_a_picture_that_changed_is_told_as_in_one_process(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opening = eventful(tmp_path / "processes")
    from preprocess.pose import extraction

    listed = extraction.list_photos

    def list_and_change(src: Path, console: Console):
        found = listed(src, console)
        Image.new("RGB", (16, 32)).save(src / "05.png")
        return found

    monkeypatch.setattr(extraction, "list_photos", list_and_change)
    with pytest.raises(UsageError, match=r"05\.png: expected the image that was checked before"):
        extract(photos, tmp_path / "p.csv", opening)


def test_processes_that_opened_different_models_are_refused(photos: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="expected the weights that cpu opened, found others"):
        extract(photos, tmp_path / "p.csv", eventful(tmp_path / "processes", "another"))


def test_what_was_kept_is_not_estimated_again(photos: Path, tmp_path: Path) -> None:
    out, folder = tmp_path / "p.csv", tmp_path / "processes"
    with pytest.raises(KeyboardInterrupt):
        extract(photos, out, lambda *_: ContentEstimator(stop_after=7), "cpu")
    extract(photos, out, eventful(folder))
    estimated = [int(path.read_text()) for path in folder.glob("*.estimated")]
    assert sum(estimated) == NUM_PHOTOS - 6  # the stopped run had kept two blocks of three
    extract(photos, tmp_path / "whole" / "p.csv", lambda *_: ContentEstimator(), "cpu")
    assert out.read_bytes() == (tmp_path / "whole" / "p.csv").read_bytes()


@pytest.mark.parametrize(
    ("number", "to_all", "code"),
    [
        (signal.SIGKILL, False, -signal.SIGKILL),
        (signal.SIGTERM, False, -signal.SIGTERM),
        (signal.SIGINT, True, 130),
    ],
)
def test_a_signal_ends_all_processes(
    number: signal.Signals, to_all: bool, code: int, photos: Path, tmp_path: Path
) -> None:
    folder, scratch = tmp_path / "processes", tmp_path / "scratch"
    folder.mkdir()
    scratch.mkdir()
    words = [sys.executable, device_fakes.__file__, photos, tmp_path / "p.csv", folder]
    tests = Path(device_fakes.__file__).parent
    paths = os.pathsep.join(map(str, (tests.parent, tests)))
    with subprocess.Popen(
        list(map(str, words)),
        env=os.environ | {"PYTHONPATH": paths, "TMPDIR": str(scratch)},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as parent:
        deadline = time.monotonic() + 200
        while not (folder / "first").exists():
            assert parent.poll() is None and time.monotonic() < deadline
            time.sleep(0.02)
        (os.killpg if to_all else os.kill)(parent.pid, number)
        assert parent.wait(60) == code
        assert gone(folder)
        assert parent.stderr is not None
        assert "Traceback" not in parent.stderr.read()
    assert list(scratch.iterdir()) == [], "a temporary file was left"


def test_a_watch_takes_one_device(photos: Path, tmp_path: Path) -> None:
    words = ("--src", photos, "--out", tmp_path / "p.csv", "--device", "cpu,cpu", "--watch")
    done = call("extract-poses", *words)
    assert done.exit_code == 2, done.stderr
    line = "error: --device: expected one device with --watch, found cpu,cpu; name one"
    assert done.stderr.splitlines() == [line]


@pytest.mark.parametrize("device", ["cuda:0,cuda:99", "cuda:99,cuda:98"])
def test_devices_that_are_not_there_are_one_line_before_anything_starts(
    device: str, photos: Path, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="--device: expected "):
        extract(photos, tmp_path / "p.csv", eventful(tmp_path / "processes"), device)
    assert processes(tmp_path / "processes") == []


@pytest.mark.parametrize(
    ("device", "several"),
    [
        ("cpu", "cpu,cpu"),
        pytest.param("cuda:0", "cuda:0,cuda:0", marks=[pytest.mark.gpu, NEEDS_CUDA]),
    ],
)
def test_the_real_network_in_two_processes_makes_the_same_bytes(
    device: str, several: str, tmp_path: Path
) -> None:
    drawn, made = tmp_path / "drawn", {}
    how = ("--identities", 4, "--images-per-identity", 2, "--workers", 1)
    assert call("draw-market", "--out", drawn, *how).exit_code == 0
    for name in (device, several):
        folder, num_processes = tmp_path / f"processes of {name}", len(name.split(","))
        settings = PrepareSettings(
            src=drawn,
            out=tmp_path / name,
            pose=PoseSettings(pose_model="demo", device=name),
            run=RunSettings(backend="threading", max_bad=1),
        )
        opening = together(folder, num_processes)
        run(settings, find_source(drawn), Console(quiet=True), open_estimator=opening)
        assert len(processes(folder, "estimated")) == num_processes
        made[name] = contents(tmp_path / name, "manifest.json", ".posegan.json", ".lock")
    assert any(name.endswith(".h5") for name in made[device])
    assert len([name for name in made[device] if name.endswith(".poses")]) > 2
    assert made[several] == made[device]
