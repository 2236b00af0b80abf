"""Finding the data set and reading its names."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from small_market import image_name

from preprocess.sources.market1501 import Market1501, parse_name
from preprocess.sources.reid_folders import plain_name
from preprocess.sources.source import refuse_writing_into
from shared.errors import UsageError

NAMES = st.one_of(
    st.text(max_size=40),
    st.from_regex(r"(-1|\d{4})_c\ds\d_\d{6}_\d{2}\.jpg(\.jpg)?", fullmatch=True),
    st.from_regex(r"[-0-9_cs./\\ a-z]{0,30}", fullmatch=True),
)


def put(folder: Path, *names: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_bytes(b"x")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("0002_c1s1_000451_03.jpg", (2, 1, 1, 451, 3)),
        ("-1_c6s3_094992_00.jpg", (-1, 6, 3, 94992, 0)),
        ("0000_c1s1_000151_01.jpg.jpg", (0, 1, 1, 151, 1)),
    ],
)
def test_names_tell_identity_camera_sequence_frame_and_box(
    name: str, expected: tuple[int, ...]
) -> None:
    found = parse_name(name)
    assert found is not None
    assert (found.identity, found.camera, found.sequence, found.frame, found.box) == expected


@pytest.mark.parametrize(
    "name",
    ["Thumbs.db", "._0002_c1s1_000451_03.jpg", "0002_c1s1_000451_03.jpg\n", "2_c1s1_0_0.jpg",
     "0002_c1s1_000451_03.png", "a0002_c1s1_000451_03.jpg", "٠٠٠٢_c1s1_000451_03.jpg",
     "../0002_c1s1_000451_03.jpg", "0002_c1s1_000451_03.jpg.jpg.jpg"],
)  # fmt: skip
def test_other_names_are_no_images(name: str) -> None:
    assert parse_name(name) is None


def check_name(name: str) -> None:
    found = parse_name(name)
    if found is None:
        return
    assert "/" not in name and "\\" not in name and "\0" not in name and name.isascii()
    again = parse_name(plain_name(name))
    assert again == found and not plain_name(name).endswith(".jpg.jpg")


@pytest.mark.long
@settings(max_examples=300, deadline=None)
@given(NAMES)
@example("")
def test_no_name_crashes_the_parser_or_leads_out_of_the_folder(name: str) -> None:
    check_name(name)


@pytest.mark.promises
@settings(max_examples=20_000, deadline=None)
@given(NAMES)
def test_no_name_crashes_the_parser_promised(name: str) -> None:
    check_name(name)


@pytest.mark.soak
@settings(max_examples=1_000_000, deadline=None)
@given(NAMES)
def test_no_name_crashes_the_parser_soak(name: str) -> None:
    check_name(name)


@pytest.mark.parametrize("below", ["", "a", "a/b", "Market-1501-v15.09.15/x/y"])
@pytest.mark.parametrize("folder", ["bounding_box_train", "train", "bounding_box_test", "test"])
def test_the_data_set_is_found_up_to_three_levels_below(
    tmp_path: Path, below: str, folder: str
) -> None:
    put(tmp_path / below / folder, image_name(2, 1, 5))
    source = Market1501.find(tmp_path)
    assert source.root == tmp_path / below
    assert [path.name for path in source.splits.values()] == [folder]


def test_deeper_is_not_searched(tmp_path: Path) -> None:
    put(tmp_path / "a/b/c/d/bounding_box_train", image_name(2, 1, 5))
    with pytest.raises(UsageError, match="bounding_box_train"):
        Market1501.find(tmp_path)


def test_two_candidates_are_listed(tmp_path: Path) -> None:
    for copy in ("one", "two"):
        put(tmp_path / copy / "bounding_box_train", image_name(2, 1, 5))
    with pytest.raises(UsageError, match=r"found 2: .*one, .*two"):
        Market1501.find(tmp_path)


def test_folders_of_macos_and_a_train_folder_of_something_else_are_no_candidates(
    tmp_path: Path,
) -> None:
    put(tmp_path / "__MACOSX" / "Market" / "bounding_box_train", "._x")
    put(tmp_path / "code" / "train", "loop.py")
    put(tmp_path / "Market" / "bounding_box_train", image_name(2, 1, 5))
    assert Market1501.find(tmp_path).root == tmp_path / "Market"


def test_every_file_is_listed_in_order_with_its_folder(tmp_path: Path) -> None:
    put(tmp_path / "bounding_box_train", image_name(7, 1, 1), image_name(2, 1, 5), "Thumbs.db")
    put(tmp_path / "bounding_box_test", image_name(-1, 1, 1))
    put(tmp_path / "query", image_name(9, 1, 1))
    (tmp_path / "bounding_box_train" / "__MACOSX").mkdir()
    listing = Market1501.find(tmp_path).listing()
    assert [(image.split, image.name, image.folder) for image in listing.images] == [
        ("train", image_name(2, 1, 5), "bounding_box_train"),
        ("train", image_name(7, 1, 1), "bounding_box_train"),
        ("test", image_name(-1, 1, 1), "bounding_box_test"),
    ]
    assert [(file.split, file.name, file.verdict.status) for file in listing.others] == [
        ("train", "Thumbs.db", "skipped"),
        ("train", "__MACOSX", "skipped"),
        ("", image_name(9, 1, 1), "listed"),
    ]


def test_junk_and_distractors_are_never_paired(tmp_path: Path) -> None:
    names = [image_name(-1, 1, 1), image_name(0, 1, 1), image_name(2, 1, 5)]
    put(tmp_path / "bounding_box_test", *names)
    images = {image.identity: image for image in Market1501.find(tmp_path).listing().images}
    assert images[2].may_be_paired
    verdicts = {identity: images[identity].never_paired for identity in (-1, 0)}
    assert [(v.status, v.reason) for v in verdicts.values() if v is not None] == [
        ("junk", "identity -1"),
        ("distractor", "identity 0000"),
    ]


def test_a_second_jpg_is_another_name_and_a_fault_beside_the_first(tmp_path: Path) -> None:
    name, twin = image_name(2, 1, 5), image_name(2, 1, 9)
    put(tmp_path / "bounding_box_train", f"{name}.jpg", twin, f"{twin}.jpg")
    alone, plain, second = Market1501.find(tmp_path).listing().images
    assert (alone.name, alone.other_name, alone.fault) == (f"{name}.jpg", name, "")
    assert (plain.other_name, plain.fault) == ("", "")
    assert second.fault.startswith("the same name twice")


def test_the_listing_key_follows_train_and_test_images_only(tmp_path: Path) -> None:
    put(tmp_path / "bounding_box_train", image_name(2, 1, 5))
    put(tmp_path / "query", image_name(9, 1, 1))
    before = Market1501.find(tmp_path).listing().key
    put(tmp_path / "query", image_name(9, 1, 2))
    put(tmp_path / "bounding_box_train", "Thumbs.db")
    assert Market1501.find(tmp_path).listing().key == before
    (tmp_path / "bounding_box_train" / image_name(2, 1, 5)).write_bytes(b"longer")
    assert Market1501.find(tmp_path).listing().key != before


@pytest.mark.parametrize("out", ["", "shards", "bounding_box_train/shards"])
def test_output_never_goes_into_the_data_set(tmp_path: Path, out: str) -> None:
    put(tmp_path / "Market" / "bounding_box_train", image_name(2, 1, 5))
    source = Market1501.find(tmp_path)
    with pytest.raises(UsageError, match="outside the data set"):
        refuse_writing_into(source, tmp_path / "Market" / out)
    refuse_writing_into(source, tmp_path / "shards")
