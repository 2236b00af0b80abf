"""Poses of any folder, with an estimator that finds the centre of a bright square."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from commands import call
from PIL import Image

from data_manifest.published_files import read_keypoints
from preprocess.pose.extraction import ExtractSettings, extract_poses, fitting_size
from preprocess.pose.people import People, empty_people
from preprocess.pose.stage import BLOCK_IMAGES
from preprocess.settings import PoseSettings
from shared.console import Console
from shared.errors import NoSpaceError, RulesBrokenError, StoppedError, UsageError
from shared.files import Disk
from shared.skeleton import JOINTS


class SquareFinder:
    """A stand-in: everybody's points lie in the middle of the bright square."""

    key = "square finder"

    def __init__(self, stop_after: int | None = None) -> None:
        self.sizes: list[tuple[int, ...]] = []
        self.pose_size = (0, 0)
        self._left = stop_after

    def __call__(self, settings: PoseSettings, console: Console, *_: object) -> SquareFinder:
        self.pose_size = settings.pose_size
        return self

    def estimate(self, images: np.ndarray) -> People:
        if self._left is not None:
            self._left -= len(images)
            if self._left < 0:
                raise StoppedError("stopped")
        self.sizes.append(images.shape)
        people = empty_people(len(images))
        for row, image in enumerate(images):
            ys, xs = np.nonzero(image[..., 0] > 128)
            if len(ys):
                people.points[row] = (xs.mean(), ys.mean())
                people.confidences[row] = 0.875
                people.count[row], people.person_score[row] = 2, 0.5
                people.margin[row] = 0.25
        return people


