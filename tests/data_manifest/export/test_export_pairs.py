"""Shards in the forms that other systems read, and the way back into equal shards."""

from __future__ import annotations

import errno
import json
import shutil
import tarfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from commands import call
from disks import FailingDisk
from drawn_shards import publish_shards
from small_market import SMALLEST_SHARDS, SmallMarket, hashes, make_market, prepare

from data_manifest.export.folder import export_pairs
from data_manifest.export.trees import TREES
from data_manifest.manifest import open_manifest
from data_manifest.settings import ExportSettings
from data_manifest.shard import read_shard
from data_manifest.tables import load_pairs
from shared.console import Console
from shared.errors import NoSpaceError
from shared.pictures import decode_rgb

SPLITS = ("train", "test")
LISTS = {"pose-gan": ".", "gfla": "dataset/market", "pcdms": ".", "nted": "."}


@pytest.fixture
def market(tmp_path: Path) -> SmallMarket:
    """A data set with a distractor that enters no shard, and shuffled key points."""
    market = make_market(tmp_path / "source", identities=4, size=(128, 64))
    extra = market.folder("test") / "0000_c1s1_000001_00.jpg"
    extra.write_bytes((market.folder("test") / market.names["test"][0]).read_bytes())
    return market


@pytest.fixture
def shards(market: SmallMarket, tmp_path: Path) -> Path:
    return prepare(market, tmp_path / "shards", shards={"num_test_pairs": 20})


def exported(shards: Path, out: Path, form: str, *more: object) -> Path:
    done = call("export-pairs", shards, "--format", form, "--out", out, *more)
    assert done.exit_code == 0, done.stderr
    return out


def prepared_again(folder: Path, lists: Path, out: Path, *more: object) -> Path:
    given = [f"--keypoints={lists}/market-annotation-{split}.csv" for split in SPLITS]
    given += [f"--{split}-pairs={lists}/market-pairs-{split}.csv" for split in SPLITS]
    done = call(
        "prep-market", "--src", folder, "--out", out, *given, "--shard-size", f"{SMALLEST_SHARDS}B",
        "--workers", 1, *more,
    )  # fmt: skip
    assert done.exit_code == 0, done.stderr
    return out


def files_of(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    }


@pytest.mark.parametrize("form", TREES)
def test_shards_that_are_made_of_an_export_are_the_same_to_the_bit(
    form: str, shards: Path, tmp_path: Path
) -> None:
    out = exported(shards, tmp_path / form, form)
    again = prepared_again(out, out / LISTS[form], tmp_path / "again")
    assert len(hashes(shards)) > 2
    assert hashes(again) == hashes(shards)
    for split in SPLITS:
        pd.testing.assert_frame_equal(load_pairs(again, split), load_pairs(shards, split))


def test_joints_between_pixels_come_back_the_same_and_are_told(
    market: SmallMarket, tmp_path: Path
) -> None:
    """A pose model's joints are no whole pixels; its scores are in no published file."""
    shards = prepare(market, tmp_path / "shards", keypoints=False)
    done = call("export-pairs", shards, "--format", "pose-gan", "--out", tmp_path / "out")
    assert "joints are no whole pixels: written with all decimals" in done.stdout
    again = prepared_again(tmp_path / "out", tmp_path / "out", tmp_path / "again")
    for file in hashes(shards):
        first, second = read_shard(shards / file), read_shard(again / file)
        for name in ("images", "joints", "quads", "names", "identities", "cameras"):
            np.testing.assert_array_equal(getattr(first, name), getattr(second, name), name)
        for name in ("pairs", "pair_order", "status"):
            np.testing.assert_array_equal(getattr(first, name), getattr(second, name), name)
        np.testing.assert_array_equal(first.transforms, second.transforms)


def test_whole_pixels_are_the_published_form_to_the_letter(
    market: SmallMarket, tmp_path: Path
) -> None:
    shards = prepare(market, tmp_path / "shards", keypoints=False)
    out = exported(shards, tmp_path / "out", "pose-gan", "--whole-pixels")
    lines = (out / "market-annotation-train.csv").read_text().splitlines()
    assert lines[0] == "name:keypoints_y:keypoints_x"
    arrays = read_shard(shards / "train-00000.h5")
    name, ys, xs = lines[1].split(":")
    expected = np.where(arrays.present[0], np.rint(arrays.joints[0]).T, -1).astype(int)
    assert name == arrays.names[0].decode()
    assert json.loads(xs) == expected[0].tolist() and json.loads(ys) == expected[1].tolist()


