"""``repose`` from end to end, with a generator trained in seconds and a stand-in for stage 1."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from commands import call
from drawn_shards import publish_shards
from PIL import Image
from poses import standing_pose
from training_runs import QUIET, small_settings, train

from data_manifest.published_files import read_keypoints, write_keypoints
from shared.errors import RulesBrokenError, UsageError
from shared.geometry import Float64s, torso_lengths
from shared.skeleton import JOINT
from shared.skeleton_file import Skeleton, skeleton_text
from train.repose import make
from train.repose.asking import Asked
from train.repose.settings import ReposeSettings, read_box
from train.repose.stances import NUM_STEPS

pytestmark = pytest.mark.long

PERSON = standing_pose() + np.array([30, 25])


class StageOne:
    """Knows what it is told of every photo, and counts how often it is asked."""

    def __init__(self, joints: Float64s = PERSON, people: int = 1, margin: float = 0.5) -> None:
        self.answer = Asked(joints, people, 0.5, margin)
        self.asked: list[str] = []

    def __call__(self, photos, pose_model):
        self.asked += [photo.path.name for photo in photos]
        return {photo.key: self.answer for photo in photos}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("repose")
    shards = publish_shards(folder / "shards", train_shards=1, images=4)
    train(small_settings(shards, preset="dsc", max_images=4), shards, folder / "run")
    return folder / "run"


@pytest.fixture
def place(tmp_path: Path, run: Path) -> Path:
    """Two photos, a sequence of three skeletons with a gap, a file of poses."""
    rng = np.random.default_rng(0)
    (tmp_path / "photos").mkdir()
    for name, size in (("anna.png", (170, 120)), ("ben 2.jpg", (240, 200))):
        pixels = rng.integers(0, 256, (size[0] // 10, size[1] // 10, 3), np.uint8)
        Image.fromarray(pixels).resize(size[::-1]).save(tmp_path / "photos" / name)
    (tmp_path / "walk").mkdir()
    for frame in range(3):
        pose = standing_pose() + np.array([0, frame])
        if frame == 1:
            pose[JOINT["LHip"]] = np.nan
        text = skeleton_text(Skeleton(pose, (128, 64)))
        (tmp_path / "walk" / f"f{frame + 9}.json").write_text(text)
    poses = np.stack([standing_pose() * 1.5, standing_pose() + 3])
    write_keypoints(tmp_path / "poses.csv", ("a/left.png", "right.png"), poses)
    (tmp_path / "run").symlink_to(run)
    return tmp_path


def settings(place: Path, *targets: str, **more) -> ReposeSettings:
    source = more.pop("source", ("photos/anna.png",))
    return ReposeSettings(
        **{
            "model": str(place / "run"),
            "source": tuple(place / name for name in source),
            "target": tuple(place / name for name in targets or ("poses.csv:right.png",)),
            "out": place / "out",
            "device": "cpu",
            **more,
        }
    )


def size_of(path: Path) -> tuple[int, int]:
    with Image.open(path) as picture:
        return picture.size


def content(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    }


def test_every_source_is_drawn_in_every_pose_at_the_photos_own_resolution(place: Path) -> None:
    make.repose(settings(place, "poses.csv", source=("photos",)), QUIET, asked=StageOne())
    names = {name for name in content(place / "out") if name.endswith(".png")}
    assert names == {
        *(f"{who}_to_{pose}.png" for who in ("anna", "ben_2") for pose in ("left", "right")),
        "sheet.png",
    }
    record = json.loads((place / "out" / "repose.json").read_text())
    assert record["complete"] and record["request"]["model"]["sha256"]
    for picture in record["pictures"]:
        _, _, width, height = picture["crop"]
        assert size_of(place / "out" / f"{picture['name']}.png") == (width, height)


def test_the_poses_that_were_drawn_are_written_down(place: Path) -> None:
    make.repose(settings(place, "poses.csv"), QUIET, asked=StageOne())
    table = read_keypoints(place / "out" / "poses.csv")
    assert table.names == ("anna_to_left.png", "anna_to_right.png")
    np.testing.assert_allclose(table.joints[0], table.joints[1], atol=1)  # only the size differed


def test_a_folder_of_skeletons_becomes_an_animation_in_natural_order(place: Path) -> None:
    out = make.repose(settings(place, "walk", gif=True, put_back=True), QUIET, asked=StageOne())
    for name in ("anna_along_walk.webp", "anna_along_walk.gif", "in-photo/anna_along_walk.webp"):
        with Image.open(out / name) as animation:
            assert animation.n_frames == 3, name
    assert size_of(out / "in-photo/anna_along_walk/0002.png") == (120, 170)


def test_a_stance_needs_no_file_and_a_walk_is_a_sequence(place: Path) -> None:
    named = (Path("stance:arms-wide"), Path("stance:walk-left"))
    out = make.repose(settings(place, target=named), QUIET, asked=StageOne())
    assert (out / "anna_to_arms-wide.png").is_file()
    with Image.open(out / "anna_along_walk-left.webp") as animation:
        assert animation.n_frames == NUM_STEPS
    table = read_keypoints(out / "poses.csv")
    drawn, asked = table.joints[table.names.index("anna_to_arms-wide.png")], PERSON
    assert np.ptp(drawn[:, 0]) > 2 * np.ptp(asked[:, 0])  # the arms are wide …
    torsos = torso_lengths(np.stack([drawn, asked]))
    assert 0.7 < torsos[0] / torsos[1] < 1.4  # … of a body as large as the person's


def test_a_stance_that_nobody_knows_is_one_line_with_all_of_them(place: Path) -> None:
    with pytest.raises(UsageError, match=r"standing, .*, walk-away, found 'jump'; name one"):
        make.repose(settings(place, target=(Path("stance:jump"),)), QUIET, asked=StageOne())
    assert not (place / "out").exists()


def test_put_back_changes_nothing_far_from_the_person(place: Path) -> None:
    person = standing_pose() + np.array([100, 90])
    given = settings(place, source=("photos/ben 2.jpg",), put_back=True)
    out = make.repose(given, QUIET, asked=StageOne(person))
    before = np.asarray(Image.open(place / "photos/ben 2.jpg"))
    after = np.asarray(Image.open(out / "in-photo/ben_2_to_right.png"))
    assert after.shape == before.shape
    np.testing.assert_array_equal(after[:40], before[:40])
    assert (after != before).any()


def test_the_same_call_goes_on_and_asks_for_no_pose_twice(place: Path) -> None:
    stage_one = StageOne()
    given = settings(place, "poses.csv", "walk")
    out = make.repose(given, QUIET, asked=stage_one)
    whole = content(out)
    (out / "anna_to_left.png").unlink()
    (out / "anna_along_walk.webp").unlink()
    kept = (out / "anna_to_right.png").stat().st_ino
    make.repose(given, QUIET, asked=stage_one)
    assert content(out) == whole
    assert (out / "anna_to_right.png").stat().st_ino == kept
    assert stage_one.asked == ["anna.png"]


def test_a_folder_of_another_request_is_refused_and_replaced_on_wish(place: Path) -> None:
    out = make.repose(settings(place), QUIET, asked=StageOne())
    whole = content(out)
    other = settings(place, "poses.csv:a/left.png")
    with pytest.raises(UsageError, match="--overwrite"):
        make.repose(other, QUIET, asked=StageOne())
    assert content(out) == whole
    make.repose(replace(other, overwrite=True), QUIET, asked=StageOne())
    assert "anna_to_right.png" not in content(out)


@pytest.mark.parametrize(
    ("stage_one", "line"),
    [
        (StageOne(people=0), r"anna\.png: expected a person, found none"),
        (StageOne(people=2, margin=0.01), r"anna\.png: expected one person .*--box"),
        (
            StageOne(np.where(np.arange(18)[:, None] == JOINT["LHip"], np.nan, PERSON)),
            r"anna\.png: expected both hips and both shoulders, found no LHip",
        ),
        (StageOne(PERSON + 500), r"anna\.png: expected points that lie in their images"),
    ],
)
def test_a_photo_without_one_whole_person_is_one_line(place: Path, stage_one, line) -> None:
    with pytest.raises(UsageError, match=line):
        make.repose(settings(place), QUIET, asked=stage_one)


def test_what_cannot_be_used_is_left_out_and_the_rest_is_drawn(place: Path, capsys) -> None:
    (place / "photos" / "broken.png").write_bytes(b"\x89PNG junk")
    given = settings(place, "poses.csv:right.png", "poses.csv:nobody.png", source=("photos",))
    with pytest.raises(RulesBrokenError, match="2 left out"):
        make.repose(given, QUIET, asked=StageOne())
    assert (place / "out" / "ben_2_to_right.png").exists()
    said = capsys.readouterr().err
    assert "broken.png" in said and "nobody.png" in said


def test_given_poses_are_taken_before_stage_one_is_asked(place: Path) -> None:
    write_keypoints(place / "given.csv", ("photos/anna.png",), PERSON[None])
    stage_one = StageOne()
    make.repose(settings(place, source_poses=(place / "given.csv",)), QUIET, asked=stage_one)
    assert stage_one.asked == []


def test_a_dry_run_leaves_no_trace(place: Path) -> None:
    stage_one = StageOne()
    make.repose(settings(place, "poses.csv", "walk", dry_run=True), QUIET, asked=stage_one)
    assert not (place / "out").exists() and stage_one.asked == []


def test_without_its_generator_the_package_says_so_in_one_line(place: Path, monkeypatch) -> None:
    monkeypatch.setattr(
        "train.repose.make.model_path", lambda name: make_model_path(name, place / "none")
    )
    with pytest.raises(UsageError, match="--model demo: expected a generator"):
        make.repose(settings(place, model="demo"), QUIET, asked=StageOne())


def make_model_path(name: str, packaged: Path) -> Path:
    from train.inference.models import model_path

    return model_path(name, packaged)


@pytest.mark.parametrize("text", ["", "1,2,3", "1,2,0,4", "-1,2,3,4", "1;2;3;4", "1,2,3,999999"])
def test_a_box_that_is_none_is_one_line(place: Path, text: str) -> None:
    found = call(
        "repose", "--model", place / "run", "--source", place / "photos/anna.png",
        "--target", place / "poses.csv", "--out", place / "out", f"--box={text}",
    )  # fmt: skip
    assert found.exit_code == 2 and found.stderr.count("\n") == 1, found.stderr


def test_a_box_is_read_as_x_y_width_height() -> None:
    box = read_box("3,40,5,60")
    assert (box.left, box.top, box.width, box.height) == (3, 40, 5, 60)
