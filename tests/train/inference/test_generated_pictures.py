"""Generated pictures are those of the run that was asked: its sigma, its checkpoint's content."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from drawn_shards import publish_shards
from PIL import Image
from training_runs import QUIET, small_settings, train

from data_manifest.manifest import open_manifest
from data_manifest.shard import read_shard
from shared.affine import pair_transforms
from shared.geometry import mask_quads
from train.checkpoint import load_run
from train.inference.generate import generate_pairs, panel_name
from train.nets.generator import Generator
from train.nets.guidance import Guidance
from train.run_folder import read_settings

pytestmark = pytest.mark.long

SIZE = (64, 48)


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish_shards(tmp_path_factory.mktemp("shards"), train_shards=1, images=3)


@pytest.fixture(scope="module")
def run(shards: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "run"
    train(small_settings(shards, max_images=8), shards, out)
    return out


def with_sigma(run: Path, sigma: float, out: Path) -> Path:
    """The same run, had its heat maps been of another deviation: settings and checkpoint say so."""
    shutil.copytree(run, out)
    settings = json.loads((out / "settings.json").read_text())
    assert settings["data"]["sigma"] == 6.0
    settings["data"]["sigma"] = sigma
    (out / "settings.json").write_text(json.dumps(settings))
    path, content = load_run(out, QUIET)
    content["settings"]["data"]["sigma"] = sigma
    return saved(content, path)


def with_other_weights(run: Path, out: Path) -> Path:
    """The same run with another average in its newest checkpoint, of the same name."""
    shutil.copytree(run, out)
    path, content = load_run(out, QUIET)
    for weights in content["average"].values():
        weights.mul_(1.5)
    return saved(content, path)


def saved(content: dict[str, Any], path: Path) -> Path:
    """Put other content into a checkpoint, with its hash beside it."""
    torch.save(content, path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    hash_file = path.with_name(path.name + ".sha256")
    old = hash_file.read_text().split()[0]
    hash_file.write_text(hash_file.read_text().replace(old, digest))
    return path.parent


def drawn(run: Path, shards: Path, out: Path) -> dict[str, np.ndarray]:
    """The generated panels by name."""
    made = generate_pairs(run, shards, out, console=QUIET)
    found = {}
    for path in sorted(made.panels.iterdir()):
        with Image.open(path) as picture:
            found[path.name] = np.asarray(picture)[:, 2 * SIZE[1] :]
    return found


def heat_maps(joints: np.ndarray, sigma: float) -> torch.Tensor:
    """The authors' maps, which a run draws by default: whole pixels, floored exponents."""
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    at = np.floor(joints + 0.5)[..., None, None]
    squares = (x - at[..., 0, :, :]) ** 2 + (y - at[..., 1, :, :]) ** 2
    return torch.tensor(np.nan_to_num(np.exp(np.floor(-squares / (2 * sigma**2))))).float()


def worked_out(run: Path, shards: Path, sigma: float) -> dict[str, np.ndarray]:
    """What the run's average makes of the test pairs, from arrays alone."""
    _, content = load_run(run, QUIET)
    generator = Generator(read_settings(run).generator).eval()
    generator.load_state_dict(content["average"])
    arrays = read_shard(shards / open_manifest(shards).of_split("test")[0].file)
    sources, targets = arrays.pairs.T
    transforms, status = pair_transforms(arrays.joints[sources], arrays.joints[targets])
    quads = mask_quads(arrays.joints[targets], SIZE)
    images = torch.tensor(arrays.images[sources]).permute(0, 3, 1, 2) / 127.5 - 1
    guidance = Guidance(
        source_joints=torch.tensor(arrays.joints[sources]).float(),
        target_joints=torch.tensor(arrays.joints[targets]).float(),
        source_pose=heat_maps(arrays.joints[sources], sigma),
        target_pose=heat_maps(arrays.joints[targets], sigma),
        transforms=torch.tensor(transforms).float(),
        status=torch.tensor(status),
        quads=torch.tensor(quads),
        background=images[:, :0],
    )
    with torch.no_grad():
        result = generator(images, guidance).image.permute(0, 2, 3, 1)
    levels = ((result + 1) * 127.5).round().numpy()
    names = arrays.names.astype(str)
    pairs = zip(names[sources], names[targets], strict=True)
    return {panel_name(*pair): level for pair, level in zip(pairs, levels, strict=True)}


@pytest.mark.parametrize("sigma", [6.0, 2.0])
def test_pictures_are_what_the_average_draws_from_heat_maps_of_the_run_s_sigma(
    sigma: float, run: Path, shards: Path, tmp_path: Path
) -> None:
    chosen = run if sigma == 6.0 else with_sigma(run, sigma, tmp_path / "run")
    pictures = drawn(chosen, shards, tmp_path / "out")
    expected = worked_out(run, shards, sigma)
    other = worked_out(run, shards, 8.0 - sigma)
    assert pictures.keys() == expected.keys() and len(pictures) > 4
    for name, picture in pictures.items():
        assert np.abs(picture - expected[name]).max() <= 1, name
    assert any(np.abs(pictures[name] - other[name]).max() > 1 for name in pictures)


def test_a_checkpoint_of_the_same_name_with_other_weights_is_drawn_anew(
    run: Path, shards: Path, tmp_path: Path
) -> None:
    other, out = with_other_weights(run, tmp_path / "other"), tmp_path / "out"
    names = [load_run(folder, QUIET)[0].name for folder in (run, other)]
    assert names[0] == names[1]
    first, second = drawn(run, shards, out), drawn(other, shards, out)
    alone = drawn(other, shards, tmp_path / "alone")
    assert all(np.array_equal(second[name], alone[name]) for name in alone)
    assert any(not np.array_equal(second[name], first[name]) for name in first)
