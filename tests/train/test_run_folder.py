"""A run folder goes on with its own settings only."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from shared.errors import DamagedError, UsageError
from train.run_folder import SETTINGS_NAME, begin_run, read_settings, run_folder
from train.settings.presets import resolve
from train.settings.tree import TrainSettings


def claim_folder(folder: Path, settings: TrainSettings) -> None:
    with run_folder(folder, settings) as owned:
        begin_run(owned, settings)
        (folder / "log.jsonl").write_text('{"images": 8, "kind": "status"}\n')


@pytest.fixture
def begun(tmp_path: Path) -> Path:
    claim_folder(tmp_path, resolve("dsc"))
    return tmp_path


def test_a_start_that_left_no_log_and_no_checkpoint_binds_nobody(begun: Path) -> None:
    (begun / "log.jsonl").write_text("")
    claim_folder(begun, resolve("dsc", {"data": {"batch": 8}}))
    assert read_settings(begun).data.batch == 8


def rewrite(folder: Path, section: str, **values: object) -> None:
    """Change saved settings; None takes a key away."""
    path = folder / SETTINGS_NAME
    content = json.loads(path.read_text())
    for key, value in values.items():
        content[section].pop(key)
        if value is not None:
            content[section][key] = value
    path.write_text(json.dumps(content))


def test_the_same_settings_and_another_length_go_on(begun: Path) -> None:
    claim_folder(begun, resolve("dsc", {"run": {"max_images": 8}}))
    assert read_settings(begun).run.max_images == 8


def test_other_settings_are_refused_with_what_differs(begun: Path) -> None:
    before = (begun / SETTINGS_NAME).read_bytes()
    with pytest.raises(UsageError, match=r"data\.batch: was 4, now 8") as caught:
        claim_folder(begun, resolve("dsc", {"data": {"batch": 8}, "init_from": "r6"}))
    assert "init_from: was empty, now r6" in caught.value.message
    assert (begun / SETTINGS_NAME).read_bytes() == before


def test_a_key_that_an_older_version_did_not_save_counts_as_its_default(begun: Path) -> None:
    rewrite(begun, "data", reuse_fake=None)
    rewrite(begun, "run", keep=None)
    claim_folder(begun, resolve("dsc"))
    rewrite(begun, "data", reuse_fake=None)
    with pytest.raises(UsageError, match=r"data\.reuse_fake: was False, now True"):
        claim_folder(begun, resolve("dsc", {"data": {"reuse_fake": True}}))


def test_saved_settings_that_are_wrong_are_named(begun: Path) -> None:
    rewrite(begun, "data", batch="four")
    with pytest.raises(UsageError, match=r"settings\.json: data\.batch: expected a whole number"):
        read_settings(begun)
    (begun / SETTINGS_NAME).write_text("{}")
    with pytest.raises(DamagedError):
        claim_folder(begun, resolve("dsc"))
