"""What the sheet that ``inspect-shards`` publishes shows, pixel by pixel."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from commands import call
from PIL import Image

from data_manifest import open_shard
from data_manifest.inspection.sheet import SheetSettings, draw_sheet

ENLARGED = 4
HEAD_PX, CAPTION_PX, MARGIN_PX = 24, 40, 12


def published(folder: Path, file: Path, *options: object) -> np.ndarray:
    result = call("inspect-shards", folder, "--sheet", file, *options)
    assert result.exit_code == 0, result.output
    with Image.open(file) as picture:
        return np.asarray(picture)


def shown_pairs(folder: Path, split: str, sheet: np.ndarray) -> list[tuple[int, int, int]]:
    """Which pairs (shard, row in the shard, count) a sheet shows, found by their pictures."""
    found = []
    height, width = 24 * ENLARGED, 16 * ENLARGED
    tops = itertools.count(MARGIN_PX + HEAD_PX + MARGIN_PX + CAPTION_PX, height + CAPTION_PX + 12)
    for top in itertools.takewhile(lambda y: y + height < len(sheet), tops):
        outer = [sheet[top : top + height, x : x + width] for x in (12, 12 + 6 * (width + 12))]
        for number in itertools.count():
            path = folder / f"{split}-{number:05d}.h5"
            if not path.exists():
                break
            with open_shard(path) as shard:
                for row, pair in enumerate(shard.pairs[:]):
                    pictures = [_enlarged(shard.images[int(image)]) for image in pair]
                    if all(map(np.array_equal, outer, pictures)):
                        found.append((number, row, len(shard.pairs)))
    return found


def _enlarged(pixels: np.ndarray) -> np.ndarray:
    height, width = pixels.shape[:2]
    size = (width * ENLARGED, height * ENLARGED)
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC))


@pytest.mark.parametrize("split", ["train", "test"])
def test_the_pairs_of_the_sheet_are_those_of_its_split_and_seed(
    split: str, folder: Path, tmp_path: Path
) -> None:
    total = {"train": 24, "test": 12}[split]
    choices = set()
    for seed in (0, 5):
        options = ("--pairs", 3, "--split", split, "--seed", seed)
        sheet = published(folder, tmp_path / f"{seed}.png", *options)
        pairs = shown_pairs(folder, split, sheet)
        wanted = np.random.default_rng(seed).choice(total, 3, replace=False)
        assert [12 * shard + row for shard, row, _ in pairs] == sorted(wanted.tolist())
        choices.add(tuple(pairs))
    assert len(choices) == 2


def test_without_options_six_train_pairs_of_seed_0_are_shown(folder: Path, tmp_path: Path) -> None:
    sheet = published(folder, tmp_path / "a.png")
    assert np.array_equal(sheet, np.asarray(draw_sheet(folder, SheetSettings())))
    assert len(shown_pairs(folder, "train", sheet)) == 6


def test_skeletons_are_drawn_at_the_joints_in_the_colour_of_their_side(
    folder: Path, tmp_path: Path
) -> None:
    sheet = published(folder, tmp_path / "a.png", "--pairs", 12, "--split", "test")
    top, checked = MARGIN_PX + HEAD_PX + MARGIN_PX + CAPTION_PX, 0
    with open_shard(folder / "test-00000.h5") as shard:
        for column, image in ((1, shard.pairs[0, 0]), (2, shard.pairs[0, 1])):
            left = 12 + column * (16 * ENLARGED + 12)
            panel = sheet[top : top + 96, left : left + 64].astype(int)
            joints = shard.joints[int(image)]
            # Later joints may lie over earlier ones: ears are drawn last.
            for joint, colour in ((16, (255, 120, 0)), (17, (0, 150, 255))):
                x, y = (joints[joint] + 0.5) * ENLARGED - 0.5
                if not (np.isfinite(x) and 4 < x < 60 and 4 < y < 92):
                    continue
                near = joints[17] if joint == 16 else np.full(2, np.nan)
                if np.abs(near - joints[joint]).max() < 3:
                    continue
                assert panel[round(float(y)), round(float(x))].tolist() == list(colour)
                checked += 1
    assert checked >= 2
