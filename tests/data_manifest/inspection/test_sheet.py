from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from disks import FailingDisk
from PIL import Image
from shard_folders import publish_folder, small_arrays

from data_manifest.inspection.sheet import HEADS, SheetSettings, draw_sheet, publish_sheet
from shared.errors import NoSpaceError, UsageError
from shared.picture_sheet import LIGHT


def test_a_sheet_has_a_row_for_each_pair_and_a_column_for_each_head(folder: Path):
    one = draw_sheet(folder, SheetSettings(num_pairs=1))
    three = draw_sheet(folder, SheetSettings(num_pairs=3))
    assert one.width == three.width == len(HEADS) * (16 * 4 + 12) + 12
    rows = (three.height - one.height) / 2
    assert 24 * 4 < rows < 24 * 4 + 80


def test_a_sheet_is_decided_by_its_settings(folder: Path):
    settings = SheetSettings(num_pairs=4, seed=3)
    again, other = SheetSettings(num_pairs=4, seed=3), SheetSettings(num_pairs=4, seed=4)
    assert draw_sheet(folder, settings).tobytes() == draw_sheet(folder, again).tobytes()
    assert draw_sheet(folder, settings).tobytes() != draw_sheet(folder, other).tobytes()
    test = dataclasses.replace(settings, split="test")
    assert draw_sheet(folder, settings).tobytes() != draw_sheet(folder, test).tobytes()


def test_more_pairs_than_there_are_show_all(folder: Path):
    assert draw_sheet(folder, SheetSettings(num_pairs=64)).height < 25 * (24 * 4 + 80)


def test_source_and_target_are_shown_as_they_are(folder: Path):
    """The outer columns hold the source's and the target's picture, enlarged four times."""
    from data_manifest import open_shard

    sheet = np.asarray(draw_sheet(folder, SheetSettings(num_pairs=12, split="test")))
    with open_shard(folder / "test-00000.h5") as shard:
        for column, image in ((0, shard.pairs[0, 0]), (6, shard.pairs[0, 1])):
            picture = Image.fromarray(shard.images[image]).resize(
                (64, 96), Image.Resampling.BICUBIC
            )
            x, y = 12 + column * 76, 12 + LIGHT.head_height_px + 12 + 40
            np.testing.assert_array_equal(sheet[y : y + 96, x : x + 64], np.asarray(picture))


@pytest.mark.parametrize("count", [0, 65])
def test_a_strange_number_of_pairs_is_refused(count: int):
    with pytest.raises(UsageError, match="1 to 64"):
        SheetSettings(num_pairs=count)


def test_a_split_without_pairs_is_refused(tmp_path: Path):
    publish_folder(tmp_path, [("train", small_arrays(1, (2, 7)))])
    with pytest.raises(UsageError, match="no pairs in the split test"):
        draw_sheet(tmp_path, SheetSettings(split="test"))


def test_a_published_sheet_is_a_picture(folder: Path, tmp_path: Path):
    publish_sheet(folder, tmp_path / "pairs.png", SheetSettings(num_pairs=2))
    with Image.open(tmp_path / "pairs.png") as picture:
        assert picture.format == "PNG"
    with pytest.raises(NoSpaceError):
        publish_sheet(folder, tmp_path / "other.png", SheetSettings(), FailingDisk(1, 28))
    assert not (tmp_path / "other.png").exists()
