"""Red stays red: the order of the channels from the file to the network's input."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from commands import call
from PIL import Image
from torch import Tensor

from preprocess.pose.estimator import YoloEstimator
from preprocess.pose.people import People, empty_people
from preprocess.pose.person_choice import CANDIDATE_LENGTH
from preprocess.settings import PoseSettings
from preprocess.sources.images import fast_decoder, read_image
from shared.console import Console

COLOUR = (200, 100, 20)


class Onlooker:
    """A network that finds nobody and keeps the colour that it saw in the middle of its input."""

    def __init__(self) -> None:
        self.seen: list[list[float]] = []

    def __call__(self, inputs: Tensor) -> Tensor:
        height, width = inputs.shape[2:]
        self.seen += inputs[:, :, height // 2, width // 2].tolist()
        return torch.zeros(len(inputs), CANDIDATE_LENGTH, 1)


@pytest.mark.parametrize("size", [(256, 128), (128, 64), (60, 90)], ids=["as is", "scaled", "bars"])
def test_a_network_sees_red_green_blue_in_this_order_from_0_to_1(size: tuple[int, int]) -> None:
    network = Onlooker()
    model = YoloEstimator(
        network,
        "0" * 64,
        PoseSettings(),
        device=torch.device("cpu"),
        half=False,
        console=Console(quiet=True),
    )
    model.estimate(np.full((2, *size, 3), COLOUR, np.uint8))
    np.testing.assert_allclose(network.seen, np.tile(np.array(COLOUR) / 255, (2, 1)), atol=1e-6)


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
@pytest.mark.parametrize("fast", [True, False], ids=["fast decoder", "pillow"])
def test_a_file_is_read_as_red_green_blue(kind: str, fast: bool, tmp_path: Path) -> None:
    Image.new("RGB", (16, 24), COLOUR).save(tmp_path / "a", kind)
    picture, _ = read_image(tmp_path / "a", fast_decoder() if fast else None)
    assert np.abs(picture.astype(int) - COLOUR).max() <= 3


def test_extract_poses_shows_the_pose_model_red_green_blue(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Watcher:
        key = "watcher"
        seen: np.ndarray | None = None

        def estimate(self, images: np.ndarray) -> People:
            self.seen = images
            return empty_people(len(images))

    watcher = Watcher()
    monkeypatch.setattr("preprocess.pose.yolo.open_estimator", lambda *_: watcher)
    (tmp_path / "photos").mkdir()
    Image.new("RGB", (16, 24), COLOUR).save(tmp_path / "photos" / "a.jpg")
    out = tmp_path / "poses.csv"
    assert call("extract-poses", "--src", tmp_path / "photos", "--out", out).exit_code == 0
    assert watcher.seen is not None and watcher.seen.shape == (1, 24, 16, 3)
    assert np.abs(watcher.seen.astype(int) - COLOUR).max() <= 3