def test_original_files_are_copied_and_others_become_png(
    market: SmallMarket, shards: Path, tmp_path: Path
) -> None:
    changed = market.folder("train") / market.names["train"][0]
    changed.write_bytes((market.folder("train") / market.names["train"][1]).read_bytes())
    (market.folder("test") / market.names["test"][1]).unlink()
    folders = [part for split in SPLITS for part in ("--originals", market.folder(split))]
    out = exported(shards, tmp_path / "out", "pcdms", *folders)
    again = prepared_again(out, out, tmp_path / "again")
    assert hashes(again) == hashes(shards)
    odd = {market.names["train"][0], market.names["test"][1]}
    for split in SPLITS:
        for name in market.names[split]:
            data = (out / split / name).read_bytes()
            assert data.startswith(b"\x89PNG") == (name in odd)
            if name not in odd:
                assert data == (market.folder(split) / name).read_bytes()


def test_every_system_finds_the_pairs_of_the_list_in_its_own_file(
    shards: Path, tmp_path: Path
) -> None:
    outs = {form: exported(shards, tmp_path / form, form) for form in TREES}
    for split in SPLITS:
        table = load_pairs(shards, split)
        pairs = list(zip(table["from"], table["to"], strict=True))
        records = json.loads((outs["pcdms"] / f"{split}_data.json").read_text())
        assert [(each["source_image"], each["target_image"]) for each in records] == pairs
        lines = (outs["nted"] / f"{split}_pairs.txt").read_text().splitlines()
        assert [tuple(reversed(line.split(","))) for line in lines] == pairs
        gfla = outs["gfla"] / "dataset" / "market"
        listed = (gfla / f"{split}.lst").read_text().splitlines()
        assert sorted(listed) == sorted(path.name for path in (gfla / split).iterdir())
        images = outs["pose-gan"] / "market-dataset" / split
        assert {path.name for path in images.iterdir()} == set(listed)


def members(folder: Path, split: str) -> dict[str, bytes]:
    """Every file of a split's tar files, in their order."""
    found: dict[str, bytes] = {}
    for path in sorted(folder.glob(f"{split}-*.tar")):
        with tarfile.open(path) as tar:
            for member in tar:
                stream = tar.extractfile(member)
                assert stream is not None and member.name not in found
                assert (member.mtime, member.uid, member.gid, member.uname) == (0, 0, 0, "")
                found[member.name] = stream.read()
    return found


def test_tar_files_hold_every_pair_with_its_images_and_facts(shards: Path, tmp_path: Path) -> None:
    out = exported(shards, tmp_path / "out", "webdataset", "--pairs-per-tar", 7)
    fields = json.loads((out / "export.json").read_text())["fields"]
    for split in SPLITS:
        found = members(out, split)
        count = 0
        for entry in open_manifest(shards).of_split(split):
            arrays = read_shard(shards / entry.file)
            for pair, (source, target) in enumerate(arrays.pairs.tolist()):
                key = f"{arrays.pair_order[pair]:08d}"
                for side, row in (("source", source), ("target", target)):
                    picture = decode_rgb(found[f"{key}.{side}.jpg"])
                    np.testing.assert_array_equal(picture, arrays.images[row])
                facts = json.loads(found[f"{key}.json"])
                assert facts.keys() == fields.keys()
                assert facts["source"] == arrays.names[source].decode()
                assert facts["target"] == arrays.names[target].decode()
                assert facts["target_camera"] == arrays.cameras[target]
                joints = [[np.nan] * 2 if xy is None else xy for xy in facts["source_joints"]]
                np.testing.assert_array_equal(np.float32(joints), arrays.joints[source])
                for part, matrix in enumerate(facts["transforms"]):
                    assert (matrix is None) == (arrays.status[pair, part] == 0)
                    if matrix is not None:
                        expected = arrays.transforms[pair, part]
                        np.testing.assert_array_equal(np.float32(matrix), expected)
                count += 1
        assert len(found) == 3 * count == 3 * open_manifest(shards).num_pairs(split)


def test_the_library_webdataset_reads_the_tar_files(tmp_path: Path) -> None:
    webdataset = pytest.importorskip("webdataset", reason="allowed: needs webdataset")
    shards = publish_shards(tmp_path / "shards", train_shards=1)
    out = exported(shards, tmp_path / "out", "webdataset")
    samples = list(webdataset.WebDataset(str(out / "train-00000.tar"), shardshuffle=False))
    assert len(samples) == open_manifest(shards).num_pairs("train")
    assert {"source.jpg", "target.jpg", "json"} <= samples[0].keys()


