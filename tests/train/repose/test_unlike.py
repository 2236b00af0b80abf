"""``repose`` names photos unlike those that a generator learned from, and draws them."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from commands import call
from drawn_shards import publish_shards
from PIL import Image
from poses import standing_pose
from training_runs import small_settings, train

from data_manifest.published_files import write_keypoints
from data_manifest.shard import open_shard

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An export that knows its shards, beside a photo out of them and one of noise."""
    folder = tmp_path_factory.mktemp("familiar")
    shards = publish_shards(folder / "shards", train_shards=1, images=12)
    train(small_settings(shards, preset="demo", channels=4, max_images=4), shards, folder / "run")
    for name, more in (("model", ("--shards", shards)), ("bare", ())):
        done = call("export-generator", folder / "run", "--out", folder / name, *more)
        assert done.exit_code == 0, done.stderr
    with open_shard(shards / "train-00000.h5") as shard:
        picture, pose = shard.images[0], shard.joints[0]
    (folder / "photos").mkdir()
    Image.fromarray(picture).save(folder / "photos" / "known.png")
    noise = np.random.default_rng(0).integers(0, 256, picture.shape, np.uint8)
    Image.fromarray(noise).save(folder / "photos" / "noise.png")
    write_keypoints(folder / "poses.csv", ("known.png", "noise.png"), np.stack([pose, pose]))
    write_keypoints(folder / "wanted.csv", ("wanted.png",), standing_pose()[None])
    return folder / "model"


def drawn(model: Path, out: Path, *more: str):
    place = model.parent
    return call(
        "repose", "--model", model, "--source", place / "photos", "--source-poses",
        place / "poses.csv", "--target", place / "wanted.csv", "--device", "cpu", "--out", out,
        *more,
    )  # fmt: skip


def test_a_photo_unlike_the_training_data_is_named_and_drawn(model: Path, tmp_path: Path) -> None:
    done = drawn(model, tmp_path / "out", "--quiet")
    assert done.exit_code == 0, done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith("warning: ") and "noise.png: expected a picture like those" in line
    assert (tmp_path / "out" / "noise_to_wanted.png").is_file()


def test_a_model_that_keeps_nothing_says_so_once_and_draws(model: Path, tmp_path: Path) -> None:
    for name in ("run", "bare"):
        done = drawn(model.parent / name, tmp_path / name)
        assert done.exit_code == 0, done.stderr
        assert done.stderr.count("photos are not compared with it") == 1
        assert "warning" not in done.stderr
        assert drawn(model.parent / name, tmp_path / name, "--quiet").stderr == ""


@pytest.mark.parametrize("content", [b"", b"something else"])
def test_changed_features_are_damaged(content: bytes, model: Path, tmp_path: Path) -> None:
    shutil.copytree(model, tmp_path / "model")
    shutil.copytree(model.parent / "photos", tmp_path / "photos")
    for name in ("poses.csv", "wanted.csv"):
        shutil.copy(model.parent / name, tmp_path / name)
    (tmp_path / "model" / "familiar.safetensors").write_bytes(content)
    done = drawn(tmp_path / "model", tmp_path / "out")
    assert done.exit_code == 6, done.stderr
    assert "familiar.safetensors: expected" in done.stderr.splitlines()[-1]
