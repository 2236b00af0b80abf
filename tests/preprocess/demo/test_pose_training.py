"""The demo pose network: labels, batches, a tiny run of ultralytics' trainer, its resumption."""

from __future__ import annotations

import csv
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from preprocess.demo import pose_training as demo_pose
from preprocess.demo.pose_batches import CropLoader, labels_of, relit
from preprocess.demo.pose_crops import PEOPLE_PER_STUDIO, LabelledCrops, draw_labelled, kept_crops
from preprocess.demo.pose_recipe import Phase, Recipe, crops_file, fetch_crops
from preprocess.demo.pose_work import owned_work, phase_folder, require_usable
from preprocess.pose.yolo import import_ultralytics, open_estimator
from preprocess.settings import PoseSettings
from shared.console import Console
from shared.errors import LockedError, StoppedError, UsageError
from shared.skeleton import COCO_JOINTS, COCO_MIRROR

SMALL = {"people": 24, "empty": 8, "batch": 8}
TINY = Recipe(
    phases=(
        Phase(name="coarse", seed=1, epochs=2, **SMALL),
        Phase(name="fine", seed=2, epochs=1, spread_of_ends=0.06, **SMALL),
    ),
    check_people=8,
    check_empty=4,
    proof_people=9,
    proof_empty=5,
)
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def crops() -> LabelledCrops:
    return draw_labelled(5, 12, 4, first_identity=7)


def test_crops_hold_people_then_empty_places_with_true_points(crops: LabelledCrops) -> None:
    assert crops.is_person.tolist() == [True] * 12 + [False] * 4
    assert crops.images.shape == (16, 128, 64, 3)
    assert crops.visible[:12].any(axis=1).all()
    assert not crops.visible[12:].any()
    inside = (crops.points >= -0.5).all(axis=-1) & (crops.points <= (63.5, 127.5)).all(axis=-1)
    assert inside[crops.visible].all()


def test_hidden_shoulders_and_hips_are_sought_only_inside_the_picture() -> None:
    points = np.full((2, 17, 2), 20, np.float32)
    points[0, COCO_JOINTS.index("LHip")] = (20, 96)  # below a picture of 96 rows
    visible = np.zeros((2, 17), bool)
    visible[0, COCO_JOINTS.index("nose")] = True
    pictures = np.zeros((2, 96, 72, 3), np.uint8)
    crops = LabelledCrops(pictures, points, visible, np.array([True, False]))
    sought = {COCO_JOINTS[index] for index in np.flatnonzero(crops.sought[0])}
    assert sought == {"nose", "LSho", "RSho", "RHip"}
    assert not crops.sought[1].any()


def test_boxes_hold_every_visible_joint_and_end_at_the_edges(crops: LabelledCrops) -> None:
    boxes = crops.boxes[:12, None]
    inside = (crops.points[:12] >= boxes[..., :2]) & (crops.points[:12] <= boxes[..., 2:])
    assert inside.all(axis=-1)[crops.visible[:12]].all()
    assert (crops.boxes[:12] >= -0.5).all()
    assert (crops.boxes[:12] <= (63.5, 127.5, 63.5, 127.5)).all()


@pytest.mark.process
def test_the_same_arguments_draw_the_same_crops_whatever_the_workers(tmp_path: Path) -> None:
    one = draw_labelled(30, 7, 2, per_studio=3)
    two = draw_labelled(30, 7, 2, per_studio=3, workers=2)
    kept_crops(tmp_path / "kept.npz", one)
    kept = kept_crops(tmp_path / "kept.npz")
    assert kept is not None
    for name, value in vars(one).items():
        np.testing.assert_array_equal(value, getattr(two, name), err_msg=name)
        np.testing.assert_array_equal(value, getattr(kept, name), err_msg=name)
    assert not (one.images[0] == draw_labelled(31, 1, 0).images[0]).all()


