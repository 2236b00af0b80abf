"""What the commands of stage 1 are told reaches the result, through the whole command."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from commands import call
from PIL import Image
from small_market import ContentEstimator, SmallMarket, make_market

from data_manifest.published_files import read_keypoints
from data_manifest.tables import load_images
from preprocess.settings import PoseSettings
from shared.console import Console

pytestmark = pytest.mark.long


class Opened(ContentEstimator):
    """The stand-in, opened as the real one is; it keeps the settings that it was opened with."""

    def __init__(self) -> None:
        super().__init__()
        self.settings: PoseSettings | None = None

    def __call__(self, settings: PoseSettings, console: Console, *_: object) -> Opened:
        self.settings = settings
        return self


@pytest.fixture
def estimator(monkeypatch: pytest.MonkeyPatch) -> Opened:
    opened = Opened()
    monkeypatch.setattr("preprocess.pose.yolo.open_estimator", opened)
    return opened


@pytest.fixture
def market(tmp_path: Path) -> SmallMarket:
    return make_market(tmp_path)


def prep_market(market: SmallMarket, out: Path, *more: object) -> int:
    arguments = ("--src", market.root, "--out", out, "--workers", 1, "--backend", "threading")
    return call("prep-market", *arguments, *more).exit_code


def expected_joints(picture: Path, threshold: float) -> int:
    """How many joints of the stand-in's person reach the threshold; a neck is two shoulders."""
    people = ContentEstimator().estimate(np.asarray(Image.open(picture))[None])
    reached = people.confidences[0] >= threshold
    return int(reached.sum()) + bool(reached[5] and reached[6])


@pytest.mark.parametrize("threshold", [0.5, 0.6])
def test_prep_market_counts_joints_from_its_joint_threshold_on(
    threshold: float, market: SmallMarket, estimator: Opened, tmp_path: Path
) -> None:
    more = () if threshold == 0.5 else ("--joint-threshold", threshold)
    assert prep_market(market, tmp_path / "out", *more) == 0
    images = load_images(tmp_path / "out").set_index("name")
    for split, names in market.names.items():
        for name in names:
            found = expected_joints(market.folder(split) / name, threshold)
            assert images.loc[name, "joints_present"] == found
    assert len(set(images["joints_present"])) > 1


def test_prep_market_opens_the_pose_model_with_its_options(
    market: SmallMarket, estimator: Opened, tmp_path: Path
) -> None:
    (tmp_path / "some-pose.pt").write_bytes(b"weights")
    model = str(tmp_path / "some-pose.pt")
    more = ("--pose-model", model, "--pose-size", "192x96", "--device", "cpu", "--no-half")
    more += ("--pose-batch", 7, "--person-threshold", 0.125, "--joint-threshold", 0.625)
    assert prep_market(market, tmp_path / "out", *more) == 0
    assert estimator.settings == PoseSettings(
        pose_model=model,
        pose_size=(192, 96),
        device="cpu",
        half=False,
        batch=7,
        person_threshold=0.125,
        joint_threshold=0.625,
    )


@pytest.mark.parametrize(("max_bad", "code"), [(None, 1), (0.24, 1), (0.25, 0), (1, 0)])
def test_prep_market_allows_as_many_bad_images_as_it_is_told(
    max_bad: float | None, code: int, market: SmallMarket, tmp_path: Path
) -> None:
    for name in market.names["train"][:6]:  # 6 of 24: exactly a quarter
        (market.folder("train") / name).write_bytes(b"no image")
    more = () if max_bad is None else ("--max-bad", max_bad)
    assert prep_market(market, tmp_path / "out", "--keypoints", market.keypoints, *more) == code


def photos(tmp_path: Path, bad: int = 0) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    rng = np.random.default_rng(5)
    for number in range(8):
        picture = rng.integers(0, 256, (128, 64, 3), np.uint8)
        Image.fromarray(picture).save(folder / f"{number}.png")
    for number in range(bad):
        (folder / f"{number}.png").write_bytes(b"no image")
    return folder


@pytest.mark.parametrize("threshold", [0.5, 0.8])
def test_extract_poses_counts_joints_from_its_joint_threshold_on(
    threshold: float, estimator: Opened, tmp_path: Path
) -> None:
    src, out = photos(tmp_path), tmp_path / "poses.csv"
    more = () if threshold == 0.5 else ("--joint-threshold", threshold)
    assert call("extract-poses", "--src", src, "--out", out, *more).exit_code == 0
    found = np.isfinite(read_keypoints(out).joints[..., 0]).sum(axis=1)
    expected = [expected_joints(src / f"{number}.png", threshold) for number in range(8)]
    assert found.tolist() == expected and len(set(expected)) > 1


@pytest.mark.parametrize(("max_bad", "code"), [(None, 1), (0.24, 1), (0.25, 0)])
def test_extract_poses_allows_as_many_unusable_images_as_it_is_told(
    max_bad: float | None, code: int, estimator: Opened, tmp_path: Path
) -> None:
    src, out = photos(tmp_path, bad=2), tmp_path / "poses.csv"
    more = () if max_bad is None else ("--max-bad", max_bad)
    assert call("extract-poses", "--src", src, "--out", out, *more).exit_code == code
    assert len(read_keypoints(out)) == 6


@pytest.mark.parametrize(
    ("given", "expected"),
    [((), (256, 128)), (("--pose-size", "192x96"), (192, 96)), (("--pose-size", "256x128"), None)],
)
def test_extract_poses_takes_the_input_s_size_that_it_is_given(
    given: tuple[str, ...], expected: tuple[int, int] | None, estimator: Opened, tmp_path: Path
) -> None:
    src = tmp_path / "photos"
    src.mkdir()
    size = (128, 64) if expected else (64, 128)  # wide pictures would get a wide input
    Image.fromarray(np.full((*size, 3), 90, np.uint8)).save(src / "a.png")
    arguments = ("--src", src, "--out", tmp_path / "poses.csv", *given)
    assert call("extract-poses", *arguments).exit_code == 0
    assert estimator.settings is not None
    assert estimator.settings.pose_size == (expected or (256, 128))


def test_extract_poses_opens_the_pose_model_with_its_options(
    estimator: Opened, tmp_path: Path
) -> None:
    model = str(tmp_path / "some-pose.pt")
    more = ("--pose-model", model, "--device", "cpu", "--no-half", "--pose-batch", 7)
    more += ("--person-threshold", 0.125, "--joint-threshold", 0.625, "--pose-size", "96x64")
    arguments = ("--src", photos(tmp_path), "--out", tmp_path / "poses.csv")
    assert call("extract-poses", *arguments, *more).exit_code == 0
    assert estimator.settings == PoseSettings(
        pose_model=model,
        pose_size=(96, 64),
        device="cpu",
        half=False,
        batch=7,
        person_threshold=0.125,
        joint_threshold=0.625,
    )
    assert len(pd.read_csv(tmp_path / "poses-scores.csv")) == 8
