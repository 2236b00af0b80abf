"""Kinds of data sets: each is found by itself, read by its own rules, and told from the others."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_market import image_name

from preprocess.settings import SourceSettings
from preprocess.sources.deepfashion import flat_name, identity_of
from preprocess.sources.msmt17 import TEST_FROM
from preprocess.sources.registry import SOURCES, find_source
from shared.errors import UsageError

FLAT = "fashionWOMENDressesid0000000202_1front.jpg"
NAMES = {
    "market1501": (
        f"bounding_box_train/{image_name(2, 1, 5)}",
        f"bounding_box_test/{image_name(3, 1, 5)}",
    ),
    "cuhk03": (
        "bounding_box_train/0003_c1_21.png",
        "bounding_box_train/-1_c2_4.png",
        "bounding_box_test/0005_c2_f0046985.jpg",
        "query/0005_c1_3.png",
    ),
    "msmt17": (
        "train/0000/0000_000_01_0303morning_0015_0.jpg",
        "train/0000/0000_001_02_0303morning_0015_0.jpg",
        "train/0000/notes.txt",
        "test/0000/0000_000_14_0303noon_0015_0.jpg",
        "test/0000/0000_001_03_0303noon_0015_0.jpg",
    ),
    "deepfashion": (
        "img/WOMEN/Dresses/id_00000002/02_1_front.jpg",
        "img/WOMEN/Dresses/id_00000002/02_3_back.jpg",
        "img/MEN/Tees_Tanks/id_00000007/01_2_side.jpg",
    ),
    "folders": ("Ada/1.jpg", "Ada/2.jpg", "Ben/1_c4.png", "Ben/2.JPEG", "Ben/about.txt"),
}
LISTS = {
    "list_train.txt": "0000/0000_000_01_0303morning_0015_0.jpg 0\n",
    "list_val.txt": "0000/0000_001_02_0303morning_0015_0.jpg 0\n\n",
    "list_gallery.txt": "0000/0000_000_14_0303noon_0015_0.jpg 0\n",
    "list_query.txt": "0000/0000_001_03_0303noon_0015_0.jpg 0\n",
}


def lay(root: Path, kind: str) -> Path:
    """Lay files of a kind's names into a folder; their content is no picture."""
    for name in NAMES[kind]:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * len(name))
    for name, text in (LISTS if kind == "msmt17" else {}).items():
        (root / name).write_text(text)
    return root


def told(src: Path, **how: object) -> list[tuple[str, str, int, int]]:
    """Split, name, identity and camera of each image."""
    images = find_source(src, SourceSettings(**how)).listing().images
    return [(image.split, image.name, image.identity, image.camera) for image in images]


@pytest.mark.parametrize("below", ["", "a/b/c"])
@pytest.mark.parametrize("kind", SOURCES)
def test_a_kind_is_found_by_itself_and_by_its_name(tmp_path: Path, kind: str, below: str) -> None:
    lay(tmp_path / below, kind)
    for asked in ("auto", kind):
        source = find_source(tmp_path, SourceSettings(kind=asked))
        assert type(source) is SOURCES[kind] and source.root == tmp_path / below


@pytest.mark.parametrize("kind", SOURCES)
def test_a_wrong_kind_is_refused_by_what_is_there(tmp_path: Path, kind: str) -> None:
    lay(tmp_path / "data", kind)
    other = "msmt17" if kind != "msmt17" else "market1501"
    said = rf"expected .*\({other}\), found {kind} at .*/data; choose --source {kind}"
    with pytest.raises(UsageError, match=said):
        find_source(tmp_path, SourceSettings(kind=other))


def test_no_data_set_is_refused_with_what_lies_there(tmp_path: Path) -> None:
    for name in ("a.txt", "b.txt", "c.txt", "d.txt"):
        (tmp_path / name).touch()
    for kind in ("auto", *SOURCES):
        with pytest.raises(UsageError, match=r"found a\.txt, b\.txt, c\.txt, …; name the folder"):
            find_source(tmp_path, SourceSettings(kind=kind))


def test_two_data_sets_are_named_with_their_kinds(tmp_path: Path) -> None:
    lay(tmp_path / "a", "msmt17")
    lay(tmp_path / "b", "cuhk03")
    with pytest.raises(UsageError, match=r"found 2: .*/a \(msmt17\), .*/b \(cuhk03\); name one"):
        find_source(tmp_path)
    assert len(told(tmp_path, kind="msmt17")) == 3


