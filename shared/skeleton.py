"""The skeleton as data: 18 joints, their mirror partners, limbs and the ten body parts.

Convention:
    Joints are in OpenPose order. Points are (x, y) in pixels, x to the right and y down.
    An absent joint is ``present == False`` together with NaN coordinates, never -1.
    Left and right are the person's own, so RSho lies on the left of a frontal picture.

Source: Siarohin et al., "Deformable GANs for Pose-based Human Image Generation", CVPR 2018.
"""

from __future__ import annotations

from typing import Final

JOINTS: Final = (
    "nose",
    "neck",
    "RSho",
    "RElb",
    "RWri",
    "LSho",
    "LElb",
    "LWri",
    "RHip",
    "RKne",
    "RAnk",
    "LHip",
    "LKne",
    "LAnk",
    "REye",
    "LEye",
    "REar",
    "LEar",
)
NUM_JOINTS: Final = len(JOINTS)
JOINT: Final = {name: index for index, name in enumerate(JOINTS)}


def _partner(name: str) -> str:
    swap = {"R": "L", "L": "R"}
    return swap[name[0]] + name[1:] if name[0] in swap else name


MIRROR_JOINTS: Final = tuple(JOINT[_partner(name)] for name in JOINTS)
"""Joint i of a mirrored picture is joint ``MIRROR_JOINTS[i]`` of the original."""

HEAD_JOINTS: Final = tuple(JOINT[name] for name in ("nose", "REye", "LEye", "REar", "LEar"))
TORSO_JOINTS: Final = tuple(JOINT[name] for name in ("RHip", "LHip", "LSho", "RSho"))
"""Corners of the torso in drawing order. An image is valid only where all four are present."""

PARTS: Final = (
    "torso",
    "head",
    "R thigh",
    "L thigh",
    "R calf",
    "L calf",
    "R upper arm",
    "L upper arm",
    "R forearm",
    "L forearm",
)
NUM_PARTS: Final = len(PARTS)
TORSO: Final = 0
HEAD: Final = 1
FIRST_LIMB: Final = 2

LIMBS: Final = tuple(
    (JOINT[a], JOINT[b])
    for a, b in (
        ("RHip", "RKne"),
        ("LHip", "LKne"),
        ("RKne", "RAnk"),
        ("LKne", "LAnk"),
        ("RSho", "RElb"),
        ("LSho", "LElb"),
        ("RElb", "RWri"),
        ("LElb", "LWri"),
    )
)
"""The two joints of parts 2 to 9, from the body outwards."""

MIRROR_PARTS: Final = (0, 1, *(2 + (i ^ 1) for i in range(len(LIMBS))))
"""Part k of a mirrored picture is part ``MIRROR_PARTS[k]`` of the original."""

LIMB_START: Final = 0.1
"""How far a limb's quad begins before its first joint, as a share of the limb's length."""

TRANSFORM_LIMB_END: Final = (0.1, 0.1, 0.3, 0.3, 0.1, 0.1, 0.3, 0.3)
"""How far the quad of a limb reaches past its second joint when transforms are fitted."""

MASK_LIMB_END: Final = (0.1, 0.1, 0.5, 0.5, 0.1, 0.1, 0.5, 0.5)
"""The same for the masks, which also take in hands and feet."""

LIMB_HALF_WIDTH: Final = 0.2
"""Half the width of a limb's quad, in torso lengths."""

HEAD_HALF_SIDE: Final = 0.4
"""Half the side of the head's square, in torso lengths."""

BONES: Final = tuple(
    (JOINT[a], JOINT[b])
    for a, b in (
        ("neck", "RSho"),
        ("neck", "LSho"),
        ("RSho", "RElb"),
        ("RElb", "RWri"),
        ("LSho", "LElb"),
        ("LElb", "LWri"),
        ("neck", "RHip"),
        ("RHip", "RKne"),
        ("RKne", "RAnk"),
        ("neck", "LHip"),
        ("LHip", "LKne"),
        ("LKne", "LAnk"),
        ("neck", "nose"),
        ("nose", "REye"),
        ("REye", "REar"),
        ("nose", "LEye"),
        ("LEye", "LEar"),
    )
)
"""Pairs of joints that a picture of a skeleton connects."""

COCO_JOINTS: Final = (
    "nose",
    "LEye",
    "REye",
    "LEar",
    "REar",
    "LSho",
    "RSho",
    "LElb",
    "RElb",
    "LWri",
    "RWri",
    "LHip",
    "RHip",
    "LKne",
    "RKne",
    "LAnk",
    "RAnk",
)
"""COCO-17, the order in which YOLO pose models give their key points."""

COCO_OF_JOINT: Final = tuple(None if name == "neck" else COCO_JOINTS.index(name) for name in JOINTS)
"""Index into COCO-17 of each of the 18 joints; None for the neck, the middle of the shoulders."""

COCO_MIRROR: Final = tuple(COCO_JOINTS.index(_partner(name)) for name in COCO_JOINTS)
"""Index of each COCO-17 point's mirror partner (ultralytics calls it ``flip_idx``)."""
