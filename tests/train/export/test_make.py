"""Exported generators: what the folder holds, who may replace it, and what its card says."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from commands import call
from drawn_shards import publish_shards
from poses import standing_pose
from training_runs import small_settings, train

from train.inference.painter import open_painter

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish_shards(tmp_path_factory.mktemp("shards"), train_shards=1, images=4)


@pytest.fixture(scope="module")
def run(shards: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "run"
    train(small_settings(shards, preset="demo", channels=4, max_images=8), shards, out)
    return out


@pytest.fixture
def exported(run: Path, tmp_path: Path) -> Path:
    assert call("export-generator", run, "--out", tmp_path / "model").exit_code == 0
    return tmp_path / "model"


def drawn(model: Path, **options: Any) -> np.ndarray:
    painter = open_painter(model, device="cpu", **options)
    height, width = painter.image_size
    images = np.random.default_rng(0).integers(0, 256, (3, height, width, 3), dtype=np.uint8)
    poses = np.stack([standing_pose() * height / 128] * 3)
    return painter.draw(images, poses, poses + 1.0)


def test_an_exported_generator_draws_what_its_run_draws(run: Path, exported: Path) -> None:
    np.testing.assert_array_equal(drawn(exported), drawn(run))


def test_raw_weights_are_exported_on_wish_and_are_others(run: Path, tmp_path: Path) -> None:
    assert call("export-generator", run, "--out", tmp_path / "raw", "--raw-weights").exit_code == 0
    raw = drawn(tmp_path / "raw", raw_weights=True)
    np.testing.assert_array_equal(raw, drawn(run, raw_weights=True))
    assert (raw != drawn(run)).any()


def test_equal_generators_make_equal_bytes(run: Path, exported: Path, tmp_path: Path) -> None:
    call("export-generator", run, "--out", tmp_path / "again")
    for name in ("model.safetensors", "config.json"):
        assert (tmp_path / "again" / name).read_bytes() == (exported / name).read_bytes()


def test_a_folder_opens_with_every_socket_blocked(
    exported: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("called somebody")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert drawn(exported).shape[0] == 3


def test_the_card_tells_what_must_be_known(run: Path, shards: Path, tmp_path: Path) -> None:
    out = tmp_path / "a_b"
    call("export-generator", run, "--out", out, "--shards", shards, "--licence", "mit")
    card = (out / "README.md").read_text()
    head = card.split("---")[1]
    assert "license: mit" in head and "pipeline_tag: image-to-image" in head
    for text in ("# a\\_b", 'Path("a_b")', "| preset | demo |", "train pairs", "Intended use"):
        assert text in card
    assert "Re-identification of people is sensitive" in card
    assert str(tmp_path) not in card + (out / "config.json").read_text()


def test_the_card_takes_only_scores_of_this_very_checkpoint(
    run: Path, shards: Path, tmp_path: Path
) -> None:
    scores = tmp_path / "scores"
    options = ("--shards", shards, "--protocols", "ssim/pose-gan", "--limit", "4", "--out", scores)
    assert call("eval-gan", "--run", run, *options).exit_code == 0
    call("export-generator", run, "--out", tmp_path / "scored", "--scores", scores)
    assert "ssim/pose-gan" in (tmp_path / "scored" / "README.md").read_text()
    done = call(
        "export-generator", run, "--raw-weights", "--out", tmp_path / "raw", "--scores", scores
    )
    assert done.exit_code == 2
    assert "expected scores of this checkpoint, found of another one" in done.stderr


def test_shards_of_another_run_are_refused(run: Path, tmp_path: Path) -> None:
    other = publish_shards(tmp_path / "other", train_shards=1, images=5)
    done = call("export-generator", run, "--out", tmp_path / "model", "--shards", other)
    assert done.exit_code == 2 and "name the shards that the run learned from" in done.stderr
    assert not (tmp_path / "model").exists()


def test_another_generator_is_replaced_only_on_wish(run: Path, exported: Path) -> None:
    before = (exported / "config.json").read_bytes()
    again = ("export-generator", run, "--out", exported)
    assert call(*again).exit_code == 0  # the same once more
    done = call(*again, "--raw-weights")
    assert done.exit_code == 2 and "add --overwrite" in done.stderr
    assert (exported / "config.json").read_bytes() == before
    assert call(*again, "--raw-weights", "--overwrite").exit_code == 0
    assert json.loads((exported / "config.json").read_text())["origin"]["weights"] == "generator"


@pytest.mark.parametrize("licence", ["", "a b", "agpl\n---", "x" * 65])
def test_a_licence_that_would_break_the_head_is_refused(
    licence: str, run: Path, tmp_path: Path
) -> None:
    done = call("export-generator", run, "--out", tmp_path / "model", "--licence", licence)
    assert done.exit_code == 2 and done.stderr.count("\n") == 1


def test_an_export_of_an_export_says_what_to_give(exported: Path, tmp_path: Path) -> None:
    done = call("export-generator", exported, "--out", tmp_path / "model")
    assert done.exit_code == 2 and "expected a training run" in done.stderr