def test_names_of_cuhk03_tell_identity_and_camera(tmp_path: Path) -> None:
    lay(tmp_path, "cuhk03")
    assert told(tmp_path) == [
        ("train", "-1_c2_4.png", -1, 2),
        ("train", "0003_c1_21.png", 3, 1),
        ("test", "0005_c2_f0046985.jpg", 5, 2),
    ]
    listing = find_source(tmp_path).listing()
    junk = listing.images[0].never_paired
    assert junk is not None and junk.status == "junk"
    assert [file.name for file in listing.others] == ["0005_c1_3.png"]


def test_an_identity_of_zero_is_a_person_outside_of_market_1501(tmp_path: Path) -> None:
    (tmp_path / "bounding_box_train").mkdir()
    (tmp_path / "bounding_box_train" / "0000_c1_1.jpg").touch()
    assert find_source(tmp_path).listing().images[0].may_be_paired


def test_a_person_is_one_number_also_where_test_labels_count_anew(tmp_path: Path) -> None:
    lay(tmp_path, "msmt17")
    assert told(tmp_path) == [
        ("train", "0000_000_01_0303morning_0015_0.jpg", 0, 1),
        ("train", "0000_001_02_0303morning_0015_0.jpg", 0, 2),
        ("test", "0000_000_14_0303noon_0015_0.jpg", TEST_FROM, 14),
    ]
    others = find_source(tmp_path).listing().others
    assert {(file.name, file.verdict.reason) for file in others} == {
        ("test/0000/0000_001_03_0303noon_0015_0.jpg", "only train and test images enter shards"),
        ("notes.txt", "not an image"),
    }


@pytest.mark.parametrize(
    "line",
    ["../../etc/passwd 0", "/etc/passwd 0", "0000/x.jpg", "0000/x.jpg -1", "a\\b.jpg 0", "\x1bx 0"],
)
def test_a_line_that_is_none_of_a_list_is_named(tmp_path: Path, line: str) -> None:
    lay(tmp_path, "msmt17")
    (tmp_path / "list_val.txt").write_text(f"\n{line}\n")
    with pytest.raises(UsageError, match=r"list_val\.txt:2: expected a path and a label"):
        find_source(tmp_path).listing()


def test_an_image_of_a_list_that_is_not_there_is_bad(tmp_path: Path) -> None:
    lay(tmp_path, "msmt17")
    (tmp_path / "list_val.txt").write_text("0009/0009_000_01_x.jpg 9\n")
    faults = [image.fault for image in find_source(tmp_path).listing().images]
    assert faults == ["", "in a list, but not in the folder", ""]


def test_original_names_of_deepfashion_become_the_fields_own() -> None:
    assert flat_name(("WOMEN", "Dresses", "id_00000002", "02_1_front.jpg")) == FLAT
    tanks = flat_name(("MEN", "Tees_Tanks", "id_00000007", "01_7_additional.jpg"))
    assert tanks == "fashionMENTees_Tanksid0000000701_7additional.jpg"
    assert (identity_of(FLAT), identity_of(tanks), identity_of("x.jpg")) == (202, 701, None)


def test_the_original_tree_of_deepfashion_is_split_by_its_list(tmp_path: Path) -> None:
    lay(tmp_path, "deepfashion")
    (tmp_path / "Eval").mkdir()
    (tmp_path / "Eval" / "list_eval_partition.txt").write_text(
        "3\nimage_name item_id evaluation_status\n"
        "img/WOMEN/Dresses/id_00000002/02_1_front.jpg id_00000002 train\n"
        "img/MEN/Tees_Tanks/id_00000007/01_2_side.jpg id_00000007 gallery\n"
    )
    assert told(tmp_path) == [
        ("train", FLAT, 202, -1),
        ("test", "fashionMENTees_Tanksid0000000701_2side.jpg", 701, -1),
    ]
    listing = find_source(tmp_path).listing()
    assert [file.verdict.reason for file in listing.others] == ["in no list of a split"]
    assert listing.images[0].other_name == "WOMEN/Dresses/id_00000002/02_1_front.jpg"


def test_the_fields_lists_split_deepfashion_before_its_own(tmp_path: Path) -> None:
    lay(tmp_path, "deepfashion")
    (tmp_path / "train.lst").write_text("fashionMENTees_Tanksid0000000701_2side.jpg\n")
    (tmp_path / "test.lst").write_text(f"{FLAT}\n")
    assert [split for split, *_ in told(tmp_path)] == ["train", "test"]


