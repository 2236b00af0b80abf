"""How the options of extract-poses become settings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from preprocess.commands.extract_poses import settings_of
from shared.settings import read_config


def options(tmp_path: Path, **given: Any) -> dict[str, Any]:
    return {"src": tmp_path, "out": Path("a.csv"), "pose_size": None, "config": None, **given}


def test_without_a_size_the_networks_input_follows_the_images(tmp_path: Path) -> None:
    assert settings_of(options(tmp_path)).fit_size


def test_a_size_that_was_given_is_kept(tmp_path: Path) -> None:
    settings = settings_of(options(tmp_path, pose_size=(640, 448)))
    assert not settings.fit_size
    assert settings.pose.pose_size == (640, 448)


@pytest.mark.parametrize(
    ("content", "fits"), [('[pose]\npose-size = "64x32"\n', False), ("[pose]\nbatch = 4\n", True)]
)
def test_a_size_in_a_files_table_is_kept_too(tmp_path: Path, content: str, fits: bool) -> None:
    (tmp_path / "a.toml").write_text(content)
    settings = settings_of(options(tmp_path, config=read_config(tmp_path / "a.toml")))
    assert settings.fit_size == fits
    assert settings.pose.pose_size == ((256, 128) if fits else (64, 32))


def test_other_options_arrive(tmp_path: Path) -> None:
    given = {"pose_batch": 3, "half": False, "max_bad": 0.5, "joint_threshold": 0.75}
    settings = settings_of(options(tmp_path, **given))
    assert (settings.pose.batch, settings.pose.half) == (3, False)
    assert (settings.max_bad, settings.pose.joint_threshold) == (0.5, 0.75)