def test_convention_labels_are_shares_of_the_picture_with_pixel_centres_at_a_half(
    crops: LabelledCrops,
) -> None:
    labels = labels_of(crops, mirrored=np.zeros(16, bool))
    np.testing.assert_array_equal(labels["img"], crops.images)
    assert labels["batch_idx"].tolist() == list(range(12))
    points = labels["keypoints"][:, :, :2].numpy() * (64, 128) - 0.5
    np.testing.assert_allclose(points, crops.points[:12], atol=1e-3)
    assert (labels["keypoints"][..., 2].numpy() == 2 * crops.sought[:12]).all()
    centre, sides = labels["bboxes"][:, :2].numpy(), labels["bboxes"][:, 2:].numpy()
    corners = np.concatenate([centre - sides / 2, centre + sides / 2], axis=1)
    np.testing.assert_allclose(corners * (64, 128, 64, 128) - 0.5, crops.boxes[:12], atol=1e-3)


def test_a_mirrored_crop_is_the_mirrored_picture_with_left_and_right_exchanged(
    crops: LabelledCrops,
) -> None:
    labels = labels_of(crops, mirrored=np.arange(16) % 2 == 1)
    np.testing.assert_array_equal(labels["img"][1], crops.images[1][:, ::-1])
    points = labels["keypoints"][1, list(COCO_MIRROR)].numpy()
    np.testing.assert_allclose(64 - points[:, 0] * 64 - 0.5, crops.points[1, :, 0], atol=1e-3)
    assert (points[:, 2] == 2 * crops.sought[1]).all()
    left, width = labels["bboxes"][1, 0] - labels["bboxes"][1, 2] / 2, 64
    assert float(left) * width - 0.5 == pytest.approx(63 - crops.boxes[1, 2], abs=1e-3)
    np.testing.assert_array_equal(labels["img"][2], crops.images[2])


def test_an_epoch_shows_every_crop_once_and_is_a_function_of_its_number(
    crops: LabelledCrops,
) -> None:
    loader = CropLoader(crops, batch=4, seed=9)

    def epoch(number: int) -> list[np.ndarray]:
        loader.epoch = number
        return [batch["img"].numpy() for batch in loader]

    shown = np.concatenate(epoch(0))
    for image in shown:
        same = (crops.images == image).all(axis=(1, 2, 3))
        mirrored = (crops.images == image[:, ::-1]).all(axis=(1, 2, 3))
        assert (same | mirrored).any()
    assert len(np.unique(shown.mean(axis=(1, 2, 3)))) == len(crops)
    np.testing.assert_array_equal(np.concatenate(epoch(3)), np.concatenate(epoch(3)))
    assert not (np.concatenate(epoch(1)) == shown).all()


def test_other_light_leaves_shapes_and_range(crops: LabelledCrops) -> None:
    torch.manual_seed(0)
    images = torch.from_numpy(crops.images)
    lit = relit(images)
    assert lit.dtype == torch.uint8
    assert lit.shape == images.shape
    same = [np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in zip(lit, images, strict=True)]
    assert min(same) > 0.8


class StopAfter(Console):
    """A console that stops the run when it is told of an epoch's end."""

    def __init__(self, epoch: int) -> None:
        super().__init__(quiet=True)
        self.stop_at = f"epoch {epoch} "

    def say(self, text: str) -> None:
        if text.startswith(self.stop_at):
            raise StoppedError("stopped")


def epochs_of(work: Path, phase: str) -> list[int]:
    with next(work.glob(f"{phase}-*/results.csv")).open() as stream:
        return [int(row["epoch"]) for row in csv.DictReader(stream)]


@pytest.mark.filterwarnings("default")  # ultralytics' trainer warns of its own ways
@pytest.mark.long
def test_training_writes_weights_and_continues_where_it_was_stopped(tmp_path: Path) -> None:
    import_ultralytics(offline=True)
    quiet = Console(quiet=True)
    shop = demo_pose.Workshop(work=tmp_path, device=CPU, console=quiet)
    with pytest.raises(StoppedError):
        demo_pose.train(TINY, replace(shop, console=StopAfter(2)))
    checkpoint = demo_pose.train(TINY, shop)
    assert epochs_of(tmp_path, "coarse") == [1, 2]
    assert epochs_of(tmp_path, "fine") == [1]
    assert checkpoint.is_relative_to(next(tmp_path.glob("fine-*")))
    assert demo_pose.train(TINY, shop) == checkpoint
    assert epochs_of(tmp_path, "fine") == [1]

    out = tmp_path / "weights" / "demo.pt"
    sha256 = demo_pose.write_weights(checkpoint, out)
    assert demo_pose.write_weights(checkpoint, out) == sha256
    assert out.stat().st_size < 7_000_000
    assert str(tmp_path).encode() not in out.read_bytes()
    estimator = open_estimator(PoseSettings(pose_model=str(out), device="cpu"), quiet)
    assert sha256 in estimator.key
    proof = fetch_crops(TINY.proof_order, tmp_path, 1, quiet)
    scores = demo_pose.measure(out, proof, CPU, quiet)
    assert (scores.num_people, scores.num_empty) == (9, 5)


