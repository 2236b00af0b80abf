"""Pictures that appear in a folder get their rows, whatever else happens to the folder."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data_manifest.published_files import read_keypoints
from preprocess.extract_settings import ExtractSettings
from preprocess.pose import watch as module
from preprocess.pose.arrivals import PATIENCE_S, STILL_S
from preprocess.pose.extraction import extract_poses
from preprocess.pose.people import People, empty_people
from preprocess.pose.watch import Moment, watch_poses
from preprocess.settings import PoseSettings
from shared.console import Console
from shared.errors import LockedError, StoppedError, UsageError
from shared.folder_lock import folder_lock
from shared.stopping import StopRequest

Step = Callable[[], object]
SECOND = 1_000_000_000


class BrightPoint:
    """A stand-in: everybody's points lie where the picture is bright."""

    key = "bright point"

    def __init__(self) -> None:
        self.seen = 0
        self.inputs: list[tuple[int, int]] = []

    def __call__(self, _settings: PoseSettings, _console: Console) -> BrightPoint:
        return self

    def at(self, pose_size: tuple[int, int]) -> BrightPoint:
        self.inputs.append(pose_size)
        return self

    def estimate(self, images: np.ndarray) -> People:
        self.seen += len(images)
        people = empty_people(len(images))
        for row, image in enumerate(images):
            ys, xs = np.nonzero(image[..., 0] > 128)
            if len(ys):
                people.points[row] = (xs.mean(), ys.mean())
                people.confidences[row], people.count[row] = 0.875, 1
        return people


@dataclass
class Scene:
    """A watched folder and a time that passes only while the watch waits.

    Args:
        folder: An empty folder.
        steps: What happens, one thing at each wait; then a signal comes.
    """

    folder: Path
    finder: BrightPoint = field(default_factory=BrightPoint)
    seconds: float = 0.0

    def __post_init__(self) -> None:
        self.src.mkdir(parents=True)

    @property
    def src(self) -> Path:
        return self.folder / "camera"

    @property
    def out(self) -> Path:
        return self.folder / "poses.csv"

    @property
    def names(self) -> tuple[str, ...]:
        return read_keypoints(self.out).names

    def joint(self, name: str) -> tuple[float, float]:
        table = read_keypoints(self.out)
        x, y = table.joints[table.names.index(name), 0]
        return float(x), float(y)

    def watch(self, steps: Sequence[Step] = (), **settings: object) -> None:
        stop, left = StopRequest(), list(steps)

        def pause(seconds: float) -> None:
            self.seconds += seconds
            if left:
                left.pop(0)()
            elif settings.get("idle_s") is None:
                stop.signal_name = "SIGTERM"

        moment = Moment(lambda: self.seconds, lambda: int(self.seconds * SECOND), pause)
        chosen = ExtractSettings(src=self.src, out=self.out, watch=True, **settings)
        watch_poses(
            chosen, Console(plain=True), stop=stop, open_estimator=self.finder, moment=moment
        )

    def until_stopped(self, *steps: Step, **settings: object) -> None:
        with pytest.raises(StoppedError, match="stopped by SIGTERM"):
            self.watch(steps, **settings)

    def draw(
        self,
        name: str,
        place: tuple[int, int] = (20, 30),
        size: tuple[int, int] = (128, 64),
        *,
        written_s: float | None = None,
    ) -> Path:
        """Write a picture; its time of change is now, or another one of the scene."""
        path = self.src / name
        path.parent.mkdir(exist_ok=True)
        pixels = np.zeros((*size, 3), np.uint8)
        pixels[place[1], place[0]] = 255
        Image.fromarray(pixels).save(path)
        self.touch(path, written_s)
        return path

    def touch(self, path: Path, written_s: float | None = None) -> None:
        moment = int((self.seconds if written_s is None else written_s) * SECOND)
        os.utime(path, ns=(moment, moment))

    def wait(self, seconds: float) -> Step:
        """A step in which so much time passes."""

        def passes() -> None:
            self.seconds += seconds

        return passes


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path / "here")


