"""train-gan as users meet it: killed, stopped, repeated, and used wrongly."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest
from commands import call, program
from drawn_shards import publish_shards
from made_once import made_once
from training_runs import digest

from train.watch.logbook import read_log

LENGTH = 80


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish_shards(tmp_path_factory.mktemp("shards"), train_shards=2)


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("config") / "often.toml"
    path.write_text(
        f'preset = "dsc"\nchannels = 2\nfeatures = "pixels"\nmax-images = {LENGTH}\n'
        "[run]\ncheckpoint-images = 20\nsheet-images = 40\nstatus-images = 8\n"
        "sheet-pairs = 2\nscore-pairs = 4\n"
    )
    return path


def options(shards: Path, config: Path, out: Path, *more: str) -> list[str]:
    return ["--shards", str(shards), "--config", str(config), "--out", str(out), *more]


def arguments(shards: Path, config: Path, out: Path, *more: str) -> list[str]:
    return program("train-gan", *options(shards, config, out, *more))


def finish(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=1000)


@pytest.fixture(scope="module")
def whole(shards: Path, config: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    def train_undisturbed(folder: Path) -> None:
        done = finish(arguments(shards, config, folder / "run"))
        assert done.returncode == 0, done.stderr

    return digest(made_once(tmp_path_factory, "whole-run", train_undisturbed) / "run")


def wait_for_images(out: Path, images: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        log = read_log(out)
        if log and log[-1]["images"] >= images:
            return
        time.sleep(0.01)


def start(command: list[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@pytest.mark.timeout(3600)
@pytest.mark.parametrize(
    "kills",
    [
        2,
        pytest.param(20, marks=pytest.mark.promises),
        pytest.param(200, marks=pytest.mark.soak),
    ],
)
@pytest.mark.process
def test_killed_and_repeated_ends_bit_identical(
    shards: Path, config: Path, whole: str, tmp_path: Path, kills: int
) -> None:
    out, chance = tmp_path / "run", random.Random(kills)
    length = LENGTH * max(1, kills // 10)
    more = ("--max-images", str(length))
    if length != LENGTH:
        finish(arguments(shards, config, tmp_path / "whole", *more))
        whole = digest(tmp_path / "whole")
    for kill in range(kills):
        process = start(arguments(shards, config, out, *more))
        wait_for_images(out, round((kill + chance.random()) * length / (kills + 1)), process)
        time.sleep(chance.random() * 0.05)
        process.kill()
        process.wait()
    done = finish(arguments(shards, config, out, *more))
    assert done.returncode == 0, done.stderr
    assert digest(out) == whole
    images = [r["images"] for r in read_log(out) if r["kind"] == "status"]
    assert images == list(range(8, length + 1, 8))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGUSR1, signal.SIGHUP])
@pytest.mark.process
def test_a_signal_saves_a_checkpoint_and_the_same_command_goes_on(
    shards: Path, config: Path, whole: str, tmp_path: Path, number: signal.Signals
) -> None:
    out = tmp_path / "run"
    process = subprocess.Popen(
        arguments(shards, config, out), stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    )
    wait_for_images(out, 24, process)  # type: ignore[arg-type]
    begin = time.monotonic()
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 75, said
    assert time.monotonic() - begin < 30
    assert f"stopped by {number.name}" in said
    assert "repeat the same command" in said
    if number is signal.SIGTERM:
        done = finish(arguments(shards, config, out))
        assert done.returncode == 0, done.stderr
        assert "going on from checkpoint" in done.stderr
        assert digest(out) == whole


@pytest.mark.process
def test_a_second_run_on_the_folder_exits_4_and_leaves_the_first_alone(
    shards: Path, config: Path, whole: str, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    first = start(arguments(shards, config, out))
    wait_for_images(out, 8, first)
    first.send_signal(signal.SIGSTOP)  # it holds the folder, however long the second takes
    second = call("train-gan", *options(shards, config, out))
    first.send_signal(signal.SIGCONT)
    assert second.exit_code == 4, second.stderr
    assert str(first.pid) in second.stderr
    assert first.wait() == 0
    assert digest(out) == whole


@pytest.mark.long
def test_the_shards_alone_choose_preset_and_folder(
    shards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = call("train-gan", "--shards", shards, "--features", "pixels", "--dry-run")
    assert done.exit_code == 0, done.stderr
    assert "runs/full-" in done.stderr
    assert "on pixels, not VGG-19" in done.stderr
    assert done.stdout.startswith("memory: about")
    assert not list(tmp_path.iterdir())


def test_without_vgg_one_line_says_how_to_get_it_or_do_without(
    shards: Path, tmp_path: Path
) -> None:
    given = ("--shards", shards, "--channels", "2", "--out", tmp_path / "run")
    done = call("train-gan", *given, "--vgg", tmp_path / "vgg19-dcbb9e9d.pth")
    assert done.exit_code == 2
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("error:")
    assert "--features pixels" in last
    assert "download.pytorch.org" in last


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("bach = 4\n", "did you mean 'batch'"),
        ("[data]\nbach = 4\n", "did you mean 'batch'"),
        ('[loss]\nadversarial = "wgan"\n', "adversarial"),
        ("batch = [\n", "valid TOML"),
    ],
)
def test_a_wrong_config_is_one_line_and_exit_2(
    shards: Path, tmp_path: Path, text: str, said: str
) -> None:
    path = tmp_path / "wrong.toml"
    path.write_text(text)
    done = call("train-gan", *options(shards, path, tmp_path / "run"))
    assert done.exit_code == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


BLOCKED = """
import importlib.abc, sys
class Block(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"ultralytics", "preprocess", "cv2", "tensorboard", "joblib"}:
            raise ImportError("blocked by the test: " + name)
sys.meta_path.insert(0, Block())
"""


@pytest.mark.process
def test_stage_2_runs_where_ultralytics_and_stage_1_are_absent(
    shards: Path, config: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    for command in (
        arguments(shards, config, out, "--max-images", "8"),
        program("eval-gan", "--run", out, "--shards", shards),
    ):
        python, flag, code, *given = command
        done = finish([python, flag, BLOCKED + code, *given])
        assert done.returncode == 0, done.stderr
    metrics = json.loads((out / "scores" / "metrics.json").read_text())
    assert metrics["ssim"]["pose-gan"]["n"] == 24


@pytest.mark.process
def test_one_process_starts_nothing_of_several(shards: Path, config: Path, tmp_path: Path) -> None:
    listed = (
        "import atexit, sys\n"
        "several = ('train.ranks', 'train.meeting', 'torch.distributed.run')\n"
        "def loaded(): print('loaded:', [name for name in several if name in sys.modules],\n"
        "    sys.modules['torch.distributed'].is_initialized())\n"
        "atexit.register(loaded)\n"
    )
    more = ("--max-images", "4")
    done = finish(
        program("train-gan", *options(shards, config, tmp_path / "run", *more), before=listed)
    )
    assert done.returncode == 0, done.stderr
    assert "loaded: [] False" in done.stdout
    assert "processes" not in done.stderr