def test_a_quick_trial_is_the_same_recipe_with_less_of_everything() -> None:
    quick = Recipe().shortened(0.01)
    assert [phase.name for phase in quick.phases] == [phase.name for phase in Recipe().phases]
    for phase, whole in zip(quick.phases, Recipe().phases, strict=True):
        assert 0 < phase.people < whole.people
        assert phase.spreads == whole.spreads


def test_no_two_sets_of_crops_share_a_studio() -> None:
    recipe = Recipe()
    orders = [*(phase.order for phase in recipe.phases), recipe.check_order, recipe.proof_order]
    studios = [set(range(o.seed, o.seed + -(-o.people // PEOPLE_PER_STUDIO))) for o in orders]
    assert len(set.union(*studios)) == sum(map(len, studios))


def test_the_second_phase_is_narrow_where_precision_is_hard() -> None:
    spreads = dict(zip(COCO_JOINTS, Recipe().phases[-1].spreads, strict=True))
    assert spreads["LWri"] == spreads["RAnk"] < spreads["RKne"] == spreads["LElb"] < spreads["nose"]


def test_the_work_folder_has_an_owner_and_strangers_stay(tmp_path: Path) -> None:
    weights = tmp_path / "demo.pt"
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "thesis.tex").write_text("years of work")
    with pytest.raises(UsageError, match=r"found thesis\.tex"), owned_work(foreign, TINY, weights):
        pass
    assert [path.name for path in foreign.iterdir()] == ["thesis.tex"]
    work = tmp_path / "work"
    with owned_work(work, TINY, weights) as owned:
        fetch_crops(TINY.proof_order, owned.path, 1, Console(quiet=True))
        with pytest.raises(LockedError), owned_work(work, TINY, weights):
            pass
    (work / "notes.txt").write_text("mine")
    with owned_work(work, TINY, weights) as owned:
        assert crops_file(TINY.proof_order) in owned.files and "notes.txt" not in owned.files
    other = replace(TINY, phases=TINY.phases[:1], proof_people=2)
    (work / crops_file(other.proof_order)).write_text("somebody's")
    with pytest.raises(UsageError, match="a free name"), owned_work(work, other, weights):
        pass


def test_a_work_folder_of_version_0_1_goes_on(tmp_path: Path) -> None:
    fetch_crops(TINY.proof_order, tmp_path, 1, Console(quiet=True))
    (tmp_path / "demo.json").write_text("{}")
    with owned_work(tmp_path, TINY, tmp_path / "demo.pt") as owned:
        assert {crops_file(TINY.proof_order), "demo.json"} <= owned.files


def test_a_link_in_the_place_of_a_phase_leads_nobody_out(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    work = tmp_path / "work"
    with owned_work(work, TINY, tmp_path / "demo.pt"):
        pass
    shutil.rmtree(work / phase_folder(TINY, 1))
    (work / phase_folder(TINY, 1)).symlink_to(outside)
    with pytest.raises(UsageError, match="a link"), owned_work(work, TINY, tmp_path / "demo.pt"):
        pass
    assert not list(outside.iterdir())


@pytest.mark.parametrize(
    ("share", "hours", "workers"),
    [(0, None, 1), (float("nan"), None, 1), (1.5, None, 1), (1, 0, 1), (1, float("inf"), 1),
     (1, -1, 1), (1, None, 0), (1, None, 10**9)],
)  # fmt: skip
def test_numbers_that_mean_nothing_are_refused(
    share: float, hours: float | None, workers: int
) -> None:
    require_usable(1.0, None, 2)
    with pytest.raises(UsageError, match="a number above 0 and up to"):
        require_usable(share, hours, workers)
