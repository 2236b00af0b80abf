"""The tables of the skeleton against the method's description, joint by joint and by name."""

from __future__ import annotations

import pytest

from shared import skeleton
from shared.skeleton import JOINTS

# The published description, written down by hand: part, its joints, its quad's reach past the
# second joint for transforms and for masks.
LIMBS = {
    "R thigh": ("RHip", "RKne", 0.1, 0.1),
    "L thigh": ("LHip", "LKne", 0.1, 0.1),
    "R calf": ("RKne", "RAnk", 0.3, 0.5),
    "L calf": ("LKne", "LAnk", 0.3, 0.5),
    "R upper arm": ("RSho", "RElb", 0.1, 0.1),
    "L upper arm": ("LSho", "LElb", 0.1, 0.1),
    "R forearm": ("RElb", "RWri", 0.3, 0.5),
    "L forearm": ("LElb", "LWri", 0.3, 0.5),
}
# OpenPose's limbs, numbered from 1 as it was published.
OPENPOSE_LIMBS = (
    (2, 3), (2, 6), (3, 4), (4, 5), (6, 7), (7, 8), (2, 9), (9, 10), (10, 11), (2, 12), (12, 13),
    (13, 14), (2, 1), (1, 15), (15, 17), (1, 16), (16, 18),
)  # fmt: skip


def test_parts_are_torso_head_and_the_limbs_in_the_method_s_order() -> None:
    assert ("torso", "head", *LIMBS) == skeleton.PARTS
    assert (skeleton.TORSO, skeleton.HEAD, skeleton.FIRST_LIMB) == (0, 1, 2)
    assert (skeleton.NUM_PARTS, skeleton.NUM_JOINTS) == (10, 18)


@pytest.mark.parametrize("part", LIMBS)
def test_a_limb_joins_the_two_joints_of_the_method(part: str) -> None:
    limb = skeleton.PARTS.index(part) - skeleton.FIRST_LIMB
    first, second, transform_end, mask_end = LIMBS[part]
    assert tuple(JOINTS[joint] for joint in skeleton.LIMBS[limb]) == (first, second)
    assert skeleton.TRANSFORM_LIMB_END[limb] == transform_end
    assert skeleton.MASK_LIMB_END[limb] == mask_end


def test_torso_and_head_are_made_of_the_method_s_joints() -> None:
    assert [JOINTS[joint] for joint in skeleton.TORSO_JOINTS] == ["RHip", "LHip", "LSho", "RSho"]
    head = {JOINTS[joint] for joint in skeleton.HEAD_JOINTS}
    assert head == {"nose", "REye", "LEye", "REar", "LEar"}
    assert len(skeleton.HEAD_JOINTS) == 5


def test_widths_are_those_of_the_method() -> None:
    sizes = (skeleton.LIMB_START, skeleton.LIMB_HALF_WIDTH, skeleton.HEAD_HALF_SIDE)
    assert sizes == (0.1, 0.2, 0.4)


def test_bones_are_the_published_ones() -> None:
    assert [(a + 1, b + 1) for a, b in skeleton.BONES] == list(OPENPOSE_LIMBS)


def test_bones_join_all_joints_to_one_figure_that_is_the_same_mirrored() -> None:
    reached = {JOINTS.index("neck")}
    for _ in skeleton.BONES:
        reached |= {end for bone in skeleton.BONES if reached & set(bone) for end in bone}
    assert len(reached) == 18 and len(skeleton.BONES) == 17
    bones = {frozenset(bone) for bone in skeleton.BONES}
    mirrored = {frozenset(skeleton.MIRROR_JOINTS[joint] for joint in bone) for bone in bones}
    assert mirrored == bones


def test_coco_points_are_in_the_order_of_the_data_set() -> None:
    sides = ("Eye", "Ear", "Sho", "Elb", "Wri", "Hip", "Kne", "Ank")
    expected = ("nose", *(f"{side}{name}" for name in sides for side in "LR"))
    assert expected == skeleton.COCO_JOINTS
