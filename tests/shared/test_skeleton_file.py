"""Skeletons in JSON: what is written is read, everything else is one line."""

import json

import numpy as np
import pytest

from shared.errors import UsageError
from shared.skeleton_file import Skeleton, plain_skeleton, read_skeleton, skeleton_of, skeleton_text


def skeleton():
    joints = np.random.default_rng(0).uniform(-20, 150, (18, 2))
    joints[[0, 7, 16]] = np.nan
    return Skeleton(joints, (131, 67))


def test_what_is_written_is_read_to_the_last_bit(tmp_path):
    (tmp_path / "pose.json").write_text(skeleton_text(skeleton()))
    found = read_skeleton(tmp_path / "pose.json")
    assert found.image_size == (131, 67)
    np.testing.assert_array_equal(found.joints, skeleton().joints)


def test_an_absent_joint_is_null_and_a_point_is_x_then_y():
    plain = plain_skeleton(skeleton())
    assert plain["joints"][7] is None
    assert plain["joints"][1] == skeleton().joints[1].tolist()


@pytest.mark.parametrize(
    "change",
    [
        {"format": "other"},
        {"version": 2},
        {"version": True},
        {"image_size": [131]},
        {"image_size": [131, 0]},
        {"image_size": [131, True]},
        {"joints": [[1, 2]] * 17},
        {"joints": [[1, 2]] * 17 + [[1]]},
        {"joints": [[1, 2]] * 17 + [[1, float("nan")]]},
        {"joints": [[1, 2]] * 17 + [[1, 10**400]]},
        {"joints": [[1, 2]] * 17 + [["1", "2"]]},
        {"joints": None},
        {"more": 1},
    ],
)
def test_another_form_is_refused_in_one_line(change):
    with pytest.raises(UsageError, match="request") as caught:
        skeleton_of({**plain_skeleton(skeleton()), **change}, "request")
    assert "\n" not in caught.value.message


@pytest.mark.parametrize("content", ["", "[1", "[" * 60000, "[]", "3", "x" * 70000])
def test_a_file_that_is_none_is_refused_by_name(tmp_path, content):
    (tmp_path / "pose.json").write_text(content)
    with pytest.raises(UsageError, match=r"pose\.json"):
        read_skeleton(tmp_path / "pose.json")


def test_keys_come_in_the_documented_order():
    assert list(json.loads(skeleton_text(skeleton()))) == [
        "format",
        "version",
        "image_size",
        "joints",
    ]
