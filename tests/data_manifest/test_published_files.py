from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_manifest.published_files import (
    KEYPOINTS_HEADER,
    KeypointTable,
    keypoints_text,
    pairs_text,
    read_keypoints,
    read_pairs,
    write_keypoints,
)
from shared.errors import UsageError

YS, XS = list(range(18)), list(range(20, 38))
ROW = f"0002_c1s1_000451_03.jpg: {YS}: {XS}"


def file_of(folder: Path, *lines: str, header: str = KEYPOINTS_HEADER) -> Path:
    path = folder / "keypoints.csv"
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return path


def test_convention_the_file_is_y_first_and_the_table_x_first(tmp_path: Path):
    table = read_keypoints(file_of(tmp_path, ROW))
    assert table.names == ("0002_c1s1_000451_03.jpg",)
    np.testing.assert_array_equal(table.joints[0, 3], [23, 3])
    assert table.joints.dtype == np.float64


def test_convention_minus_one_is_an_absent_joint(tmp_path: Path):
    row = f"a.jpg: {[-1, *YS[1:]]}: {[-1, *XS[1:]]}"
    table = read_keypoints(file_of(tmp_path, row))
    assert np.isnan(table.joints[0, 0]).all()
    assert np.isfinite(table.joints[0, 1:]).all()


def test_numbers_are_read_in_whatever_form_json_has_them(tmp_path: Path):
    values = [0, -3.5, 1e2, -0.0, 17, 1234567e-2, *range(12)]
    wide = "[" + " ,".join(map(str, values)) + " ]"
    table = read_keypoints(file_of(tmp_path, f"a.jpg:{wide}:{wide}", ROW))
    np.testing.assert_array_equal(table.joints[0], np.array([values, values]).T)
    np.testing.assert_array_equal(table.joints[1], np.array([XS, YS]).T)
    assert not np.signbit(table.joints[1]).any() and table.joints.flags.c_contiguous


@pytest.mark.parametrize("axis", [f"{YS}".replace("]", ", ]"), f"{YS}".replace("0,", "00,", 1)])
def test_lists_that_json_does_not_know_are_refused(tmp_path: Path, axis: str):
    with pytest.raises(UsageError, match=r"keypoints\.csv:2: expected NAME"):
        read_keypoints(file_of(tmp_path, f"a.jpg: {axis}: {XS}"))


def test_the_order_of_the_file_is_kept(tmp_path: Path):
    rows = [f"{name}.jpg: {YS}: {XS}" for name in "zayb"]
    assert read_keypoints(file_of(tmp_path, *rows)).names == ("z.jpg", "a.jpg", "y.jpg", "b.jpg")


def test_byte_order_mark_windows_line_ends_and_blank_lines_are_accepted(tmp_path: Path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"\xef\xbb\xbf" + f"{KEYPOINTS_HEADER}\r\n\r\n{ROW}\r\n\r\n".encode())
    assert len(read_keypoints(path)) == 1


def test_a_file_without_rows_is_an_empty_table(tmp_path: Path):
    assert read_keypoints(file_of(tmp_path)).joints.shape == (0, 18, 2)


WRONG_ROWS = [
    ("no colon", "a.jpg"),
    ("17 numbers", f"a.jpg: {YS[:17]}: {XS}"),
    ("a word", f"a.jpg: {YS}: {[*XS[:17], 'x']}"),
    ("truth", f"a.jpg: {YS}: {[*XS[:17], True]}".replace("True", "true")),
    ("no name", f": {YS}: {XS}"),
    ("infinite", f"a.jpg: {YS}: {XS}".replace("37", "1e999")),
    ("not a number", f"a.jpg: {YS}: {XS}".replace("37", "NaN")),
    ("deep", "a.jpg: " + "[" * 5000 + ": []"),
    ("half absent", f"a.jpg: {[-1, *YS[1:]]}: {XS}"),
    ("negative", f"a.jpg: {[-7, *YS[1:]]}: {XS}"),
    ("nul", "\x00" * 30),
]


@pytest.mark.parametrize(
    "row", [row for _, row in WRONG_ROWS], ids=[name for name, _ in WRONG_ROWS]
)
def test_a_wrong_line_is_named_by_its_number(tmp_path: Path, row: str):
    with pytest.raises(UsageError, match=r"keypoints\.csv:3") as caught:
        read_keypoints(file_of(tmp_path, ROW, row, f"b.jpg: {YS}: {XS}"))
    assert "\n" not in caught.value.message
    assert len(caught.value.message) < 400


def test_a_name_given_twice_names_both_lines(tmp_path: Path):
    with pytest.raises(UsageError, match=r":4: .* as in line 2"):
        read_keypoints(file_of(tmp_path, ROW, f"b.jpg: {YS}: {XS}", ROW))


@pytest.mark.parametrize("header", ["", "name,keypoints", "from,to"])
def test_another_header_is_refused(tmp_path: Path, header: str):
    with pytest.raises(UsageError, match=KEYPOINTS_HEADER):
        read_keypoints(file_of(tmp_path, ROW, header=header))


def test_files_that_cannot_be_read_are_the_users_mistake(tmp_path: Path):
    (tmp_path / "latin.csv").write_bytes(b"name\xe9")
    (tmp_path / "empty.csv").write_bytes(b"")
    for name in ("absent.csv", "latin.csv", "empty.csv", "."):
        with pytest.raises(UsageError):
            read_keypoints(tmp_path / name)