@pytest.mark.parametrize("form", ["gfla", "webdataset"])
def test_the_same_export_has_the_same_bytes_and_goes_on_where_files_are_missing(
    form: str, tmp_path: Path
) -> None:
    shards = publish_shards(tmp_path / "shards", train_shards=2)
    first = files_of(exported(shards, tmp_path / "first", form))
    second = exported(shards, tmp_path / "second", form)
    assert files_of(second) == first
    for name in sorted(first)[::2]:
        (second / name).unlink()
    assert files_of(exported(shards, second, form)) == first
    untouched = {path: path.stat().st_mtime_ns for path in second.rglob("*") if path.is_file()}
    done = call("export-pairs", shards, "--format", form, "--out", second)
    assert "finished already" in done.stdout
    for path, time in untouched.items():
        assert path.stat().st_mtime_ns == time or path.name == ".lock"


@pytest.mark.parametrize("form", ["gfla", "webdataset"])
def test_whatever_call_to_the_disk_fails_the_same_command_ends_the_same(
    form: str, tmp_path: Path
) -> None:
    shards = publish_shards(tmp_path / "shards", train_shards=1, images=2)
    first = files_of(exported(shards, tmp_path / "first", form))
    last = FailingDisk(10**9, errno.ENOSPC)
    out = tmp_path / "out"
    settings = ExportSettings(shards=shards, format=form, out=out)
    export_pairs(settings, Console(quiet=True), last)
    for fail_at in range(0, last.calls, 17):
        shutil.rmtree(out)
        with pytest.raises(NoSpaceError):
            export_pairs(settings, Console(quiet=True), FailingDisk(fail_at, errno.ENOSPC))
        export_pairs(settings, Console(quiet=True))
        assert files_of(out) == first, fail_at
        assert not list(out.rglob("*.posegan.part"))


def test_another_export_is_replaced_only_where_that_is_asked_for(tmp_path: Path) -> None:
    shards = publish_shards(tmp_path / "shards", train_shards=1)
    out = exported(shards, tmp_path / "out", "gfla")
    before = files_of(out)
    done = call("export-pairs", shards, "--format", "nted", "--out", out)
    assert done.exit_code == 2 and "format: was gfla, now nted" in done.stderr
    assert files_of(out) == before
    exported(shards, out, "nted", "--overwrite")
    assert files_of(out) == files_of(exported(shards, tmp_path / "other", "nted"))


def test_a_dry_run_says_what_would_be_written_and_writes_nothing(tmp_path: Path) -> None:
    shards = publish_shards(tmp_path / "shards", train_shards=1)
    done = call("export-pairs", shards, "--format", "nted", "--out", tmp_path / "o", "--dry-run")
    assert done.exit_code == 0 and not (tmp_path / "o").exists()
    assert "train: 8 images, 24 pairs" in done.stdout
    said = int(done.stdout.partition("about ")[2].partition(" bytes")[0].replace(",", ""))
    real = sum(map(len, files_of(exported(shards, tmp_path / "o", "nted")).values()))
    assert real / 2 < said < real * 2


def test_a_damaged_shard_is_exit_code_6_and_nothing_is_left(tmp_path: Path) -> None:
    shards = publish_shards(tmp_path / "shards", train_shards=1)
    path = shards / "train-00000.h5"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    for form in ("gfla", "webdataset"):
        done = call("export-pairs", shards, "--format", form, "--out", tmp_path / "out")
        assert done.exit_code == 6, done.stderr
        assert not (tmp_path / "out").exists()


def test_strangers_files_stay_and_missing_folders_come_back(tmp_path: Path) -> None:
    shards = publish_shards(tmp_path / "shards", train_shards=1)
    out = exported(shards, tmp_path / "out", "nted")
    before = files_of(out)
    stranger = out / "train" / "mine.txt"
    stranger.write_text("the only copy")
    shutil.rmtree(out / "test")
    exported(shards, out, "nted")
    assert stranger.read_text() == "the only copy"
    stranger.unlink()
    assert files_of(out) == before


def test_what_cannot_be_is_refused_in_one_line(tmp_path: Path) -> None:
    shards = publish_shards(tmp_path / "shards", train_shards=1)
    out = tmp_path / "out"
    into = call("export-pairs", shards, "--format", "nted", "--out", shards / "nted")
    assert into.exit_code == 2 and "expected a folder beside what is read" in into.stderr
    both = call("export-pairs", shards, "--format=webdataset", "--out", out, "--whole-pixels")
    assert both.exit_code == 2 and both.stderr.startswith("error: --whole-pixels: expected")
