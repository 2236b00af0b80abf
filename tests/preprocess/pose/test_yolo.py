"""Opening networks: real ultralytics on small networks built here; nothing is downloaded."""

from __future__ import annotations

import hashlib
import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from preprocess.pose.weight_files import WeightsPlace, find_weights, read_weights
from preprocess.pose.yolo import first_line, import_ultralytics, open_estimator
from preprocess.settings import PoseSettings
from shared.console import Console
from shared.errors import DamagedError, UsageError

pytestmark = pytest.mark.long

ANY_PERSON = 1e-6
HEADS = {"dense": "Pose", "end to end": "Pose26"}


def small_model(kind: str):
    """A random pose network of the smallest width with the given kind of head."""
    import_ultralytics(offline=True)
    from ultralytics.nn.tasks import PoseModel

    torch.manual_seed(3)
    config = {
        "nc": 1,
        "kpt_shape": [17, 3],
        "end2end": kind == "end to end",
        "reg_max": 1 if kind == "end to end" else 16,
        "backbone": [[-1, 1, "Conv", [8, 6, 4, 1]], [-1, 1, "Conv", [16, 3, 2]]],
        "head": [[-1, 1, "Conv", [32, 3, 2]], [[1, 2], 1, HEADS[kind], ["nc", "kpt_shape"]]],
    }
    model = PoseModel(config, ch=3, nc=1, data_kpt_shape=[17, 3], verbose=False)
    for parameter in model.parameters():
        parameter.data += 0.05 * torch.randn_like(parameter)
    return model.eval()


def saved(model, path: Path) -> Path:
    torch.save({"model": model.half(), "train_args": {"task": "pose"}}, path)
    return path


