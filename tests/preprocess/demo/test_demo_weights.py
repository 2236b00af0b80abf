"""The demo weights as they are shipped: what they are, and how well they see drawn people."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from commands import call
from PIL import Image

from data_manifest.published_files import read_keypoints
from preprocess.demo import pose_training as demo_pose
from preprocess.demo.pose_crops import LabelledCrops, draw_labelled, torso_lengths
from preprocess.demo.pose_score import score_people
from preprocess.pose.weight_files import DEMO_POSE, find_weights, read_weights
from preprocess.pose.yolo import open_estimator
from preprocess.settings import PoseSettings
from shared.console import Console
from shared.skeleton import COCO_OF_JOINT, JOINT

UNSEEN_SEED, UNSEEN_IDENTITY = 4_000_000, 3_000


@pytest.fixture(scope="module")
def crops() -> LabelledCrops:
    return draw_labelled(UNSEEN_SEED, 120, 40, first_identity=UNSEEN_IDENTITY, per_studio=30)


def test_the_shipped_file_is_the_one_that_the_code_knows_and_small() -> None:
    read_weights(find_weights("demo", "cpu"))
    assert DEMO_POSE.path.stat().st_size <= 7_000_000


def test_it_holds_nothing_of_the_machine_that_made_it() -> None:
    content = DEMO_POSE.path.read_bytes()
    for trace in (b"/home/", b"/root/", b"/tmp/", b"optimizer", b"epoch"):
        assert trace not in content


@pytest.mark.long
def test_floors_on_people_and_places_never_seen_before(crops: LabelledCrops) -> None:
    settings = PoseSettings(pose_model="demo", device="cpu")
    people = open_estimator(settings, Console(quiet=True)).estimate(crops.images)
    scores = score_people(people, crops, settings.joint_threshold)
    assert scores.found >= 0.97
    assert scores.right >= 0.90
    assert scores.right_extremities >= 0.80
    assert scores.swapped <= 0.05
    assert scores.false_finds <= 0.10
    assert scores.present >= 0.60


def test_the_card_has_the_weights_hash_and_the_command() -> None:
    card = DEMO_POSE.path.with_name("README.md").read_text()
    assert read_weights(find_weights("demo", "cpu")).sha256 in card
    assert "python -m preprocess.demo.pose_training --measure" in card


@pytest.mark.long
def test_extract_poses_writes_the_true_joints_of_drawn_people(
    crops: LabelledCrops, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "people"
    folder.mkdir()
    for row in range(40):
        Image.fromarray(crops.images[row]).save(folder / f"{row:03}.png")
    monkeypatch.chdir(tmp_path)
    done = call("extract-poses", "--src", "people", "--out", "poses.csv", "--pose-model", "demo")
    assert done.exit_code == 0, done.stderr
    assert done.stderr.count("the demo weights know drawn people only") == 1
    table = read_keypoints(tmp_path / "poses.csv")
    assert len(table) == 40
    of_coco = [JOINT[name] for name in JOINT if COCO_OF_JOINT[JOINT[name]] is not None]
    coco = [COCO_OF_JOINT[joint] for joint in of_coco]
    gaps = np.linalg.norm(table.joints[:, of_coco] - crops.points[:40, coco], axis=-1)
    right = gaps <= 0.2 * torso_lengths(crops.points[:40])[:, None] + 0.5
    assert right[crops.visible[:40, coco]].mean() >= 0.85


@pytest.mark.long
def test_measuring_is_a_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        demo_pose.main(
            [
                "--measure",
                str(DEMO_POSE.path),
                "--work",
                str(tmp_path),
                *["--share", "0.02", "--workers", "1"],
            ]
        )
    assert end.value.code == 0
    assert "right: LWri" in capsys.readouterr().out
    assert (tmp_path / "demo-pose.json").exists()