def test_pictures_get_rows_in_the_order_in_which_they_come(scene: Scene) -> None:
    scene.draw("c.png", (5, 6))
    later = [lambda: scene.draw("a.png", (7, 8)), scene.wait(STILL_S)]
    scene.until_stopped(*later, lambda: scene.draw("sub/b.jpg.png"), scene.wait(STILL_S))
    assert scene.names == ("c.png", "a.png", "sub/b.jpg.png")
    assert scene.joint("c.png") == (5, 6) and scene.joint("a.png") == (7, 8)
    for what in ("sizes", "scores"):
        lines = (scene.folder / f"poses-{what}.csv").read_text().splitlines()
        assert [line.split(",")[0] for line in lines] == ["name", *scene.names]


def test_the_tables_are_those_of_a_call_that_does_not_wait(scene: Scene, tmp_path: Path) -> None:
    for number in range(3):
        scene.draw(f"{number}.png", (10 + number, 40))
    scene.until_stopped(scene.wait(1), scene.wait(1))
    other = ExtractSettings(src=scene.src, out=tmp_path / "poses.csv")
    extract_poses(other, Console(quiet=True), open_estimator=scene.finder)
    for name in ("poses.csv", "poses-sizes.csv", "poses-scores.csv"):
        assert (scene.folder / name).read_bytes() == (tmp_path / name).read_bytes()


def test_a_file_is_left_alone_while_it_is_written(scene: Scene) -> None:
    whole = scene.draw("a.png").read_bytes()
    looked: list[tuple[str, ...]] = []

    def write(share: float) -> Step:
        def writes() -> None:
            looked.append(scene.names)
            (scene.src / "a.png").write_bytes(whole[: int(share * len(whole))])
            scene.touch(scene.src / "a.png")

        return writes

    (scene.src / "a.png").unlink()
    steps = [write(share) for share in (0.2, 0.4, 0.6, 0.8, 1.0)]
    scene.until_stopped(*steps, scene.wait(STILL_S))
    assert looked == [()] * 5 and scene.names == ("a.png",) and scene.finder.seen == 1


