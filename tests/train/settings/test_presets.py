from __future__ import annotations

import pytest

from shared.errors import UsageError
from shared.settings import as_plain, build
from train.settings.presets import PRESETS, resolve, scaled_to
from train.settings.tree import TrainSettings


@pytest.mark.parametrize("name", ["baseline", "dsc", "perc-loss", "full"])
def test_paper_rows_are_the_papers(name: str) -> None:
    settings = resolve(name)
    weights = (
        settings.loss.l1_weight,
        settings.loss.perceptual_weight,
        settings.loss.nearest_weight,
    )
    expected = {
        "baseline": (100.0, 0.0, 0.0),
        "dsc": (100.0, 0.0, 0.0),
        "perc-loss": (0.0, 0.5, 0.0),
        "full": (0.0, 0.0, 0.01),
    }
    assert weights == expected[name]
    assert settings.generator.skips == ("none" if name == "baseline" else "parts")
    assert settings.generator.fidelity
    assert settings.generator.sampling == "nearest"
    assert settings.generator.base_channels == 64
    assert settings.loss.adversarial == "vanilla"
    assert settings.loss.adversarial_weight == 1.0
    assert settings.optimizer.generator_rate == settings.optimizer.discriminator_rate == 2e-4
    assert settings.optimizer.betas == (0.5, 0.999)
    assert settings.data.batch == 4
    assert settings.batches_per_step == 3
    assert settings.generator.drawn_poses == "floored"
    assert settings.run.max_images == 4 * 90 * 1000


@pytest.mark.parametrize(
    ("name", "run_name"),
    [
        ("baseline", "baseline-86d10539"),
        ("dsc", "dsc-fcff7ce4"),
        ("perc-loss", "perc-loss-74e87b46"),
        ("full", "full-336a26dc"),
        ("demo", "demo-cb120c26"),
    ],
)
def test_run_folders_are_named_as_version_0_1_named_them(name: str, run_name: str) -> None:
    assert resolve(name).run_name == run_name


def test_a_whole_number_for_a_number_names_the_folder_as_in_version_0_1() -> None:
    written = {"loss": {"l1_weight": 3}, "optimizer": {"betas": [0, 0.9]}}
    settings = resolve("dsc", {**written, "init_from": "runs/x/", "seed": 5})
    assert settings.run_name == "dsc-a9f940b6"


def test_later_layers_win_and_none_means_not_given() -> None:
    settings = resolve("dsc", {"data": {"batch": 16}}, {"data": {"batch": None}, "seed": 3})
    assert (settings.data.batch, settings.seed) == (16, 3)


@pytest.mark.parametrize(
    ("layer", "said"),
    [
        ({"data": {"bach": 2}}, "did you mean 'batch'"),
        ({"loss": {"adversarial": "wasserstein"}}, "adversarial"),
        ({"loss": {"adversarial_weight": 0.0, "l1_weight": 0.0}}, "at least one above 0"),
        ({"optimizer": {"generator_rate": 0.0}}, "above 0 to 10"),
        ({"data": {"mirror": 1.5}}, "a number from 0 to 1"),
        ({"run": {"keep": 0}}, "1 to 1,000,000"),
        ({"optimizer": {"betas": [2, 3]}}, "each from 0 to below 1"),
        ({"optimizer": {"average_half_life_images": -1}}, "average_half_life_images: expected a w"),
        ({"data": {"sigma": float("inf")}}, "found inf"),
        ({"loss": {"feature_scale": float("nan")}}, "found nan"),
        ({"loss": {"nearest_window": -3}}, "from 1 to 15"),
        ({"loss": {"nearest_window": 4}}, "odd"),
        ({"run": {"data": "disk"}}, "auto, device, ram or stream, found 'disk'; choose one of"),
        ({"seed": -1}, "from 0 to 9,223,372,036,854,775,807"),
    ],
)
def test_a_wrong_setting_is_one_clear_line(layer: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        resolve("dsc", layer)
    assert "\n" not in caught.value.message


def test_an_unknown_preset_lists_the_known() -> None:
    with pytest.raises(UsageError, match="baseline, dsc, perc-loss, full, seed, demo, best"):
        resolve("better")


def test_the_run_folder_follows_what_is_learned_only() -> None:
    base = resolve("dsc")
    same = resolve("dsc", {"run": {"max_images": 5, "device": "cpu", "data": "stream"}})
    other = resolve("dsc", {"seed": 1})
    assert base.run_name == same.run_name
    assert base.run_name != other.run_name
    assert base.run_name.startswith("dsc-")


@pytest.mark.parametrize("name", PRESETS)
def test_saved_settings_are_read_back_equal(name: str) -> None:
    settings = resolve(name)
    assert build(TrainSettings, as_plain(settings)) == settings


@pytest.mark.parametrize(
    ("size", "window"), [((128, 64), 3), ((255, 128), 3), ((256, 176), 5), ((176, 256), 5)]
)
def test_large_images_widen_the_nearest_neighbour_loss_of_every_preset(
    size: tuple[int, int], window: int
) -> None:
    for name in PRESETS:
        assert resolve(name, scaled_to(size)).loss.nearest_window == window
    asked = {"loss": {"nearest_window": 7}}
    assert resolve("full", scaled_to(size), asked).loss.nearest_window == 7
