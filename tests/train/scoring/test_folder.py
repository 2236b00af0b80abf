"""The folder of scores: nothing in it is touched that the evaluator did not make."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import numpy as np
import pytest
from disks import FailingDisk
from PIL import Image

from shared.errors import LockedError, NoSpaceError, UsageError
from shared.files import TEMPORARY_SUFFIX
from shared.folder_lock import LOCK_NAME
from shared.owned_folder import MARKER_NAME as MARKER
from train.scoring.folder import ScoresFolder, open_scores

pytestmark = pytest.mark.long

ORIGIN = {"checkpoint": "c.pt", "sha256": "00", "weights": "average", "shards": ["11"]}
OTHER = {**ORIGIN, "weights": "generator"}
NAMES = ("a.jpg_b.jpg.png", "b.jpg_a.jpg.png")


def state_of(folder: Path) -> dict[str, str]:
    """Every file below a folder but the lock, which names holder and second, and every folder."""
    return {
        str(path.relative_to(folder)): (
            hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder"
        )
        for path in sorted(folder.rglob("*"))
        if path.name != LOCK_NAME
    }


def put_picture(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((4, 6, 3), 77, np.uint8)).save(path)


def draw(folder: ScoresFolder, origin: dict[str, object], names: tuple[str, ...] = NAMES) -> Path:
    """What generating does: claim, then publish each picture."""
    panels = folder.claim_panels(origin, names)
    for name in names:
        folder.publish(f"panels/{name}", json.dumps(origin))
    folder.publish("keypoints.csv", "x")
    return panels


@pytest.mark.parametrize(
    "name",
    ["keypoints.csv", "pairs.csv", "table.md", "metrics.json", "notes.txt", "panels/holiday.png",
     "panels/a.jpg_b.jpg.png", "generated.json", ".hidden", ".notes.12.part"],
)  # fmt: skip
def test_a_foreign_folder_is_refused_and_unchanged(tmp_path: Path, name: str) -> None:
    put_picture(tmp_path / "panels" / "mine.png")
    (tmp_path / name).write_bytes(b"[1, 2]")
    before = state_of(tmp_path)
    with pytest.raises(UsageError, match="choose another --out") as caught, open_scores(tmp_path):
        raise AssertionError("opened")
    assert "\n" not in caught.value.message
    assert state_of(tmp_path) == before


def test_only_our_own_pictures_go_when_the_origin_changes(tmp_path: Path) -> None:
    with open_scores(tmp_path) as folder:
        draw(folder, ORIGIN)
    (tmp_path / "panels" / "notes.txt").write_text("mine")
    (tmp_path / "mine.csv").write_text("mine")
    with open_scores(tmp_path) as folder:
        panels = folder.claim_panels(OTHER, NAMES[:1])
        assert [path.name for path in panels.iterdir()] == ["notes.txt"]
    assert (tmp_path / "mine.csv").read_text() == "mine"


def test_pictures_of_the_same_origin_stay(tmp_path: Path) -> None:
    for _ in range(2):
        with open_scores(tmp_path) as folder:
            draw(folder, ORIGIN)
            before = state_of(tmp_path)
    with open_scores(tmp_path) as folder:
        folder.claim_panels(ORIGIN, NAMES)
    assert state_of(tmp_path) == before


def test_a_strange_picture_among_ours_is_refused_and_nothing_changed(tmp_path: Path) -> None:
    with open_scores(tmp_path) as folder:
        draw(folder, ORIGIN)
    put_picture(tmp_path / "panels" / "holiday.jpg")
    before = state_of(tmp_path)
    for origin in (ORIGIN, OTHER):
        with (
            open_scores(tmp_path) as folder,
            pytest.raises(UsageError, match=r"found panels/holiday\.jpg"),
        ):
            folder.claim_panels(origin, NAMES)
    assert state_of(tmp_path) == before


def test_a_file_of_the_user_with_one_of_our_names_is_not_replaced(tmp_path: Path) -> None:
    with open_scores(tmp_path) as folder:
        folder.claim(["metrics.json"])
        folder.publish_json("metrics.json", {})
    (tmp_path / "keypoints.csv").write_text("mine")
    with open_scores(tmp_path) as folder, pytest.raises(UsageError, match=r"keypoints\.csv"):
        folder.claim_panels(ORIGIN, NAMES)
    assert (tmp_path / "keypoints.csv").read_text() == "mine"
    assert not (tmp_path / "panels").exists()


@pytest.mark.parametrize("leads_to", ["folder", "nothing"])
def test_panels_that_lead_elsewhere_are_refused(tmp_path: Path, leads_to: str) -> None:
    other = tmp_path / leads_to
    if leads_to == "folder":
        other.mkdir()
    with open_scores(tmp_path / "out"):
        (tmp_path / "out" / "panels").symlink_to(other)
    with open_scores(tmp_path / "out") as folder, pytest.raises(UsageError, match="panels"):
        folder.claim_panels(ORIGIN, NAMES)


def test_half_written_files_of_ours_go_and_others_stay(tmp_path: Path) -> None:
    with open_scores(tmp_path) as folder:
        panels = draw(folder, ORIGIN)
    ours = [
        panels / f".{NAMES[0]}.4242{TEMPORARY_SUFFIX}",
        tmp_path / f".table.md.4242{TEMPORARY_SUFFIX}",
    ]
    others = [panels / ".movie.part", panels / "movie.17.part", tmp_path / ".x.part"]
    for path in (*ours, *others):
        path.write_bytes(b"half")
    with open_scores(tmp_path) as folder:
        folder.claim_panels(ORIGIN, NAMES)
    assert [path.exists() for path in ours] == [False, False]
    assert all(path.exists() for path in others)


def test_a_marker_cut_short_leaves_a_folder_that_opens_again(tmp_path: Path) -> None:
    (tmp_path / f".{MARKER}.4242{TEMPORARY_SUFFIX}").write_text("{")
    with open_scores(tmp_path) as folder:
        folder.claim(["metrics.json"])
    assert sorted(p.name for p in tmp_path.iterdir()) == [".lock", MARKER]


def test_names_are_listed_before_their_files_appear(tmp_path: Path) -> None:
    """Whatever call fails, what lies there is listed; the next call takes it up."""
    for number in range(200):
        out = tmp_path / str(number)
        disk = FailingDisk(number, 28)
        try:
            with open_scores(out, disk) as folder:
                draw(folder, ORIGIN)
                draw(folder, OTHER)
        except NoSpaceError:
            pass
        listed = (
            set(json.loads((out / MARKER).read_text())["files"])
            if (out / MARKER).exists()
            else set()
        )
        found = {name for name, kind in state_of(out).items() if kind != "folder"}
        assert found - {".lock", MARKER} <= listed
        with open_scores(out) as folder:
            panels = draw(folder, OTHER)
        assert {path.read_text() for path in panels.iterdir()} == {json.dumps(OTHER)}
        if number >= disk.calls:
            return
    raise AssertionError("the disk failed every time")


@pytest.mark.parametrize("name", [MARKER, "eval-gan.json"])
@pytest.mark.parametrize(
    "content",
    ["{", "[]", '{"format": "x"}', '{"format": "posegan-scores", "version": 2}',
     '{"format": "posegan-scores", "version": 1, "files": ["../../important"]}',
     '{"format": "posegan-scores", "version": 1, "files": ["/etc/passwd"]}',
     '{"format": "posegan-scores", "version": 1, "files": [7]}'],
)  # fmt: skip
def test_a_marker_that_is_not_ours_is_refused(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(UsageError) as caught, open_scores(tmp_path):
        raise AssertionError("opened")
    assert "\n" not in caught.value.message
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_folder_with_the_list_of_an_older_version_is_taken_up(tmp_path: Path) -> None:
    old = {"format": "posegan-scores", "version": 1, "files": ["metrics.json"]}
    (tmp_path / "eval-gan.json").write_text(json.dumps(old))
    (tmp_path / "metrics.json").write_text("{}")
    (tmp_path / "mine.csv").write_text("mine")
    with open_scores(tmp_path) as folder:
        folder.claim(["metrics.json"])
        folder.publish("metrics.json", "[]")
    assert (tmp_path / "metrics.json").read_text() == "[]"
    assert (tmp_path / "mine.csv").read_text() == "mine"


def test_folders_of_version_0_1_are_taken_up(tmp_path: Path) -> None:
    """It wrote no marker: pictures and their origin, or results alone."""
    drawn, scored = tmp_path / "drawn", tmp_path / "scored"
    for name in NAMES:
        put_picture(drawn / "panels" / name)
    (drawn / "generated.json").write_text(json.dumps(ORIGIN))
    (drawn / "keypoints.csv").write_text("old")
    before = state_of(drawn)
    with open_scores(drawn) as folder:
        folder.claim_panels(ORIGIN, NAMES)
    assert before.items() <= state_of(drawn).items()
    with open_scores(drawn) as folder:
        assert not list(folder.claim_panels(OTHER, NAMES).iterdir())
    scored.mkdir()
    report = dict.fromkeys(("format", "pairs", "protocols", "controls", "versions"), 1)
    (scored / "metrics.json").write_text(json.dumps(report))
    with open_scores(scored) as folder:
        folder.claim(["metrics.json"])


def test_a_second_writer_is_refused(tmp_path: Path) -> None:
    with (
        open_scores(tmp_path),
        pytest.raises(LockedError, match=str(os.getpid())),
        open_scores(tmp_path),
    ):
        raise AssertionError("opened twice")
