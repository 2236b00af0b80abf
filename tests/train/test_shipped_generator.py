"""The generator that ships with the package: whole, small, by its recipe, good for something."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
import torch
from commands import call
from PIL import Image

from data_manifest.published_files import read_keypoints
from shared.geometry import valid_poses
from shared.settings import read_config
from shared.weights import WEIGHTS
from train.inference.exported import WEIGHTS_NAME, familiar_of
from train.inference.exported import read_config as read_exported_config
from train.inference.familiar import FAMILIAR_NAME
from train.inference.painter import open_painter
from train.metrics.masks import mask_ssim, pose_masks
from train.metrics.sharpness import edge_strength
from train.settings.presets import resolve

FOLDER = Path(__file__).parents[2] / "train" / "weights"
MOST_BYTES = 8_000_000


def test_it_is_the_file_that_the_table_of_weights_names() -> None:
    row = WEIGHTS["demo-generator"]
    noted = read_exported_config(FOLDER)["weights"]
    assert row.path == FOLDER / WEIGHTS_NAME
    assert (row.num_bytes, row.sha256) == (noted["bytes"], noted["sha256"])
    assert row.path.stat().st_size == row.num_bytes <= MOST_BYTES


def test_it_keeps_what_repose_compares_photos_with() -> None:
    assert familiar_of(FOLDER) is not None
    assert (FOLDER / FAMILIAR_NAME).stat().st_size <= 200_000


def test_it_was_trained_by_the_recipe_beside_it() -> None:
    recipe = read_config(FOLDER / "crisp.toml")
    wanted = resolve(recipe.plain["preset"], {"seed": recipe.plain["seed"]}, recipe.tables).lasting
    trained = read_exported_config(FOLDER)["training"]
    assert trained["seed"] == wanted["seed"]
    for section in ("generator", "discriminator", "loss", "optimizer", "data"):
        assert trained[section].items() <= wanted[section].items(), section
    first = read_config(FOLDER / "recipe.toml")
    assert first.plain["preset"] == recipe.plain["preset"]  # networks that crisp.toml can take over


def test_its_card_says_what_it_knows_and_what_not() -> None:
    card = (FOLDER / "README.md").read_text()
    for text in ("drawn people", "make generator", "Intended use", "ssim/pose-gan"):
        assert text in card, text


@pytest.mark.slow
def test_it_draws_people_of_a_world_that_it_never_saw(tmp_path: Path) -> None:
    """Better than a copy of the source, and not by blurring: the mean image has a tenth of it."""
    drawn = call("draw-market", "--out", tmp_path / "other", "--world", "other", "--identities", 16,
                 "--images-per-identity", 4, "--seed", 9, "--workers", 1)  # fmt: skip
    assert drawn.exit_code == 0, drawn.stderr
    images, joints, pairs = pairs_of(tmp_path / "other")
    source, target = pairs.T
    made = open_painter(FOLDER, device="cpu").draw(images[source], joints[source], joints[target])
    masks = pose_masks(torch.from_numpy(joints[target]), images.shape[1:3])
    real = torch.from_numpy(images[target])

    def scored(pictures: np.ndarray) -> float:
        return float(mask_ssim(torch.from_numpy(pictures), real, masks).mean())

    assert scored(made) > scored(images[source]) + 0.02
    sharp, wanted = (edge_strength(each, masks).sum() for each in (torch.from_numpy(made), real))
    assert sharp > 0.55 * wanted


def pairs_of(market: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Train images uint8 (n, H, W, 3), joints (n, 18, 2), and pairs (m, 2) of one person each."""
    table = read_keypoints(market / "keypoints-train.csv")
    rows = np.flatnonzero(valid_poses(table.joints))
    names = [table.names[row] for row in rows]
    folder = market / "bounding_box_train"
    images = np.stack([np.asarray(Image.open(folder / name).convert("RGB")) for name in names])
    pairs = [pair for pair in permutations(range(len(names)), 2)
             if names[pair[0]][:4] == names[pair[1]][:4]]  # fmt: skip
    return images, table.joints[rows], np.array(pairs)
