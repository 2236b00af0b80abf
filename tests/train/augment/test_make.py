"""The augmented folder: what is in it, who reads it, and that it always ends the same."""

from __future__ import annotations

import errno
import io
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from augmented import TRAIN, augment, files_of, names_in, table_of, typed
from commands import call
from disks import FailingDisk
from PIL import Image, JpegImagePlugin
from reid_twins import by_copies, by_pattern, scored

from data_manifest.shard import open_shard
from shared.errors import NoSpaceError
from shared.files import Disk
from train.augment.blocks import jpeg_of
from train.inference.painter import open_painter

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("small_blocks")]


def test_every_tool_reads_real_and_generated_images_of_the_same_people(
    data: Path, tmp_path: Path
) -> None:
    out = augment(data, tmp_path / "out")
    assert call("check-reid", out).exit_code == 0
    real, seen = by_pattern(data / "real"), by_pattern(out)
    assert len(seen["train"]) == 3 * len(real["train"]) == 24
    assert sorted(seen["query"]) == sorted(real["query"])
    assert sorted(seen["gallery"]) == sorted(real["gallery"])
    assert all(scored(query, seen["gallery"]) for query in seen["query"])
    by_name = {name: label for name, *label in real["train"]}
    for name, *label in seen["train"]:
        assert label == by_name[re.sub(r"g\d\.jpg$", ".jpg", name)]
    assert len(by_copies(out, tmp_path / "copies")["train"]) == 24


def test_the_folders_of_identities_are_read_as_they_are_meant(data: Path, tmp_path: Path) -> None:
    out = augment(data, tmp_path / "out", layout="folders")
    assert call("check-reid", out).exit_code == 0
    train, val = out / "pytorch" / "train", out / "pytorch" / "val"
    assert names_in(train) == names_in(val) == {"0002", "0003"}
    for person in ("0002", "0003"):
        assert len(names_in(val / person)) == 1
        assert len(names_in(train / person)) == 3 + 8
        assert not names_in(val / person) & names_in(train / person)


def test_a_person_of_one_image_is_trained_on_and_validated(data: Path, tmp_path: Path) -> None:
    market = shutil.copytree(data / "real", tmp_path / "market")
    alone = "0009_c1s1_000001_00.jpg"
    shutil.copy(next((market / TRAIN).iterdir()), market / TRAIN / alone)
    out = augment(data, tmp_path / "out", layout="folders", market=market)
    for part in ("train", "val"):
        assert names_in(out / "pytorch" / part / "0009") == {alone}
    assert call("check-reid", out).exit_code == 0


def test_the_list_has_a_label_for_each_image(data: Path, tmp_path: Path) -> None:
    out = augment(data, tmp_path / "out", layout="list")
    assert call("check-reid", out).exit_code == 0
    lines = [line.split() for line in (out / "train.list").read_text().splitlines()]
    assert len(lines) == 24 and all((out / place).is_file() for place, _ in lines)
    assert {(place[7:11], label) for place, label in lines} == {("0002", "0"), ("0003", "1")}


def test_pictures_are_what_the_painter_draws_as_jpeg_of_full_colour(
    data: Path, tmp_path: Path
) -> None:
    out = augment(data, tmp_path / "out")
    painter = open_painter(data / "run", device="cpu")
    with open_shard(data / "shards" / "train-00000.h5") as shard:
        rows = {name.decode(): row for row, name in enumerate(shard.names.tolist())}
        images, joints = shard.images, shard.joints
    table = table_of(out)
    for row in (0, 7, 15):
        source, target = (rows[table.loc[row, column]] for column in ("source", "target"))
        drawn = painter.draw(
            images[source][None], joints[source][None], joints[target][None], paste=True
        )
        found = np.asarray(Image.open(out / table.loc[row, "file"])).astype(int)
        expected = np.asarray(Image.open(io.BytesIO(jpeg_of(drawn[0])))).astype(int)
        assert np.abs(found - expected).max() <= 3  # a batch of one may round the other way
    with Image.open(out / table.loc[0, "file"]) as picture:
        assert JpegImagePlugin.get_sampling(picture) == 0
        stream = io.BytesIO()
        Image.new("RGB", (16, 16)).save(stream, "JPEG", quality=95)
        assert picture.quantization == Image.open(stream).quantization  # type: ignore[attr-defined]