@given(st.binary(max_size=300))
@settings(max_examples=200, deadline=None)
def test_no_content_crashes_the_reader(tmp_path_factory, content: bytes):
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes(KEYPOINTS_HEADER.encode() + b"\n" + content)
    try:
        read_keypoints(path)
    except UsageError:
        pass


whole = st.integers(0, 4000).map(float)
points = st.one_of(st.just((np.nan, np.nan)), st.tuples(whole, whole))
people = st.lists(st.lists(points, min_size=18, max_size=18), max_size=4)


@given(people)
@settings(max_examples=50, deadline=None)
def test_whole_pixels_survive_writing_and_reading(tmp_path_factory, poses):
    path = tmp_path_factory.getbasetemp() / "round.csv"
    joints = np.array(poses, dtype=float).reshape(-1, 18, 2)
    names = tuple(f"{i}.jpg" for i in range(len(joints)))
    write_keypoints(path, names, joints)
    table = read_keypoints(path)
    assert table.names == names
    np.testing.assert_array_equal(table.joints, joints)


def test_writing_rounds_and_keeps_points_left_of_the_image_present(tmp_path: Path):
    joints = np.full((1, 18, 2), 3.6)
    joints[0, 1] = [-0.9, -40]
    write_keypoints(tmp_path / "a.csv", ("a.jpg",), joints)
    read = read_keypoints(tmp_path / "a.csv").joints[0]
    np.testing.assert_array_equal(read[0], [4, 4])
    np.testing.assert_array_equal(read[1], [0, 0])


@pytest.mark.parametrize("names", [("a:b.jpg",), ("",), (" a",), ("a\nb",)])
def test_names_that_the_form_cannot_hold_are_refused(tmp_path: Path, names):
    with pytest.raises(UsageError, match="names without colons"):
        write_keypoints(tmp_path / "a.csv", names, np.zeros((1, 18, 2)))


def test_writing_a_name_twice_is_refused(tmp_path: Path):
    with pytest.raises(UsageError, match="twice"):
        write_keypoints(tmp_path / "a.csv", ("a", "a"), np.zeros((2, 18, 2)))


def test_a_table_has_a_skeleton_for_each_name():
    with pytest.raises(UsageError, match="skeleton"):
        KeypointTable(("a", "b"), np.zeros((1, 18, 2)))


def test_the_published_annotations_are_written_as_they_were_read(
    tmp_path: Path, published_data: Path
):
    for name in ("market-annotation-train.csv", "market1501-train-keypoints.csv"):
        table = read_keypoints(published_data / name)
        assert len(table) == 12_936
        write_keypoints(tmp_path / name, table.names, table.joints)
        assert (tmp_path / name).read_bytes() == (published_data / name).read_bytes()


def test_names_in_pair_lists_stay_text(tmp_path: Path):
    (tmp_path / "p.csv").write_text("from,to\nNA,c.jpg\nb.jpg,007\n")
    found = read_pairs(tmp_path / "p.csv")
    assert found.to_numpy().tolist() == [["NA", "c.jpg"], ["b.jpg", "007"]]


@pytest.mark.parametrize(
    "text", ["", "source,target\na,b\n", "from,to\na\n", "from,to\n,b\n", 'from,to\n"a,b\n']
)
def test_a_wrong_pair_list_is_refused(tmp_path: Path, text: str):
    (tmp_path / "p.csv").write_text(text)
    with pytest.raises(UsageError, match=r"p\.csv"):
        read_pairs(tmp_path / "p.csv")


def test_a_missing_pair_list_is_the_users_mistake(tmp_path: Path):
    with pytest.raises(UsageError, match="readable"):
        read_pairs(tmp_path / "absent.csv")


def test_exact_points_are_read_as_they_were_and_whole_ones_are_written_as_such(
    tmp_path: Path,
) -> None:
    joints = np.full((1, 18, 2), np.nan)
    joints[0, :4] = np.float32([[12, 0.1], [-0.25, 3], [63.999, 7.5], [0, 0]])
    path = tmp_path / "keypoints.csv"
    text = keypoints_text(path, ("a.jpg",), joints, exact=True)
    assert text.splitlines()[1].rpartition(": ")[2].startswith("[12, -0.25, 63.9990")
    path.write_text(text)
    np.testing.assert_array_equal(read_keypoints(path).joints, joints)


@pytest.mark.parametrize("exact", [False, True])
def test_a_whole_number_below_the_image_becomes_its_edge(tmp_path: Path, exact: bool) -> None:
    joints = np.full((1, 18, 2), np.nan)
    joints[0, :2] = [[-1, 5], [-3, -1]]
    path = tmp_path / "keypoints.csv"
    path.write_text(keypoints_text(path, ("a.jpg",), joints, exact=exact))
    found = read_keypoints(path).joints[0]
    np.testing.assert_array_equal(found[:2], [[0, 5], [0, 0]])
    assert np.isnan(found[2:]).all()


def test_pairs_come_back_whatever_their_names_hold(tmp_path: Path) -> None:
    sources, targets = ["a,b.jpg", 'say "x".jpg', "c.jpg"], ["d.jpg", "é.jpg", "'e.jpg"]
    path = tmp_path / "pairs.csv"
    path.write_text(pairs_text(sources, targets), encoding="utf-8")
    table = read_pairs(path)
    assert table["from"].tolist() == sources and table["to"].tolist() == targets
