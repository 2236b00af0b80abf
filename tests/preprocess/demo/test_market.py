"""draw-market: layout, repeatability, resumption and refusals."""

from __future__ import annotations

import contextlib
import csv
import errno
import hashlib
import os
import subprocess

import numpy as np
import pytest
from commands import call, program
from disks import FailingDisk
from PIL import Image
from poses import random_poses
from truth_files import read_truth

from data_manifest.published_files import read_keypoints, write_keypoints
from preprocess.demo.drawing import blocks
from preprocess.demo.market import DrawSettings, draw_market
from preprocess.sources.drawn import is_drawn
from shared.console import Console
from shared.errors import LockedError, NoSpaceError, UsageError
from shared.files import read_json
from shared.folder_lock import folder_lock
from shared.geometry import presence

pytestmark = pytest.mark.long

SMALL = DrawSettings(identities=4, images_per_identity=5, seed=3)


def draw(out, settings=SMALL, **options):
    draw_market(settings, out, Console(quiet=True), **options)


def hashes(root):
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file() and path.name != ".lock"
    }


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    out = tmp_path_factory.mktemp("drawn") / "market"
    draw(out)
    return out


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK_IMAGES", 7)


def test_the_folder_is_laid_out_like_market_1501(drawn):
    counts = {
        folder: len(list((drawn / folder).glob("*.jpg")))
        for folder in ("bounding_box_train", "bounding_box_test", "query")
    }
    assert counts["bounding_box_train"] == 10
    assert counts["bounding_box_test"] == 10 + 3 + 2
    assert counts["query"] >= 4
    for path in (drawn / "bounding_box_train").iterdir():
        with Image.open(path) as image:
            assert (image.format, image.size, image.mode) == ("JPEG", (64, 128), "RGB")
    assert is_drawn(drawn)
    assert (drawn / "contact-sheet.jpg").stat().st_size > 10_000
    assert not (drawn / ".drawing").exists()
    assert read_json(drawn / "draw-market.json")["settings"]["seed"] == 3


@pytest.mark.parametrize("split", ["train", "test"])
def test_key_points_are_true_and_belong_to_the_pictures(drawn, split):
    table, truth = (
        read_keypoints(drawn / f"keypoints-{split}.csv"),
        read_truth(drawn / f"visibility-{split}.csv"),
    )
    assert table.names == truth.names
    folders = {"train": ["bounding_box_train"], "test": ["bounding_box_test", "query"]}[split]
    assert set(table.names) == {p.name for f in folders for p in (drawn / f).iterdir()}
    present = presence(table.joints)
    assert np.abs(table.joints - truth.joints)[present].max() <= 0.51
    assert 0.2 < present.mean() < 0.95


@pytest.mark.process
def test_workers_change_no_byte(tmp_path, drawn, small_blocks):
    draw(tmp_path / "two", workers=2)
    assert hashes(tmp_path / "two") == hashes(drawn)


def test_another_seed_draws_other_pictures(tmp_path, drawn):
    draw(tmp_path / "other", DrawSettings(identities=4, images_per_identity=5, seed=4))
    mine, other = hashes(drawn), hashes(tmp_path / "other")
    assert not set(mine.values()) & set(other.values())


@pytest.mark.parametrize("fail_at", [0, 3, 40, 95, 140, 171])
@pytest.mark.long
def test_a_run_that_a_full_disk_stopped_is_continued_to_the_same_bytes(
    tmp_path, drawn, small_blocks, fail_at
):
    out = tmp_path / "out"
    with pytest.raises(NoSpaceError):
        draw(out, disk=FailingDisk(fail_at, errno.ENOSPC))
    assert not (out / "draw-market.json").exists()
    draw(out)
    assert hashes(out) == hashes(drawn)


def killed_runs(out, repository, count, rng):
    """Start the command ``count`` times and kill it within a second or so."""
    command = program("draw-market", "--out", out, "--identities", 4, "--images-per-identity", 5)
    command += ["--seed", "3", "--workers", "1"]
    environment = {**os.environ, "PYTHONPATH": str(repository)}
    for _ in range(count):
        process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(rng.uniform(0.4, 2.0))
        process.kill()
        process.wait()


