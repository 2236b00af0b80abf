"""Whole runs on the device: resume to the bit, memory that is used up, pictures and scores."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from commands import call
from drawn_shards import random_arrays
from PIL import Image
from scored_pictures import make_results
from training_runs import QUIET, digest, small_settings, train

from shared.errors import NoSpaceError
from train.checkpoint import load_run
from train.inference.from_run import read_run
from train.inference.painter import Painter
from train.reid.judge import read_judge
from train.reid.lesson import Lesson
from train.reid.make import make_judge
from train.reid.settings import ReidSettings

pytestmark = pytest.mark.gpu

CPU = torch.device("cpu")
CONFIGS = {
    "dsc": "",
    "demo": "",
    "best": "",
    "seed": "[generator]\nskips = 'parts+flow'\n[loss]\nfeatures = 'pixels'\n",
}


def small_run(
    shards: Path, folder: Path, device: torch.device, preset: str = "demo", **flags: Any
) -> Path:
    config = folder.parent / f"{folder.name}.toml"
    config.write_text(CONFIGS.get(preset, ""))
    more = {"channels": 16, "max_images": 24, "deterministic": True, **flags}
    settings = small_settings(shards, preset, config, device=device.type, **more)
    train(settings, shards, folder)
    return folder


@pytest.mark.parametrize("preset", ["dsc", "demo", "best", "seed"])
@pytest.mark.parametrize("data", ["device", "ram", "stream"])
def test_a_run_that_was_stopped_goes_on_to_the_bit(
    data: str, preset: str, device: torch.device, shards: Path, tmp_path: Path
) -> None:
    whole = small_run(shards, tmp_path / "whole", device, preset, data=data)
    parted = small_run(shards, tmp_path / "parted", device, preset, data=data, max_images=12)
    assert digest(parted) != digest(whole)
    small_run(shards, parted, device, preset, data=data)
    assert digest(parted) == digest(whole)


def test_a_checkpoint_is_read_on_a_machine_without_the_device(
    device: torch.device, shards: Path, tmp_path: Path
) -> None:
    run = small_run(shards, tmp_path / "run", device)
    _, content = load_run(run, QUIET)
    for name in ("generator", "discriminator", "average"):
        assert all(value.device == CPU for value in content[name].values())
    small_run(shards, run, CPU, max_images=32)
    assert load_run(run, QUIET)[1]["counters"]["images"] == 32


def test_used_up_memory_is_one_line(
    device: torch.device, shards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if device.type == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.set_per_process_memory_fraction(1e-5)
    else:
        monkeypatch.setattr("train.set_up.TrainSplit", _no_memory)
    try:
        found = call(
            "train-gan", "--shards", shards, "--preset", "dsc", "--features", "pixels",
            "--batch", 64, "--device", device.type, "--out", tmp_path / "run",
        )  # fmt: skip
    finally:
        if device.type == "cuda":
            torch.cuda.set_per_process_memory_fraction(1.0)
    assert found.exit_code == NoSpaceError.exit_code == 5
    lines = found.stderr.strip().splitlines()
    assert "memory" in lines[-1] and "lower the batch" in lines[-1]
    assert "Traceback" not in found.stderr


def _no_memory(*_: object, **__: object) -> None:
    raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB.")


@pytest.mark.parametrize("preset", ["dsc", "demo"])
def test_the_painter_draws_what_the_cpu_draws(
    preset: str, device: torch.device, shards: Path, tmp_path: Path
) -> None:
    run = small_run(shards, tmp_path / "run", CPU, preset)
    arrays = random_arrays(9, identities=(7, 8), size=(64, 48))
    sources, targets = arrays.pairs.T
    pictures = [
        Painter(read_run(run, raw_weights=False, console=QUIET), place, batch=5).draw(
            arrays.images[sources], arrays.joints[sources], arrays.joints[targets]
        )
        for place in (CPU, device)
    ]
    gaps = np.abs(pictures[0].astype(int) - pictures[1].astype(int))
    # Two layers, or two winners of a maximum, may be equal to the last bit in places.
    assert np.mean(gaps > 1) < 1e-3 and gaps.mean() < 0.1


def figures(folder: Path) -> dict[str, float]:
    report = json.loads((folder / "metrics.json").read_text())
    found = {}
    for metric, protocols in report.items():
        for protocol, entry in protocols.items() if isinstance(protocols, dict) else ():
            if isinstance(entry, dict) and isinstance(entry.get("value"), (int, float)):
                found[f"{metric}/{protocol}"] = float(entry["value"])
    return found


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures of ten people, named as in Market-1501."""
    folder = tmp_path_factory.mktemp("people")
    rng = np.random.default_rng(4)
    for person in range(10):
        colour = rng.integers(40, 215, 3)
        for number in range(5):
            picture = np.clip(colour + rng.normal(0, 12, (128, 64, 3)), 0, 255).astype(np.uint8)
            name = f"{2 * person + 2:04d}_c{1 + number % 3}s1_{100 * number:06d}_00.jpg"
            Image.fromarray(picture).save(folder / name, quality=95)
    return folder


def test_scores_are_the_cpus(device: torch.device, tmp_path: Path) -> None:
    results = make_results(tmp_path / "made", count=10)
    found = {}
    for name in {"cpu", device.type}:
        out = tmp_path / f"scores-{name}"
        done = call(
            "eval-gan", "--panels", results.folder / "def-gan",
            "--out", out, "--device", name,
        )  # fmt: skip
        assert done.exit_code == 0, done.stderr
        found[name] = figures(out)
    assert len(found["cpu"]) >= 3
    assert found["cpu"].keys() == found[device.type].keys()
    for score, value in found["cpu"].items():
        assert found[device.type][score] == pytest.approx(value, abs=1e-4), score


def test_a_judge_is_trained_there_and_judges_alike_on_the_cpu(
    device: torch.device, people: Path, tmp_path: Path
) -> None:
    path = make_judge(
        ReidSettings(src=people, out=tmp_path / "judge", device=device.type),
        QUIET,
        lesson=Lesson(steps=6, people=3, pictures=2, warm_steps=2),
    )
    pictures = torch.from_numpy(
        np.random.default_rng(1).integers(0, 256, (7, 128, 64, 3), dtype=np.uint8)
    )
    here, there = (read_judge(path, place)(pictures) for place in (CPU, device))
    np.testing.assert_allclose(np.linalg.norm(there, axis=1), 1, atol=1e-5)
    assert np.abs(here - there).max() < 0.02