def test_who_writes_with_pauses_has_a_second_chance(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = scene.draw("a.png").read_bytes()
    path = scene.src / "a.png"
    path.write_bytes(whole[: len(whole) // 2])
    scene.touch(path)

    def finish() -> None:
        path.write_bytes(whole)
        scene.touch(path)

    scene.until_stopped(scene.wait(PATIENCE_S / 2), scene.wait(0), finish, scene.wait(1))
    assert scene.names == ("a.png",)
    assert "warning" not in capsys.readouterr().err


def test_what_was_renamed_in_is_taken_at_the_first_look(scene: Scene) -> None:
    scene.seconds = 100
    aside = scene.folder / "a.png"
    Image.new("RGB", (64, 128)).save(aside)
    scene.touch(aside, 90)
    rows: list[tuple[str, ...]] = []
    scene.until_stopped(lambda: aside.rename(scene.src / "a.png"), lambda: rows.append(scene.names))
    assert rows == [("a.png",)]


def test_bad_pictures_are_one_line_each_and_the_watch_goes_on(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    scene.draw("good.png", written_s=-10)
    scene.draw("a:b.png", written_s=-10)
    (scene.src / "torn.jpg").write_bytes(b"\xff\xd8\xff torn")
    (scene.src / "empty.png").touch()
    os.mkfifo(scene.src / "pipe.png")
    (scene.src / "nothing.png").symlink_to(scene.src / "nowhere")
    (scene.src / "loop.png").symlink_to(scene.src / "loop.png")
    (scene.src / "up").symlink_to(scene.src)
    (scene.src / "notes.txt").write_text("no picture")
    late = [lambda: scene.draw("late.png"), scene.wait(1), scene.wait(1)]
    scene.until_stopped(scene.wait(PATIENCE_S), scene.wait(PATIENCE_S), *late)
    assert scene.names == ("good.png", "late.png")
    said = [line for line in capsys.readouterr().err.splitlines() if line.startswith("warning")]
    assert sorted(line.split(": ")[1] for line in said) == [
        "a:b.png", "empty.png", "pipe.png", "torn.jpg",
    ]  # fmt: skip


def test_a_picture_that_changes_gets_another_row_in_its_place(scene: Scene) -> None:
    scene.draw("a.png", (1, 2), written_s=-10)
    scene.draw("b.png", written_s=-10)
    scene.until_stopped(lambda: scene.draw("a.png", (50, 60)), scene.wait(1), scene.wait(1))
    assert scene.names == ("a.png", "b.png") and scene.joint("a.png") == (50, 60)


def test_a_row_stays_when_its_picture_goes(scene: Scene) -> None:
    path = scene.draw("a.png", written_s=-10)
    scene.until_stopped(path.unlink, scene.wait(1))
    assert scene.names == ("a.png",)


def test_a_repeated_call_goes_on_without_looking_twice(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MARGIN_NS", 0)  # the files of this test are younger than that
    for name in ("a.png", "b.png"):
        scene.draw(name, written_s=-10)
    scene.until_stopped()
    before = scene.out.read_bytes()
    scene.draw("c.png", (9, 9), written_s=-10)
    scene.until_stopped(scene.wait(1))
    assert scene.finder.seen == 3 and scene.names == ("a.png", "b.png", "c.png")
    assert scene.out.read_bytes().startswith(before)
    scene.draw("a.png", (3, 4), written_s=-10)
    scene.until_stopped(scene.wait(1))
    assert scene.finder.seen == 4 and scene.joint("a.png") == (3, 4)


def test_the_folder_deleted_under_it_is_one_line(scene: Scene) -> None:
    scene.draw("a.png", written_s=-10)
    with pytest.raises(UsageError) as ended:
        scene.watch([lambda: shutil.rmtree(scene.src)])
    assert ended.value.message == (
        f"{scene.src}: expected the folder that is watched, found No such file or directory; "
        "make it, then repeat the command"
    )
    assert scene.names == ("a.png",)


def test_a_folder_within_may_go(scene: Scene) -> None:
    scene.draw("sub/a.png", written_s=-10)
    scene.until_stopped(lambda: shutil.rmtree(scene.src / "sub"), scene.wait(1))
    assert scene.names == ("sub/a.png",)


def test_it_ends_by_itself_when_nothing_appears_for_so_long(scene: Scene) -> None:
    scene.draw("a.png", written_s=-10)
    scene.watch([scene.wait(0.3), lambda: scene.draw("b.png"), scene.wait(1)], idle_s=0.5)
    assert scene.names == ("a.png", "b.png")
    left = sorted(path.name for path in scene.folder.iterdir())
    assert left == [
        ".poses.csv.posegan.json", "camera", "poses-scores.csv", "poses-sizes.csv", "poses.csv",
    ]  # fmt: skip


def test_readers_find_a_table_from_the_start(scene: Scene) -> None:
    scene.until_stopped()
    assert scene.names == ()


def test_each_picture_has_the_input_that_fits_it(scene: Scene) -> None:
    scene.draw("crop.png", size=(128, 64), written_s=-10)
    scene.draw("photo.png", size=(480, 640), written_s=-10)
    scene.until_stopped(scene.wait(1))
    assert sorted(scene.finder.inputs) == [(256, 128), (480, 640)]
    scene.finder.inputs.clear()
    shutil.rmtree(scene.src)
    scene.src.mkdir()
    scene.draw("wide.png", size=(480, 640), written_s=-10)
    given = PoseSettings(pose_size=(96, 64))
    scene.until_stopped(scene.wait(1), pose=given, fit_size=False)
    assert scene.finder.inputs == [(96, 64)]


def test_another_call_on_the_same_tables_is_refused(scene: Scene) -> None:
    held = ExtractSettings(src=scene.src, out=scene.out).kept
    with folder_lock(held), pytest.raises(LockedError):
        scene.watch()


@pytest.mark.parametrize("name", ["poses.csv", "poses-sizes.csv", "poses-scores.csv"])
def test_files_of_others_are_refused_and_stay(scene: Scene, name: str) -> None:
    (scene.folder / name).write_text("mine")
    with pytest.raises(UsageError, match="no note of extract-poses lists"):
        scene.watch()
    assert (scene.folder / name).read_text() == "mine"