@pytest.mark.process
def test_killed_runs_are_continued_to_the_same_bytes(tmp_path, drawn, repository, rng):
    killed_runs(tmp_path / "out", repository, 3, rng)
    draw(tmp_path / "out")
    assert hashes(tmp_path / "out") == hashes(drawn)


@pytest.mark.promises
def test_many_killed_runs_lose_nothing(tmp_path, drawn, repository, rng):
    for number in range(25):
        out = tmp_path / f"out-{number}"
        killed_runs(out, repository, 2, rng)
        draw(out)
        assert hashes(out) == hashes(drawn)


def test_finished_blocks_are_not_drawn_again(tmp_path, small_blocks):
    out = tmp_path / "out"
    with pytest.raises(NoSpaceError):
        draw(out, disk=FailingDisk(120, errno.ENOSPC))
    done = list(out.glob("*/*.jpg"))
    times = {path: path.stat().st_mtime_ns for path in done}
    draw(out)
    kept = sum(path.stat().st_mtime_ns == times[path] for path in done)
    assert kept >= 7


def test_a_finished_folder_is_left_alone(drawn):
    before = {path: path.stat().st_mtime_ns for path in drawn.rglob("*.jpg")}
    draw(drawn)
    assert before == {path: path.stat().st_mtime_ns for path in drawn.rglob("*.jpg")}


@pytest.mark.long
def test_other_settings_are_refused_and_overwrite_draws_anew(tmp_path):
    out = tmp_path / "out"
    draw(out)
    other = DrawSettings(identities=4, images_per_identity=4, seed=3)
    with pytest.raises(UsageError, match="images_per_identity: was 5, now 4"):
        draw(out, other)
    draw(out, other, overwrite=True)
    draw(tmp_path / "fresh", other)
    assert hashes(out) == hashes(tmp_path / "fresh")


def test_a_folder_with_images_of_others_is_never_touched(tmp_path):
    photo = tmp_path / "bounding_box_train" / "0002_c1s1_000451_03.jpg"
    photo.parent.mkdir()
    photo.write_bytes(b"a photo")
    for overwrite in (False, True):
        with pytest.raises(UsageError, match="draw-market made"):
            draw(tmp_path, overwrite=overwrite)
    assert photo.read_bytes() == b"a photo"


def test_a_dry_run_writes_nothing(tmp_path):
    draw(tmp_path / "out", dry_run=True)
    assert list(tmp_path.iterdir()) == []


def test_a_second_run_is_refused(tmp_path):
    with folder_lock(tmp_path), pytest.raises(LockedError):
        draw(tmp_path)


def test_given_poses_give_names_joints_and_their_order(tmp_path, rng):
    poses = np.clip(random_poses(rng, 5), 0, (63, 127))
    names = tuple(f"{number:04d}_c{number}s1_000451_03.jpg" for number in (5, 2, 4, 1, 6))
    write_keypoints(tmp_path / "poses.csv", names, poses)
    settings = DrawSettings(
        identities=4, images_per_identity=2, seed=1, poses=tmp_path / "poses.csv"
    )
    draw(tmp_path / "out", settings)
    table = read_keypoints(tmp_path / "out" / "keypoints-train.csv")
    assert table.names == names
    assert np.array_equal(
        table.joints, read_keypoints(tmp_path / "poses.csv").joints, equal_nan=True
    )
    truth = read_truth(tmp_path / "out" / "visibility-train.csv")
    assert np.isfinite(truth.joints).all()
    assert not truth.visible[~presence(table.joints)].any()
    test = {name[:4] for name in read_keypoints(tmp_path / "out" / "keypoints-test.csv").names}
    assert not test & {name[:4] for name in names}


def test_test_poses_fill_the_test_folders(tmp_path, rng):
    for split, numbers in (("train", (2, 4)), ("test", (3, 5))):
        names = tuple(f"{number:04d}_c1s1_000451_03.jpg" for number in numbers)
        write_keypoints(tmp_path / f"{split}.csv", names, random_poses(rng, 2, missing=0.0) % 60)
    settings = DrawSettings(poses=tmp_path / "train.csv", test_poses=tmp_path / "test.csv")
    draw(tmp_path / "out", settings)
    test = [path.name for path in (tmp_path / "out" / "bounding_box_test").iterdir()]
    assert sorted(test) == ["0003_c1s1_000451_03.jpg", "0005_c1s1_000451_03.jpg"]
    shared = DrawSettings(poses=tmp_path / "train.csv", test_poses=tmp_path / "train.csv")
    with pytest.raises(UsageError, match="0002"):
        draw(tmp_path / "other", shared)


