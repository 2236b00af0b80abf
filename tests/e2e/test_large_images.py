"""Both stages at the sizes of DeepFashion, on people that are drawn at that size."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from commands import call
from PIL import Image

from train.watch.logbook import read_log

pytestmark = pytest.mark.slow

SIZES = ("256x256", "256x176")


@pytest.fixture(scope="module", params=SIZES)
def shards(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp(str(request.param))
    twin = folder / "twin"
    drawn = call(
        *("draw-market", "--out", twin, "--layout", "deepfashion", "--size", request.param),
        *("--identities", 4, "--images-per-identity", 3, "--workers", 1),
    )
    assert drawn.exit_code == 0, drawn.stderr
    made = call(
        *("prep-market", "--src", twin, "--out", folder / "shards", "--workers", 1),
        *("--image-size", request.param, "--keypoints", twin / "keypoints-train.csv"),
        *("--keypoints", twin / "keypoints-test.csv"),
    )
    assert made.exit_code == 0, made.stderr
    return folder / "shards"


@pytest.mark.parametrize("preset", ["full", "seed", "demo"])
def test_a_preset_trains_at_the_sizes_of_deepfashion(
    shards: Path, tmp_path: Path, preset: str
) -> None:
    out, config = tmp_path / "run", tmp_path / "small.toml"
    config.write_text(
        'features = "pixels"\nchannels = 2\nmax-images = 8\nbatch = 2\n'
        "[run]\nstatus-images = 4\nsheet-images = 8\ncheckpoint-images = 8\n"
        "sheet-pairs = 1\nscore-pairs = 2\n"
    )
    done = call(
        *("train-gan", "--shards", shards, "--preset", preset, "--out", out, "--config", config)
    )
    assert done.exit_code == 0, done.stderr
    settings = json.loads((out / "settings.json").read_text())
    settings = settings.get("settings", settings)
    height, width = (int(side) for side in shards.parent.name[:7].split("x"))
    assert tuple(settings["generator"]["image_size"]) == (height, width)
    assert settings["loss"]["nearest_window"] == 5
    records = read_log(out)
    assert records[-1]["images"] == 8
    scores = next(record for record in reversed(records) if record["kind"] == "scores")
    assert 0 < scores["ssim"]["generator"] <= 1
    sheet = sorted((out / "sheets").iterdir())[-1]
    with Image.open(sheet) as image:
        assert image.height > height and image.width > 3 * width