def test_the_table_says_where_each_picture_came_from(data: Path, tmp_path: Path) -> None:
    out = augment(data, tmp_path / "out", seed=5)
    table = table_of(out)
    painter = open_painter(data / "run", device="cpu")
    assert set(table["model"]) == {painter.origin["sha256"]} and set(table["seed"]) == {5}
    assert table["kept"].eq(1).all() and table["distance"].isna().all()
    assert set(table["source"]) == names_in(data / "real" / TRAIN)
    assert (table["source"] != table["target"]).all()
    for column, name in (("identity", "source"), ("target_identity", "target")):
        assert table[column].tolist() == [int(text[:4]) for text in table[name]]
    assert table["camera"].eq(1).all() and table["pose_change"].gt(0).all()
    assert [(out / name).is_file() for name in table["file"]] == [True] * 16


def test_the_same_command_again_finds_nothing_to_do(data: Path, tmp_path: Path) -> None:
    out = augment(data, tmp_path / "out")
    before = files_of(out)
    again = typed(data, out, "--per-image", 2)
    assert again.exit_code == 0 and "is finished already" in again.stdout
    (out / TRAIN / table_of(out)["file"][3].split("/")[1]).unlink()
    augment(data, out)
    assert files_of(out) == before


def test_another_request_is_refused_until_it_may_replace(data: Path, tmp_path: Path) -> None:
    out = augment(data, tmp_path / "out")
    other = typed(data, out, "--per-image", 2, "--seed", 1)
    assert other.exit_code == 2
    assert "expected an empty folder or one of the same settings, found seed" in other.stderr
    original = files_of(data / "real")
    augment(data, out, layout="list", overwrite=True)
    augment(data, tmp_path / "fresh", layout="list")
    assert files_of(out) == files_of(tmp_path / "fresh")
    assert files_of(data / "real") == original


@pytest.mark.parametrize("layout", ["market", "list"])
def test_whatever_fails_the_same_command_ends_in_the_same_folder(
    data: Path, tmp_path: Path, layout: str
) -> None:
    expected = files_of(augment(data, tmp_path / "whole", layout=layout))
    counting = FailingDisk(-1, errno.ENOSPC)
    augment(data, tmp_path / "counted", counting, layout=layout)
    out = tmp_path / "out"
    for fail_at in np.linspace(2, counting.calls - 1, 7).astype(int).tolist():
        try:
            augment(data, out, FailingDisk(fail_at, errno.ENOSPC), layout=layout)
        except NoSpaceError:
            continue
        break  # what earlier tries left was enough
    augment(data, out, layout=layout)
    assert files_of(out) == expected


def test_a_torn_or_lost_block_is_drawn_again(data: Path, tmp_path: Path) -> None:
    expected = files_of(augment(data, tmp_path / "whole"))

    class Dying(Disk):
        def rename(self, old: Path, new: Path) -> None:
            if new.name.endswith("g2.jpg"):
                raise KeyboardInterrupt
            super().rename(old, new)

    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        augment(data, out, Dying())
    blocks = sorted((out / ".augment").glob("block-*"))
    assert len(blocks) == 4
    blocks[0].write_bytes(blocks[0].read_bytes()[:-7])
    blocks[1].unlink()
    augment(data, out)
    assert files_of(out) == expected and not (out / ".augment").exists()


def test_real_images_are_linked_or_copied(data: Path, tmp_path: Path) -> None:
    name = min(names_in(data / "real" / TRAIN))
    original = (data / "real" / TRAIN / name).stat()
    linked, copied = (augment(data, tmp_path / how, real=how) for how in ("link", "copy"))
    assert (linked / TRAIN / name).stat().st_ino == original.st_ino
    assert (copied / TRAIN / name).stat().st_ino != original.st_ino
    for folder in (TRAIN, "query", "bounding_box_test"):
        assert files_of(linked / folder) == files_of(copied / folder)


