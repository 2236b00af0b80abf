"""Every preset can learn: a few pairs by heart, through the command line."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import get_args, get_type_hints

import pytest
from commands import call
from drawn_shards import publish_shards

from data_manifest.manifest import open_manifest, publish_manifest
from train.settings.networks import POSE_CHANNELS, DiscriminatorSettings, GeneratorSettings
from train.watch.logbook import read_log

TERMS = {
    "baseline": "l1", "dsc": "l1", "perc-loss": "perceptual", "full": "nearest", "seed": "nearest",
    "demo": "l1", "best": "l1",
}  # fmt: skip


@pytest.fixture(scope="module")
def eight_pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return eight_pairs_of(tmp_path_factory, (64, 48))


def eight_pairs_of(tmp_path_factory: pytest.TempPathFactory, size: tuple[int, int]) -> Path:
    """Four people in two poses each; without a test split the validation shows the train pairs."""
    both = publish_shards(
        tmp_path_factory.mktemp("both"), train_shards=1, identities=4, images=2, size=size
    )
    folder = tmp_path_factory.mktemp("eight") / "shards"
    shutil.copytree(both, folder)
    manifest = open_manifest(folder)
    publish_manifest(folder, replace(manifest, shards=manifest.of_split("train")))
    assert manifest.num_pairs("train") == 8
    return folder


KINDS = {
    "full": "[generator]\nskips = 'full'\n",
    "stn": "[generator]\nskips = 'stn'\n",
    "flow": "[generator]\nskips = 'flow'\n[loss]\noffsets-weight = 1.0\n",
    "stickman": "[generator]\nposes = 'stickman'\n[discriminator]\nposes = 'stickman'\n",
    "siamese": "[discriminator]\nkind = 'siamese'\n",
    "warp": "[discriminator]\nkind = 'warp'\n",
    "parts+flow": "[generator]\nskips = 'parts+flow'\n[loss]\noffsets-weight = 1.0\n",
    "none": "[generator]\nskips = 'none'\n",
    "layers": "[generator]\nskips = 'layers'\nfidelity = false\n",
    "patch": "[discriminator]\nkind = 'patch'\n",
}
"""Every kind of skips, discriminator and poses but dsc's own: each alone, the rest as in dsc."""

SIZES = {"square": (64, 64), "padded": (64, 44)}
"""Sizes of the kinds that 256 x 256 and 256 x 176 are: a square, and one padded inside."""


def learnt(
    eight_pairs: Path, tmp_path: Path, preset: str, images: int, tables: str = "", channels: int = 8
) -> Path:
    config = tmp_path / "quick.toml"
    config.write_text(
        f"max-images = {images}\nbatch = 8\nchannels = {channels}\n"
        "[data]\nreuse-fake = true\nmirror = 0.0\n"
        "[optimizer]\ngenerator-rate = 2e-3\naverage-half-life-images = 40\n"
        "[run]\nstatus-images = 40\nsheet-images = 0\nmax-hours = 0\n" + tables
    )
    out = tmp_path / "run"
    done = call(
        *("train-gan", "--shards", eight_pairs, "--preset", preset, "--config", config),
        *("--features", "pixels", "--out", out),
    )
    assert done.exit_code == 0, done.stderr
    return out


@pytest.mark.parametrize(
    "preset",
    [
        pytest.param(name, marks=pytest.mark.long if name == "demo" else pytest.mark.slow)
        for name in TERMS
    ],
)
def test_a_presets_own_loss_halves_on_eight_pairs(
    eight_pairs: Path, tmp_path: Path, preset: str
) -> None:
    log = read_log(learnt(eight_pairs, tmp_path, preset, images=240))
    terms = [r["losses"][TERMS[preset]] for r in log if r["kind"] == "status"]
    assert terms[-1] < 0.6 * terms[0]


@pytest.mark.slow
@pytest.mark.parametrize("preset", TERMS)
def test_a_preset_learns_eight_pairs_by_heart(
    eight_pairs: Path, tmp_path: Path, preset: str
) -> None:
    log = read_log(learnt(eight_pairs, tmp_path, preset, images=1200))
    scores = next(record for record in reversed(log) if record["kind"] == "scores")
    for metric in ("ssim", "mask_ssim"):
        named = scores[metric]
        assert named["generator"] > named["source copied"] + 0.05, metric


@pytest.mark.slow
@pytest.mark.parametrize("size", SIZES)
def test_a_size_alone_learns_eight_pairs_by_heart(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path, size: str
) -> None:
    pairs = eight_pairs_of(tmp_path_factory, SIZES[size])
    run = learnt(pairs, tmp_path, "dsc", 1200, channels=16)
    scores = next(record for record in reversed(read_log(run)) if record["kind"] == "scores")
    for metric in ("ssim", "mask_ssim"):
        named = scores[metric]
        assert named["generator"] > named["source copied"] + 0.05, metric


def test_every_kind_is_tried_alone() -> None:
    """A kind without a row above would never be seen to learn."""
    alone = set(KINDS) | {"parts", "concat", "heat-maps"}  # dsc's own
    offered = {*get_args(get_type_hints(GeneratorSettings)["skips"])}
    offered |= {*get_args(get_type_hints(DiscriminatorSettings)["kind"]), *POSE_CHANNELS}
    assert alone == offered


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_alone_learns_eight_pairs_by_heart(
    eight_pairs: Path, tmp_path: Path, kind: str
) -> None:
    run = learnt(eight_pairs, tmp_path, "dsc", 1200, KINDS[kind], channels=16)
    scores = next(record for record in reversed(read_log(run)) if record["kind"] == "scores")
    for metric in ("ssim", "mask_ssim"):
        named = scores[metric]
        assert named["generator"] > named["source copied"] + 0.05, metric


@pytest.mark.slow
@pytest.mark.parametrize("preset", ["dsc", "demo"])
def test_with_the_targets_background_eight_pairs_are_learnt(
    eight_pairs: Path, tmp_path: Path, preset: str
) -> None:
    """The losses see the target's background; quick scores are drawn on the source's."""
    tables = "[generator]\nbackground = 'target'\n[discriminator]\nbackground = 'target'\n"
    log = read_log(learnt(eight_pairs, tmp_path, preset, images=240, tables=tables))
    terms = [r["losses"][TERMS[preset]] for r in log if r["kind"] == "status"]
    assert terms[-1] < 0.6 * terms[0]