@pytest.mark.parametrize(
    "wrong", [{"identities": 3}, {"images_per_identity": 1}, {"seed": -1}, {"identities": 10_000}]
)
def test_settings_out_of_range_are_refused(wrong):
    with pytest.raises(UsageError, match="expected a whole number from"):
        DrawSettings(**wrong)


def test_the_command_takes_a_config_file_and_refuses_unknown_keys(tmp_path):
    (tmp_path / "good.toml").write_text("identities = 4\nimages-per-identity = 2\n")
    (tmp_path / "bad.toml").write_text("identitys = 4\n")
    options = ["--out", tmp_path / "out", "--dry-run"]
    good = call("draw-market", *options, "--config", tmp_path / "good.toml")
    assert good.exit_code == 0
    assert "4 in bounding_box_train" in good.output
    bad = call("draw-market", *options, "--config", tmp_path / "bad.toml")
    assert bad.exit_code == 2
    assert "did you mean 'identities'" in bad.output


def test_a_larger_data_set_with_several_people_tells_the_joints_of_all(tmp_path):
    settings = DrawSettings(
        identities=4, images_per_identity=2, seed=3, size=(200, 100), people=3, world="varied"
    )
    draw(tmp_path / "out", settings)
    for split, folders in (
        ("train", ["bounding_box_train"]),
        ("test", ["bounding_box_test", "query"]),
    ):
        pictures = {p.name for f in folders for p in (tmp_path / "out" / f).iterdir()}
        with (tmp_path / "out" / f"people-{split}.csv").open() as stream:
            rows = list(csv.DictReader(stream))
        truth = read_truth(tmp_path / "out" / f"visibility-{split}.csv")
        named = [row for row in rows if row["person"] == "0"]
        assert [row["name"] for row in named] == list(truth.names)
        assert {row["name"] for row in rows} == pictures
        for row, joints in zip(named, truth.joints, strict=True):
            told = [row["neck_x"], row["neck_y"]]
            if np.isfinite(joints[1]).all():
                assert [float(value) for value in told] == joints[1].tolist()
                others = [other["person"] for other in rows if other["name"] == row["name"]]
                assert others == ["0", "1", "2"]
            else:  # a place without anybody
                assert told == ["", ""]
    with Image.open(next((tmp_path / "out" / "query").iterdir())) as image:
        assert image.size == (100, 200)
    before = hashes(tmp_path / "out")
    assert "people-train.csv" in before
    draw(tmp_path / "out", settings)
    assert hashes(tmp_path / "out") == before


def test_a_faulty_detector_shifts_joints_and_changes_neither_pictures_nor_truth(tmp_path, drawn):
    faulty = DrawSettings(identities=4, images_per_identity=5, seed=3, detector="faulty")
    draw(tmp_path / "out", faulty)
    mine, true = hashes(tmp_path / "out"), hashes(drawn)
    told = {"keypoints-train.csv", "keypoints-test.csv", "draw-market.json"}
    assert {name for name in true if mine[name] != true[name]} == told
    moves = []
    for split in ("train", "test"):
        table = read_keypoints(tmp_path / "out" / f"keypoints-{split}.csv")
        truth = read_truth(tmp_path / "out" / f"visibility-{split}.csv")
        moves.append(np.abs(table.joints - truth.joints)[presence(table.joints)].max(axis=1))
    moved = np.concatenate(moves)
    assert 0.7 < np.median(moved) < 2.5
    assert 0.002 < (moved > 8).mean() < 0.08


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"size": (16, 16)}, "--size: expected HEIGHTxWIDTH"),
        ({"size": (512, 64)}, "a width of 0.25 to 3.0 times the height"),
        ({"people": 0}, "a whole number from 1"),
        ({"world": "real"}, "demo"),
        ({"people": 2, "poses": "poses.csv"}, "128 by 64 with one person"),
    ],
)
def test_what_cannot_be_drawn_is_refused(wrong, said, tmp_path):
    (tmp_path / "poses.csv").touch()
    given = {**wrong, **({"poses": tmp_path / "poses.csv"} if "poses" in wrong else {})}
    with pytest.raises(UsageError, match=said):
        DrawSettings(**given)