def test_originals_that_are_links_are_copied(data: Path, tmp_path: Path) -> None:
    market = shutil.copytree(data / "real", tmp_path / "market")
    name = min(names_in(market / TRAIN))
    (market / TRAIN / name).rename(tmp_path / name)
    (market / TRAIN / name).symlink_to(tmp_path / name)
    out = augment(data, tmp_path / "out", market=market)
    assert not (out / TRAIN / name).is_symlink()
    assert (out / TRAIN / name).read_bytes() == (tmp_path / name).read_bytes()


def test_what_no_tool_should_read_is_left_out_and_said(data: Path, tmp_path: Path) -> None:
    market = shutil.copytree(data / "real", tmp_path / "market")
    (market / TRAIN / "0002_c1s1_000900_00.jpg").write_bytes(b"torn")
    (market / TRAIN / "holiday.jpg").write_bytes(b"no name")
    (market / "query" / "-1_c1s1_000001_00.jpg").write_bytes(b"junk")
    (market / "query" / "0005_c1s1_000001_00.png").write_bytes(b"no JPEG")
    (market / TRAIN / "Thumbs.db").write_bytes(b"nobody minds")
    (market / TRAIN / "loop.jpg").symlink_to(market / TRAIN / "loop.jpg")
    words = ("--market", market)
    done = typed(data, tmp_path / "out", *words)
    assert done.exit_code == 0, done.stderr
    assert "5 of its files are left out: 0002_c1s1_000900_00.jpg: not an image" in done.stderr
    assert call("check-reid", tmp_path / "out").exit_code == 0


def test_names_that_tools_refuse_are_warned_of(data: Path, tmp_path: Path) -> None:
    done = typed(data, tmp_path / "9999_c9", "--dry-run")
    assert done.exit_code == 0
    assert "refuse 8 of these names: the folder's own path is read as" in done.stderr


def test_a_dry_run_writes_nothing(data: Path, tmp_path: Path) -> None:
    done = typed(data, tmp_path / "out", "--dry-run", "--per-image", 3)
    assert done.exit_code == 0 and "24 pictures of 8 images of 2 people" in done.stdout
    assert not (tmp_path / "out").exists()


def test_files_of_others_stay(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    (out / TRAIN).mkdir(parents=True)
    stranger = out / TRAIN / "0002_c1s1_000000_00g1.jpg"
    stranger.write_text("mine")
    assert typed(data, out).exit_code == 2 and stranger.read_text() == "mine"
    shutil.rmtree(out)
    augment(data, out)
    extra = out / TRAIN / "0002_c1s1_000000_00g3.jpg"
    extra.write_text("mine")
    augment(data, out, seed=2, overwrite=True)
    assert extra.read_text() == "mine"
    wider = typed(data, out, "--per-image", 3, "--overwrite")
    assert wider.exit_code == 2 and "expected a free name" in wider.stderr
    assert extra.read_text() == "mine" and stranger.is_file()


@pytest.mark.parametrize("place", ["shards", "real", "real/bounding_box_train/out"])
def test_nothing_is_written_into_what_is_read(data: Path, place: str) -> None:
    before = files_of(data / "real")
    done = typed(data, data / place)
    assert done.exit_code == 2 and "expected a folder beside what is read" in done.stderr
    assert files_of(data / "real") == before


def test_another_data_set_is_refused_by_the_names_that_it_lacks(data: Path, tmp_path: Path) -> None:
    market = shutil.copytree(data / "real", tmp_path / "market")
    (market / TRAIN / "0002_c1s1_000000_00.jpg").unlink()
    done = typed(data, tmp_path / "out", "--market", market)
    assert done.exit_code == 2
    assert "found 1 of 8 missing: '0002_c1s1_000000_00.jpg'; name the data set" in done.stderr
    missing = typed(data, tmp_path / "out", "--market", data / "person")
    assert missing.exit_code == 2 and "bounding_box_train" in missing.stderr


def test_a_data_set_with_generated_images_is_refused(data: Path, tmp_path: Path) -> None:
    again = typed(data, tmp_path / "out", "--market", augment(data, tmp_path / "first"))
    assert again.exit_code == 2
    assert "expected names that are free, found 8 there already" in again.stderr


def test_poses_come_from_the_shards_and_not_from_a_test_image(data: Path, tmp_path: Path) -> None:
    table = table_of(augment(data, tmp_path / "out", per_image=7))
    assert set(table["target"]) == names_in(data / "real" / TRAIN)