@pytest.mark.parametrize("folders", [("train", "test"), ("", "")])
def test_flattened_names_lie_in_folders_of_splits_or_in_one(
    tmp_path: Path, folders: tuple[str, str]
) -> None:
    for folder, item in zip(folders, (2, 7), strict=True):
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / f"fashionMENDenimid{item:08d}01_1front.jpg").touch()
    assert [(split, identity) for split, _, identity, _ in told(tmp_path)] in (
        [("train", 201), ("test", 701)],
        [("train", 701), ("test", 201)],
    )


def test_people_of_folders_are_numbered_in_the_order_of_their_names(tmp_path: Path) -> None:
    lay(tmp_path, "folders")
    assert told(tmp_path, test_share=0) == [
        ("train", "Ada_1.jpg", 0, -1),
        ("train", "Ada_2.jpg", 0, -1),
        ("train", "Ben_1_c4.png", 1, 4),
        ("train", "Ben_2.JPEG", 1, -1),
    ]
    listing = find_source(tmp_path).listing()
    assert {image.other_name for image in listing.images} >= {"Ada/1.jpg", "Ben/1_c4.png"}
    assert "people are numbered from 0 to 1 in the order of names" in listing.remarks


@pytest.mark.parametrize("name", ["a\\b.jpg", "a\nb.jpg", "\udcff.jpg"])
def test_a_name_that_no_shard_can_hold_is_not_used(tmp_path: Path, name: str) -> None:
    lay(tmp_path, "folders")
    (tmp_path / "Ada" / name).touch()
    listing = find_source(tmp_path).listing()
    assert len(listing.images) == 4
    assert (name, "a name that is not plain") in {
        (file.name, file.verdict.reason) for file in listing.others
    }


def test_equal_beginnings_of_people_and_files_give_names_of_their_own(tmp_path: Path) -> None:
    for name in ("1/10.jpg", "10/10.jpg", "10/10_1.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert {name for _, name, _, _ in told(tmp_path)} == {"1_10.jpg", "10_10.jpg", "10_1.jpg"}


def test_folders_that_are_numbers_give_the_numbers_and_splits_their_folders(tmp_path: Path) -> None:
    for name in ("train/0007/0007_c2_1.jpg", "train/0012/a.jpg", "test/0007/b.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert told(tmp_path, kind="folders") == [
        ("train", "0007_c2_1.jpg", 7, 2),
        ("train", "0012_a.jpg", 12, -1),
        ("test", "0007_b.jpg", 7, -1),
    ]
    remarks = find_source(tmp_path, SourceSettings(kind="folders")).listing().remarks
    assert remarks == ("1 people are in both splits, 0007 among them",)


def test_a_folder_of_other_folders_is_no_data_set(tmp_path: Path) -> None:
    lay(tmp_path, "folders")
    (tmp_path / "code" / "empty").mkdir(parents=True)
    with pytest.raises(UsageError, match="expected a data set here"):
        find_source(tmp_path)
    assert len(told(tmp_path, kind="folders")) == 4  # but who names the kind is believed


def test_no_split_is_made_by_person_from_a_seed_and_said(tmp_path: Path) -> None:
    for person in range(10):
        for number in range(2):
            (tmp_path / f"{person:02d}").mkdir(exist_ok=True)
            (tmp_path / f"{person:02d}" / f"{number}.jpg").touch()

    def test_people(**how: object) -> set[int]:
        return {identity for split, _, identity, _ in told(tmp_path, **how) if split == "test"}

    assert len(test_people()) == 2 and test_people() == test_people(split_seed=0)
    assert test_people(split_seed=1) != test_people()
    assert len(test_people(test_share=0.001)) == 1 and len(test_people(test_share=0.999)) == 9
    assert test_people(test_share=0) == set() and len(test_people(test_share=1)) == 10
    source = find_source(tmp_path, SourceSettings(test_share=0.5, split_seed=3))
    said = "no split in the data: 5 of 10 people are for testing (--test-share 0.5 --split-seed 3)"
    assert source.listing().remarks == (said,)
    assert source.settings == {"kind": "folders", "test_share": 0.5, "split_seed": 3}


@pytest.mark.parametrize("flag", ["test_share", "split_seed"])
def test_a_split_of_the_data_set_leaves_nothing_to_choose(tmp_path: Path, flag: str) -> None:
    lay(tmp_path, "market1501")
    said = f"--{flag.replace('_', '-')}: expected a data set without a split, found .*market1501"
    with pytest.raises(UsageError, match=said):
        find_source(tmp_path, SourceSettings(**{flag: 1}))


def test_the_record_of_market_1501_is_what_it_was(tmp_path: Path) -> None:
    assert find_source(lay(tmp_path, "market1501")).settings == {}