def draw(path: Path, size: tuple[int, int], place: tuple[int, int] | None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = np.zeros((*size, 3), np.uint8)
    if place:
        x, y = place
        picture[y - 3 : y + 4, x - 3 : x + 4] = 255
    Image.fromarray(picture).save(path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    src = tmp_path / "photos"
    draw(src / "b.png", (128, 64), (20, 90))
    draw(src / "a.PNG", (60, 100), (80, 30))
    draw(src / "sub" / "c.png", (128, 64), (33, 44))
    draw(src / "empty place.png", (128, 64), None)
    (src / "notes.txt").write_text("no image")
    return src


def extract(src: Path, out: Path, finder: SquareFinder | None = None, **settings: object):
    finder = finder or SquareFinder()
    disk = settings.pop("disk", None)
    chosen = ExtractSettings(src=src, out=out, **settings)
    extract_poses(chosen, Console(quiet=True), open_estimator=finder, disk=disk)
    return finder


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


def test_points_sizes_and_scores_of_every_image_come_out(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "poses.csv"
    extract(folder, out)
    table = read_keypoints(out)
    assert table.names == ("a.PNG", "b.png", "empty place.png", "sub/c.png")
    np.testing.assert_array_equal(table.joints[0], np.tile((80.0, 30.0), (len(JOINTS), 1)))
    np.testing.assert_array_equal(table.joints[3, 4], (33, 44))
    assert np.isnan(table.joints[2]).all()
    sizes = rows_of(tmp_path / "poses-sizes.csv")
    assert [(r["name"], r["height"], r["width"]) for r in sizes][:2] == [
        ("a.PNG", "60", "100"),
        ("b.png", "128", "64"),
    ]
    scores = rows_of(tmp_path / "poses-scores.csv")
    assert [row["people"] for row in scores] == ["2", "2", "0", "2"]
    assert scores[1]["person_score"] == "0.5000"
    assert scores[1]["margin"] == "0.2500"
    assert {scores[1][joint] for joint in JOINTS} == {"0.8750"}


def test_nothing_but_the_three_files_and_the_note_on_them_is_left(
    folder: Path, tmp_path: Path
) -> None:
    before = sorted(folder.rglob("*"))
    extract(folder, tmp_path / "out.csv")
    made = sorted(path.name for path in tmp_path.iterdir())
    assert made == [".out.csv.posegan.json", "out-scores.csv", "out-sizes.csv", "out.csv", "photos"]
    assert sorted(folder.rglob("*")) == before


def test_a_second_run_gives_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        extract(folder, tmp_path / name / "poses.csv", workers=1 if name == "one" else 3)
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


def test_a_stopped_run_continues_after_the_blocks_it_kept(tmp_path: Path) -> None:
    src, count = tmp_path / "photos", BLOCK_IMAGES + 20
    for number in range(count):
        draw(src / f"{number:04}.png", (24, 16), (4 + number % 8, 4 + number // 8 % 15))
        with (src / f"{number:04}.png").open("ab") as stream:
            stream.write(number.to_bytes(2))  # contents differ: equal ones are found once
    out = tmp_path / "poses.csv"
    with pytest.raises(StoppedError):
        extract(src, out, SquareFinder(stop_after=BLOCK_IMAGES))
    assert not out.exists()
    finder = extract(src, out)
    assert sum(shape[0] for shape in finder.sizes) == count - BLOCK_IMAGES
    assert len(read_keypoints(out)) == count


def test_unusable_images_are_listed_and_the_rest_is_done(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "torn.jpg").write_bytes(b"\xff\xd8\xff torn")
    draw(folder / "a:b.png", (128, 64), (20, 20))
    out = tmp_path / "poses.csv"
    with pytest.raises(RulesBrokenError, match="of 6 images unusable, found 2"):
        extract(folder, out)
    assert len(read_keypoints(out)) == 4
    said = capsys.readouterr().err
    assert "torn.jpg: " in said
    assert "a:b.png: a name that the published form cannot hold" in said
    extract(folder, out, max_bad=0.5)


def test_a_full_disk_leaves_what_was_there_and_a_clear_line(folder: Path, tmp_path: Path) -> None:
    import errno

    class FullDisk(Disk):
        def rename(self, old: Path, new: Path) -> None:
            if new.name == "poses.csv":
                raise OSError(errno.ENOSPC, "No space left on device")
            super().rename(old, new)

    out = tmp_path / "poses.csv"
    extract(folder, out)
    before = out.read_bytes()
    draw(folder / "one more.png", (128, 64), (20, 20))
    with pytest.raises(NoSpaceError):
        extract(folder, out, disk=FullDisk())
    assert out.read_bytes() == before
    (folder / "one more.png").unlink()
    extract(folder, out)
    assert len(read_keypoints(out)) == 4


@pytest.mark.parametrize("name", ["p.csv", "p-sizes.csv", "p-scores.csv", ".p.kept/mine.txt"])
def test_files_of_others_are_refused_and_stay(folder: Path, tmp_path: Path, name: str) -> None:
    stranger, out = tmp_path / "here" / name, tmp_path / "here" / "p.csv"
    stranger.parent.mkdir(parents=True)
    stranger.write_text("mine")
    with pytest.raises(UsageError, match="expected") as caught:
        extract(folder, out)
    assert "\n" not in caught.value.message
    files = [path for path in (tmp_path / "here").rglob("*") if path.is_file()]
    assert files == [stranger] and stranger.read_text() == "mine"


def test_a_finished_table_of_version_0_1_is_kept_and_the_line_says_what_to_do(
    folder: Path, tmp_path: Path
) -> None:
    """Version 0.1 left no note beside its files, so nobody can tell them from a stranger's."""
    out = tmp_path / "p.csv"
    extract(folder, out)
    (tmp_path / ".p.csv.posegan.json").unlink()
    before = {path.name: path.read_bytes() for path in tmp_path.glob("*.csv")}
    with pytest.raises(UsageError) as refused:
        extract(folder, out)
    assert refused.value.message == (
        f"{out}: expected a free name, or a file as extract-poses left it, found one that no note "
        "of extract-poses lists; choose another name, or move it away"
    )
    assert {path.name: path.read_bytes() for path in tmp_path.glob("*.csv")} == before
    for name in before:
        (tmp_path / name).rename(tmp_path / f"old-{name}")
    extract(folder, out)
    assert (tmp_path / "old-p.csv").read_bytes() == out.read_bytes()


def test_files_of_ours_are_replaced_until_somebody_changes_them(
    folder: Path, tmp_path: Path
) -> None:
    out = tmp_path / "p.csv"
    extract(folder, out)
    extract(folder, out)
    (tmp_path / "p-scores.csv").write_text("corrected by hand")
    with pytest.raises(UsageError, match=r"p-scores\.csv.*changed since"):
        extract(folder, out)
    assert (tmp_path / "p-scores.csv").read_text() == "corrected by hand"


def test_links_in_place_of_our_files_are_not_followed(folder: Path, tmp_path: Path) -> None:
    precious, kept = tmp_path / "precious", tmp_path / "elsewhere"
    precious.write_text("mine")
    kept.mkdir()
    for name, target in (
        ("p.csv", precious),
        (".p.csv.posegan.json", precious),
        (".p.kept/.lock", precious),
    ):
        link = tmp_path / "here" / name
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(target)
        with pytest.raises(UsageError, match="link"):
            extract(folder, tmp_path / "here" / "p.csv")
        link.unlink()
        assert precious.read_text() == "mine" and list(kept.iterdir()) == []


def test_a_folder_without_images_is_refused(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    with pytest.raises(UsageError, match="JPEG or PNG images, found none"):
        extract(tmp_path / "photos", tmp_path / "poses.csv")


@pytest.mark.parametrize("wrong", [{"src": "nowhere"}, {"out": "poses.txt"}, {"max_bad": 2.0}])
def test_wrong_settings_are_refused(wrong: dict[str, object], tmp_path: Path) -> None:
    right = {"src": tmp_path, "out": tmp_path / "poses.csv"}
    chosen = right | {k: Path(v) if isinstance(v, str) else v for k, v in wrong.items()}
    with pytest.raises(UsageError):
        ExtractSettings(**chosen)


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ([(128, 64)] * 3, (256, 128)),
        ([(128, 48), (128, 64), (130, 66)], (256, 128)),
        ([(1101, 750)], (640, 448)),
        ([(480, 640)], (480, 640)),
        ([(256, 176)], (256, 192)),
    ],
)
def test_the_network_s_input_fits_the_images(
    sizes: list[tuple[int, int]], expected: tuple[int, int]
) -> None:
    assert fitting_size(np.array(sizes)) == expected


@pytest.mark.process
def test_the_input_s_size_can_be_given(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    finder = SquareFinder()
    monkeypatch.setattr("preprocess.pose.yolo.open_estimator", finder)

    def size_of(*options: str) -> tuple[int, int]:
        out = tmp_path / "poses.csv"
        result = call("extract-poses", "--src", folder, "--out", out, *options)
        assert result.exit_code == 0, result.output
        return finder.pose_size

    assert size_of() == (256, 128)
    assert size_of("--pose-size", "192x96") == (192, 96)
    for path in folder.rglob("*.[pP][nN][gG]"):
        draw(path, (60, 100), (20, 20))
    assert size_of() == (256, 416)
    assert size_of("--pose-size", "256x128") == (256, 128)  # the default, but asked for


def test_demo_weights_on_photos_are_called_what_they_are(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    demo = PoseSettings(pose_model="demo")
    extract(folder, tmp_path / "a.csv", pose=demo)
    warnings = [line for line in capsys.readouterr().err.splitlines() if "drawn people" in line]
    assert len(warnings) == 1
    assert "yolo26n-pose" in warnings[0]
    (folder / "draw-market.json").write_text("{}")
    extract(folder / "sub", tmp_path / "b.csv", pose=demo)
    assert "drawn people" not in capsys.readouterr().err
