"""From flags, files and shards to the settings of a run."""

from __future__ import annotations

from pathlib import Path

import pytest
from drawn_shards import publish_shards

from data_manifest.manifest import open_manifest
from train.planned_run import resolved
from train.run_folder import shards_fingerprint


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish_shards(tmp_path_factory.mktemp("shards"), train_shards=2, images=2)


def test_channels_are_those_of_both_networks(shards: Path) -> None:
    settings = resolved(shards, preset="dsc", channels=3)
    assert settings.generator.base_channels == settings.discriminator.base_channels == 3


def test_channels_of_one_network_alone_are_for_a_file(shards: Path, tmp_path: Path) -> None:
    config = tmp_path / "run.toml"
    config.write_text("[discriminator]\nbase_channels = 5\n")
    settings = resolved(shards, preset="dsc", config=config)
    assert (settings.generator.base_channels, settings.discriminator.base_channels) == (64, 5)
    settings = resolved(shards, preset="dsc", config=config, channels=3)
    assert (settings.generator.base_channels, settings.discriminator.base_channels) == (3, 3)


def test_size_and_hash_are_those_of_the_shards(shards: Path, tmp_path: Path) -> None:
    settings = resolved(shards, preset="full")
    assert settings.generator.image_size == (64, 48)
    assert settings.shards == shards_fingerprint(open_manifest(shards))
    others = publish_shards(tmp_path / "others", train_shards=1, images=2)
    assert resolved(others, preset="full").shards != settings.shards


def test_the_hash_is_of_the_train_shards_alone(shards: Path) -> None:
    from dataclasses import replace

    manifest = open_manifest(shards)
    without = replace(manifest, shards=manifest.of_split("train"))
    assert shards_fingerprint(without) == shards_fingerprint(manifest)
    fewer = replace(manifest, shards=manifest.shards[:1])
    assert shards_fingerprint(fewer) != shards_fingerprint(manifest)
