from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import Result
from commands import call
from PIL import Image

from data_manifest.inspection.sheet import SheetSettings, draw_sheet


def inspect(*arguments: object) -> Result:
    return call("inspect-shards", *arguments)


def test_the_summary_of_the_run_is_printed_again(folder: Path):
    result = inspect(folder)
    assert result.exit_code == 0
    assert "train: 2 shards, 12 images, 24 pairs" in result.output
    assert "pairs" in result.output


def test_verify_says_that_all_is_well(folder: Path):
    result = inspect(folder, "--verify")
    assert result.exit_code == 0
    assert "3 shards keep every promise" in result.output


def test_verify_ends_with_the_worst_code_and_lists_all_findings(folder: Path):
    (folder / "stray.h5").touch()
    result = inspect(folder, "--verify")
    assert result.exit_code == 1
    (folder / "test-00000.h5").write_bytes(b"x")
    result = inspect(folder, "--verify")
    assert result.exit_code == 6
    assert "stray.h5" in result.output and "test-00000.h5" in result.output


def test_a_folder_without_manifest_is_the_users_mistake(tmp_path: Path):
    for arguments in ([], ["--verify"], ["--sheet", tmp_path / "a.png"]):
        result = inspect(tmp_path, *arguments)
        assert result.exit_code == 2
        assert "run prep-market to its end" in result.output


def test_a_damaged_manifest_is_damage(folder: Path):
    (folder / "manifest.json").write_text("{}")
    assert inspect(folder).exit_code == 6
    assert inspect(folder, "--verify").exit_code == 6


def test_a_sheet_is_drawn(folder: Path, tmp_path: Path):
    sheet = tmp_path / "pairs.png"
    result = inspect(folder, "--sheet", sheet, "--pairs", 3, "--split", "test", "--seed", 7)
    assert result.exit_code == 0, result.output
    expected, *others = (
        draw_sheet(folder, SheetSettings(split=split, num_pairs=3, seed=seed)).tobytes()
        for split, seed in (("test", 7), ("test", 0), ("train", 7))
    )
    assert expected not in others
    with Image.open(sheet) as picture:
        assert picture.format == "PNG"
        assert picture.convert("RGB").tobytes() == expected
    assert str(sheet) in result.output.replace("\n", "")


def test_no_sheet_is_drawn_from_a_folder_that_fails_the_check(folder: Path, tmp_path: Path):
    (folder / "test-00000.h5").write_bytes(b"x")
    sheet = tmp_path / "pairs.png"
    assert inspect(folder, "--verify", "--sheet", sheet).exit_code == 6
    assert not sheet.exists()


@pytest.mark.process  # torch asks the system for its libraries when it is imported first
def test_doctor_reports():
    result = call("posegan-doctor")
    assert result.exit_code == 0
    for title in ("Software", "Extras", "Devices", "Weight files", "Free space"):
        assert title in result.output