@pytest.fixture(scope="module", params=sorted(HEADS))
def weights(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("weights")
    return saved(small_model(request.param), folder / "small.pt")


def opened(path: Path | str, **settings: object):
    threshold = {"person_threshold": ANY_PERSON, "device": "cpu"}
    return open_estimator(PoseSettings(pose_model=str(path), **(threshold | settings)), Console())


def test_a_network_finds_what_ultralytics_own_predictor_finds(
    weights: Path, rng: np.random.Generator
) -> None:
    from ultralytics import YOLO

    images = rng.integers(0, 256, (3, 256, 128, 3), np.uint8)
    people = opened(weights).estimate(images)
    predictor = YOLO(str(weights), task="pose")
    predictor.model.end2end = False
    for row, image in enumerate(images):
        bgr = np.ascontiguousarray(image[..., ::-1])
        (result,) = predictor.predict(
            bgr, imgsz=(256, 128), conf=ANY_PERSON, iou=0.999999, max_det=1000, verbose=False
        )
        points = result.keypoints.data.numpy()
        gaps = np.abs(points[..., :2] - 0.5 - people.points[row]).max(axis=(1, 2))
        near = gaps.argmin()
        assert gaps[near] < 0.01
        np.testing.assert_allclose(points[near, :, 2], people.confidences[row], atol=1e-4)


def test_results_do_not_depend_on_the_batch(weights: Path, rng: np.random.Generator) -> None:
    images = rng.integers(0, 256, (11, 64, 48, 3), np.uint8)
    settings = {"pose_size": (128, 96)}
    whole = opened(weights, **settings).estimate(images)
    parts = opened(weights, batch=3, **settings).estimate(images)
    for name, value in vars(whole).items():
        np.testing.assert_allclose(value, getattr(parts, name), atol=1e-3, err_msg=name)


def test_the_weights_hash_is_in_the_key_and_is_said(
    weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import hashlib

    digest = hashlib.sha256(weights.read_bytes()).hexdigest()
    assert digest in opened(weights).key
    assert digest[:12] in capsys.readouterr().err


class Evil:
    """What a hostile weights file could hold."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self):
        return os.mkdir, (str(self.marker),)


def hostile_files(folder: Path, marker: Path) -> dict[str, Path]:
    files = {
        name: folder / f"{name.replace(' ', '-')}.pt" for name in ("pickle", "in a checkpoint")
    }
    files["pickle"].write_bytes(pickle.dumps(Evil(marker)))
    torch.save({"model": Evil(marker)}, files["in a checkpoint"])
    return files


@pytest.mark.parametrize("kind", ["pickle", "in a checkpoint"])
def test_code_in_a_weights_file_is_refused_with_one_line_and_never_runs(
    kind: str, tmp_path: Path
) -> None:
    marker = tmp_path / "marker"
    path = hostile_files(tmp_path, marker)[kind]
    with pytest.raises(UsageError, match="expected weights of an ultralytics pose model") as error:
        opened(path)
    assert "\n" not in str(error.value)
    assert not marker.exists()


@pytest.mark.parametrize("content", [b"", b"not weights", b"PK\x03\x04 torn"])
def test_a_file_that_is_no_checkpoint_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "torn.pt"
    path.write_bytes(content)
    with pytest.raises(UsageError, match="expected weights of an ultralytics pose model"):
        opened(path)


def test_a_model_without_points_is_refused(tmp_path: Path) -> None:
    import_ultralytics(offline=True)
    from ultralytics.nn.tasks import DetectionModel

    config = {
        "nc": 3,
        "backbone": [[-1, 1, "Conv", [8, 6, 4, 1]]],
        "head": [[[0], 1, "Detect", ["nc"]]],
    }
    path = saved(DetectionModel(config, ch=3, verbose=False), tmp_path / "detect.pt")
    with pytest.raises(UsageError, match="DetectionModel, which no YOLO pose network has"):
        opened(path)


def test_weights_given_without_their_usual_ending_are_refused(
    weights: Path, tmp_path: Path
) -> None:
    path = tmp_path / "weights.bin"
    path.write_bytes(weights.read_bytes())
    with pytest.raises(UsageError, match=r"named \.pt, found weights\.bin; rename it"):
        opened(path)


def test_an_unknown_name_is_refused_before_anything_is_imported() -> None:
    with pytest.raises(UsageError, match="check the spelling or the path"):
        opened("yolo99-pose")


def test_the_best_size_for_the_device_is_the_default() -> None:
    assert find_weights("auto", "cuda").name == "yolo26x-pose"
    assert find_weights("auto", "cpu").name == "yolo26n-pose"


def test_a_local_file_wins_over_a_model_of_the_same_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert find_weights("yolo26n-pose.pt", "cpu").downloadable
    (tmp_path / "yolo26n-pose.pt").write_bytes(b"")
    assert find_weights("yolo26n-pose.pt", "cpu").path == tmp_path / "yolo26n-pose.pt"


def test_foreign_demo_weights_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "demo-pose.pt"
    path.write_bytes(b"something else")
    with pytest.raises(DamagedError, match="install posegan anew"):
        read_weights(WeightsPlace("demo", path, downloadable=False))


def test_weights_are_read_once_and_what_is_hashed_is_what_is_loaded(
    weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "mine.pt"
    path.write_bytes(weights.read_bytes())
    images = np.random.default_rng(0).integers(0, 256, (2, 64, 32, 3), np.uint8)
    untouched = opened(path).estimate(images)

    def read_and_replaced(place: WeightsPlace):
        file = read_weights(place)
        path.write_bytes(b"somebody else's")
        return file

    monkeypatch.setattr("preprocess.pose.yolo.read_weights", read_and_replaced)
    found = opened(path)
    assert found.key.startswith(hashlib.sha256(weights.read_bytes()).hexdigest())
    np.testing.assert_array_equal(found.estimate(images).points, untouched.points)


def test_weights_that_change_after_the_start_are_refused(weights: Path) -> None:
    settings = PoseSettings(pose_model=str(weights), device="cpu")
    with pytest.raises(UsageError, match="the weights that were there at the start, found others"):
        open_estimator(settings, Console(quiet=True), "0" * 64)


CUDA = torch.cuda.is_available()


@pytest.mark.skipif(CUDA, reason="allowed: needs a machine without CUDA")
def test_a_missing_gpu_is_one_clear_line(weights: Path) -> None:
    with pytest.raises(UsageError, match="a CUDA device, found none"):
        opened(weights, device="cuda")


@pytest.mark.gpu
@pytest.mark.skipif(not CUDA, reason="allowed: needs CUDA")
def test_half_precision_on_a_gpu_agrees_with_the_cpu(
    weights: Path, rng: np.random.Generator
) -> None:
    images = rng.integers(0, 256, (40, 128, 64, 3), np.uint8)
    on_cpu = opened(weights).estimate(images)
    on_gpu = opened(weights, device="cuda").estimate(images)
    close = np.abs(on_cpu.points - on_gpu.points).max(axis=(1, 2)) < 1
    assert close.mean() > 0.9


def run_python(code: str, **variables: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("YOLO")}
    kept.pop("OMP_NUM_THREADS", None)
    return subprocess.run(
        [sys.executable, "-c", code],
        env=kept | variables,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


OPEN = """
import sys
from preprocess.settings import PoseSettings
from preprocess.pose.yolo import open_estimator
from shared.console import Console
from shared.errors import PoseGanError
try:
    open_estimator(PoseSettings(pose_model=sys.argv[1] if sys.argv[1:] else MODEL), Console())
except PoseGanError as error:
    print(error)
"""


@pytest.mark.process
def test_opening_calls_nobody_installs_nothing_and_leaves_the_process_as_it_was(
    tmp_path: Path,
) -> None:
    path = saved(small_model("dense"), tmp_path / "small.pt")
    watch = f"""
import os, socket, subprocess, sys
import numpy as np, torch
def refuse(*arguments, **options):
    raise SystemExit("called somebody")
socket.getaddrinfo = socket.socket.connect = subprocess.check_output = refuse
import preprocess.pose.yolo
assert "ultralytics" not in sys.modules
save, options, threads = torch.save, np.get_printoptions(), torch.get_num_threads()
MODEL = {str(path)!r}
{OPEN}
assert torch.save is save
assert np.get_printoptions() == options
assert torch.get_num_threads() == threads
assert "OMP_NUM_THREADS" not in os.environ
from ultralytics.nn import tasks
from ultralytics import utils
assert (tasks.SAFE_LOAD, utils.AUTOINSTALL, utils.ONLINE) == (True, False, False)
print("as it was")
"""
    done = run_python(watch, POSEGAN_CACHE=str(tmp_path / "cache"))
    assert done.stdout.strip() == "as it was", done.stderr
    assert "called somebody" not in done.stderr


@pytest.mark.process
def test_an_absent_named_model_without_a_network_is_one_line_with_the_remedies(
    tmp_path: Path,
) -> None:
    done = run_python(
        f"MODEL = 'yolo26n-pose'\n{OPEN}", POSEGAN_CACHE=str(tmp_path), YOLO_OFFLINE="1"
    )
    assert done.stdout.count("\n") == 1, done.stderr
    assert "a network to download its weights once, found YOLO_OFFLINE set" in done.stdout
    assert f"put the file at {tmp_path}/weights/yolo26n-pose.pt" in done.stdout
    assert "--pose-model demo" in done.stdout


@pytest.mark.parametrize(
    ("said", "told"),
    [("❌ Download failure for x. Offline.", "Download failure for x. Offline"), ("", "OSError")],
)
def test_a_librarys_words_are_told_without_its_signs(said: str, told: str) -> None:
    assert first_line(OSError(said)) == told


@pytest.mark.process
def test_a_missing_libgl_is_one_line_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "cv2.py").write_text(
        "raise ImportError('libGL.so.1: cannot open shared object file: No such file')"
    )
    weights = saved(small_model("dense"), tmp_path / "small.pt")
    path = os.pathsep.join([str(tmp_path), *filter(None, sys.path)])
    done = run_python(
        f"MODEL = {str(weights)!r}\n{OPEN}", PYTHONPATH=path, POSEGAN_CACHE=str(tmp_path)
    )
    assert done.stdout.count("\n") == 1, done.stderr
    assert "the system's libGL.so.1" in done.stdout
    assert "apt-get install libgl1" in done.stdout
    assert "opencv-python-headless" in done.stdout
