"""Stage 1 as a process: what it finds, what it ends with, and that stage 2 does without it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from commands import call
from PIL import Image

from shared.errors import UsageError
from train.inference.crops import Crop
from train.repose import asking
from train.repose.asking import ask
from train.repose.photos import open_photo

pytestmark = pytest.mark.long  # a data set is drawn


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A drawn person, such as the demo's pose model knows."""
    out = tmp_path_factory.mktemp("drawn") / "market"
    few = ("--identities", "2", "--images-per-identity", "2", "--workers", "1")
    assert call("draw-market", "--out", out, *few).exit_code == 0
    return min((out / "bounding_box_train").glob("*.jpg"))


@pytest.mark.process
def test_what_stage_one_finds_comes_in_pixels_of_the_photo_also_from_a_box(
    picture: Path, tmp_path: Path
) -> None:
    crop = np.asarray(Image.open(picture))
    height, width = crop.shape[:2]
    whole = np.zeros((height + 60, width + 90, 3), np.uint8)
    whole[40 : 40 + height, 70 : 70 + width] = crop
    Image.fromarray(crop).save(tmp_path / "crop.png")
    Image.fromarray(whole).save(tmp_path / "whole.png")
    alone = open_photo(tmp_path / "crop.png")
    within = open_photo(tmp_path / "whole.png", Crop(left=70, top=40, height=height, width=width))
    found = ask([alone, within], "demo")
    assert found[alone.key].people >= 1
    moved = found[alone.key].joints + np.array([70, 40])
    np.testing.assert_array_equal(found[within.key].joints, moved)


@pytest.mark.process
def test_a_model_that_is_none_ends_in_the_line_of_stage_one(picture: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"^extract-poses: .*none\.pt"):
        ask([open_photo(picture)], str(tmp_path / "none.pt"))


@pytest.mark.parametrize("missing", asking.NEEDED)
def test_where_stage_one_is_not_installed_one_line_names_the_remedy(
    picture: Path, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    monkeypatch.setattr(
        "importlib.util.find_spec", lambda name: None if name == missing else object()
    )
    with pytest.raises(UsageError, match=r"--source-poses FILE\.csv"):
        ask([open_photo(picture)], "demo")


@pytest.mark.process
def test_repose_loads_no_pose_model() -> None:
    code = (
        "import sys, train.repose.make; "
        "print([name for name in ('ultralytics', 'preprocess') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_a_photo_is_turned_upright(tmp_path: Path) -> None:
    image = Image.new("RGB", (40, 30), (200, 10, 10))
    exif = image.getexif()
    exif[0x0112] = 6  # the camera was held on its side
    image.save(tmp_path / "turned.jpg", exif=exif)
    photo = open_photo(tmp_path / "turned.jpg")
    assert photo.size == photo.picture().shape[:2] == (40, 30)
