"""The trial of a run: which pairs, which weights, which columns."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from drawn_shards import publish_shards, random_arrays
from shard_folders import publish_folder, small_arrays
from skimage.metrics import structural_similarity
from training_runs import QUIET

from data_manifest.manifest import open_manifest
from data_manifest.shard import read_shard
from shared.owned_folder import OwnedFolder
from shared.picture_sheet import enlarged
from train.data.store import store_from
from train.settings.presets import resolve
from train.state import TrainState
from train.watch.logbook import Logbook, read_log
from train.watch.recorder import Recorder
from train.watch.sheets import factor_of
from train.watch.validation import Validation, load_validation_pairs

CPU = torch.device("cpu")
SIZE = (64, 48)


def refuse(text: str) -> None:
    raise AssertionError(f"warned of {text}")


def some_validation(batch: int = 5, sigma: float = 6.0, sheet_pairs: int = 2) -> Validation:
    store = store_from([random_arrays(3, identities=(2, 3), images=3)])
    return Validation(store, sheet_pairs=sheet_pairs, sigma=sigma, batch=batch, device=CPU)


@pytest.fixture(scope="module")
def state() -> TrainState:
    """A run whose average draws other pictures than its generator."""
    size = {"generator": {"image_size": SIZE, "base_channels": 2}}
    found = TrainState(resolve("dsc", size, {"discriminator": {"base_channels": 1}}), CPU)
    torch.manual_seed(4)
    for weights in found.average.parameters():
        weights.add_(torch.randn_like(weights) / 4)
    return found


def test_the_pairs_are_spread_over_the_list_and_not_over_the_rows(tmp_path: Path) -> None:
    publish_folder(tmp_path, [("train", small_arrays(1, (2,))), ("test", small_arrays(3, (5, 6)))])
    arrays = read_shard(tmp_path / open_manifest(tmp_path).of_split("test")[0].file)
    assert len(arrays.pairs) == 12 and (np.diff(arrays.pair_order) < 0).any()
    store = load_validation_pairs(tmp_path, open_manifest(tmp_path), 4, refuse)
    assert store.pair_order.tolist() == [0, 3, 6, 9]
    names = [name.decode() for name in arrays.names.tolist()]
    row_of = {int(order): row for row, order in enumerate(arrays.pair_order)}
    for pair, order in enumerate((0, 3, 6, 9)):
        source, target = arrays.pairs[row_of[order]]
        assert store.pair_names(pair) == (names[source], names[target])


def test_without_test_pairs_the_train_split_serves_and_that_is_said(tmp_path: Path) -> None:
    publish_folder(tmp_path, [("train", small_arrays(1, (2,)))])
    said: list[str] = []
    store = load_validation_pairs(tmp_path, open_manifest(tmp_path), 100, said.append)
    assert store.num_pairs == 6 and "no test pairs" in said[0]


def test_the_test_split_is_the_one_that_is_tried(tmp_path: Path) -> None:
    publish_shards(tmp_path, train_shards=1, images=2)
    store = load_validation_pairs(tmp_path, open_manifest(tmp_path), 100, refuse)
    entry = open_manifest(tmp_path).of_split("test")[0]
    wanted = {name.decode() for name in read_shard(tmp_path / entry.file).names.tolist()}
    assert set(store.names) == wanted


def test_the_quick_score_is_that_of_the_average(state: TrainState, tmp_path: Path) -> None:
    validation, logbook = some_validation(), Logbook(tmp_path)
    (tmp_path / "sheets").mkdir()
    owned = OwnedFolder(tmp_path, "train-gan")
    score = Recorder(owned, validation, logbook, console=QUIET).show(state)
    average = validation.scores(state.average)
    raw = validation.scores(state.generator)
    assert score == average["ssim"]["generator"] != raw["ssim"]["generator"]
    (logged,) = read_log(tmp_path)
    assert {metric: logged[metric] for metric in ("ssim", "mask_ssim")} == average


def test_the_quick_score_is_the_structural_similarity_to_the_targets(state: TrainState) -> None:
    trial = some_validation()
    store = store_from([random_arrays(3, identities=(2, 3), images=3)])
    expected = [
        structural_similarity(
            store.images[target].numpy(),
            picture,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
            channel_axis=-1,
            data_range=int(picture.max()) - int(picture.min()),
        )
        for target, picture in zip(store.targets, trial.draw(state.average).numpy(), strict=True)
    ]
    scores = trial.scores(state.average)
    assert scores["ssim"]["generator"] == pytest.approx(np.mean(expected), abs=1e-9)
    assert scores["mask_ssim"]["generator"] > scores["ssim"]["generator"]


def test_controls_are_the_source_the_mean_and_black(state: TrainState) -> None:
    """Against a store whose sources are its targets, then one that is black."""
    arrays = random_arrays(3, identities=(2, 3), images=2)
    arrays.images[:] = arrays.images[0]
    same = Validation(store_from([arrays]), sheet_pairs=1, sigma=6.0, batch=4, device=CPU)
    controls = same.scores(state.average)["ssim"]
    assert controls["source copied"] == controls["mean image"] == pytest.approx(1)
    assert controls["black image"] < 0.9
    assert list(controls) == ["generator", "source copied", "mean image", "black image"]


def test_pairs_are_drawn_in_parts_of_any_size_in_their_order(state: TrainState) -> None:
    whole, parts = (
        some_validation(batch=100).draw(state.average),
        some_validation(batch=5).draw(state.average),
    )
    assert whole.shape == parts.shape == (12, *SIZE, 3)
    assert (whole.int() - parts.int()).abs().max() <= 1


def test_heat_maps_of_the_trial_are_as_wide_as_in_training(state: TrainState) -> None:
    narrow, wide = (some_validation(sigma=sigma).draw(state.average).int() for sigma in (2.0, 6.0))
    assert (narrow - wide).abs().max() > 1


def columns_of(sheet: np.ndarray, num: int = 7) -> list[np.ndarray]:
    """The columns of a sheet, its heads cut off; cells are of one width with one gap."""
    step = (sheet.shape[1] - 4) // num
    height = 2 * (SIZE[0] * factor_of(SIZE) + 4)
    return [sheet[-height:, 4 + step * k : step * (k + 1)] for k in range(num)]


def test_each_column_of_the_sheet_shows_what_its_head_says(state: TrainState) -> None:
    trial = some_validation()
    columns = columns_of(np.asarray(trial.sheet(state.generator, state.average)))
    factor = factor_of(SIZE)
    store = store_from([random_arrays(3, identities=(2, 3), images=3)])
    shown = {
        0: store.images[store.sources],
        3: trial.draw(state.generator),
        4: trial.draw(state.average),
        6: store.images[store.targets],
    }
    for column, pictures in shown.items():
        for row, pair in enumerate((0, 6)):
            first = row * (SIZE[0] * factor + 4)
            cell = columns[column][first : first + SIZE[0] * factor]
            wanted = np.asarray(enlarged(pictures[pair].numpy(), factor))
            assert np.abs(cell.astype(int) - wanted).max() <= 3, (column, row)
    assert (columns[1] != columns[2]).any()
    assert (columns[5] != columns[4]).any()  # the pasted ones
