"""The tables of the skeleton agree with each other and with the published orders."""

from __future__ import annotations

from shared import skeleton


def test_joints_are_in_openpose_order() -> None:
    assert skeleton.JOINTS[:8] == ("nose", "neck", "RSho", "RElb", "RWri", "LSho", "LElb", "LWri")
    assert skeleton.JOINTS[8:14] == ("RHip", "RKne", "RAnk", "LHip", "LKne", "LAnk")
    assert skeleton.JOINTS[14:] == ("REye", "LEye", "REar", "LEar")


def test_mirror_partners_are_those_of_the_method() -> None:
    moved = {frozenset((i, j)) for i, j in enumerate(skeleton.MIRROR_JOINTS) if i != j}
    pairs = [(2, 5), (3, 6), (4, 7), (8, 11), (9, 12), (10, 13), (14, 15), (16, 17)]
    assert moved == {frozenset(pair) for pair in pairs}


def test_mirroring_twice_changes_nothing() -> None:
    for table in (skeleton.MIRROR_JOINTS, skeleton.MIRROR_PARTS, skeleton.COCO_MIRROR):
        assert [table[table[i]] for i in range(len(table))] == list(range(len(table)))


def test_mirrored_part_is_made_of_mirrored_joints() -> None:
    for part, (first, second) in enumerate(skeleton.LIMBS, start=skeleton.FIRST_LIMB):
        partner = skeleton.LIMBS[skeleton.MIRROR_PARTS[part] - skeleton.FIRST_LIMB]
        mirror = skeleton.MIRROR_JOINTS
        assert partner == (mirror[first], mirror[second])
        assert skeleton.PARTS[part][0] != skeleton.PARTS[skeleton.MIRROR_PARTS[part]][0]


def test_coco_points_are_found_by_the_index_of_the_method() -> None:
    expected = [0, None, 6, 8, 10, 5, 7, 9, 12, 14, 16, 11, 13, 15, 2, 1, 4, 3]
    assert list(skeleton.COCO_OF_JOINT) == expected
