"""``eval-gan --run``: which weights are drawn, how many pairs, and whose key points."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from commands import call
from drawn_shards import publish_shards
from PIL import Image
from training_runs import QUIET, small_settings, train

from data_manifest.manifest import open_manifest
from data_manifest.published_files import read_keypoints
from data_manifest.shard import read_shard
from shared.files import read_json
from train.checkpoint import load_run
from train.data.batch import make_batch
from train.data.store import store_from
from train.inference.drawing import draw_pictures
from train.inference.generate import generate_pairs, panel_name
from train.nets.generator import Generator
from train.run_folder import read_settings

pytestmark = pytest.mark.long

WIDTH = 48
SIGMA = 4.5


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish_shards(tmp_path_factory.mktemp("shards"), train_shards=1, images=2)


@pytest.fixture(scope="module")
def run(shards: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    config = folder / "run.toml"
    config.write_text(f"[data]\nsigma = {SIGMA}\n[optimizer]\ngenerator_rate = 0.05\n")
    train(small_settings(shards, config=config, max_images=16), shards, folder / "run")
    return folder / "run"


def expected(run: Path, shards: Path, weights: str) -> dict[str, np.ndarray]:
    """What one network of the checkpoint makes of every test pair, without the painter."""
    content = load_run(run, QUIET)[1]
    settings = read_settings(run).generator
    generator, poses = Generator(settings), settings.drawn_poses
    generator.load_state_dict(content[weights])
    store = store_from([read_shard(shards / open_manifest(shards).of_split("test")[0].file)])
    found = {}
    for pair in range(store.num_pairs):
        samples = store.gather(store.sources.new_tensor([pair]))
        batch = make_batch(samples, None, sigma=SIGMA, poses=poses)
        found[panel_name(*store.pair_names(pair))] = draw_pictures(generator, batch)[0].numpy()
    return found


def gap(panels: Path, pictures: dict[str, np.ndarray]) -> int:
    """The largest difference between drawn panels and pictures, in grey levels."""
    worst = 0
    for path in panels.iterdir():
        with Image.open(path) as picture:
            drawn = np.asarray(picture)[:, 2 * WIDTH :].astype(int)
        worst = max(worst, int(np.abs(drawn - pictures[path.name]).max()))
    return worst


@pytest.mark.parametrize(
    ("flags", "drawn", "other"),
    [((), "average", "generator"), (("--raw-weights",), "generator", "average")],
    ids=["averaged", "raw"],
)
def test_the_weights_that_are_asked_for_are_drawn(
    shards: Path, run: Path, tmp_path: Path, flags: tuple[str, ...], drawn: str, other: str
) -> None:
    out = tmp_path / "out"
    more = ("--protocols", "l1", "--device", "cpu", "--quiet", *flags)
    result = call("eval-gan", "--run", run, "--shards", shards, "--out", out, *more)
    assert result.exit_code == 0, result.output
    assert read_json(out / "generated.json")["weights"] == drawn
    assert gap(out / "panels", expected(run, shards, drawn)) <= 1
    assert gap(out / "panels", expected(run, shards, other)) > 1
    assert read_json(out / "metrics.json")["pairs"] == len(list((out / "panels").iterdir())) == 4


def test_a_limit_draws_and_scores_so_many(shards: Path, run: Path, tmp_path: Path) -> None:
    more = ("--protocols", "l1", "--limit", 3, "--device", "cpu", "--quiet")
    result = call("eval-gan", "--run", run, "--shards", shards, "--out", tmp_path / "out", *more)
    assert result.exit_code == 0, result.output
    assert len(list((tmp_path / "out" / "panels").iterdir())) == 3
    assert read_json(tmp_path / "out" / "metrics.json")["pairs"] == 3


def test_key_points_beside_the_panels_are_those_of_the_targets(
    shards: Path, run: Path, tmp_path: Path
) -> None:
    made = generate_pairs(run, shards, tmp_path / "out", console=QUIET, limit=1)
    arrays = read_shard(shards / open_manifest(shards).of_split("test")[0].file)
    names = [name.decode() for name in arrays.names.tolist()]
    (panel,) = made.panels.iterdir()
    targets = {panel_name(names[a], names[b]): b for a, b in arrays.pairs.tolist()}
    table = read_keypoints(made.keypoints)
    assert list(table.names) == [names[targets[panel.name]]]
