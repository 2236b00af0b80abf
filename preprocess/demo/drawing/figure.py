"""The figure: a skeleton dressed as a person becomes solids.

Convention:
    Everything is in view space and pixels of the canvas; factors are in torso lengths.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from preprocess.demo.drawing.bicycle import add_bicycle
from preprocess.demo.drawing.body import SIDES, SIGNS, Skeleton
from preprocess.demo.drawing.head import add_hair, add_head
from preprocess.demo.drawing.luggage import add_bag
from preprocess.demo.drawing.people import Material, Person
from preprocess.demo.drawing.solids import LIMB, ROUND, SLICE, TRUNK, Solids, oval

LONG_UPPERS = ("coat", "dress")
CLOTH_GAP = 0.012
"""How far cloth stands off the body."""


def figure(skeleton: Skeleton, person: Person) -> Solids:
    """Build the solids of a dressed person, with what belongs to the pose (bag, bicycle)."""
    solids = Solids()
    _add_trunk(solids, skeleton, person)
    add_head(solids, skeleton, person)
    add_hair(solids, skeleton, person)
    for side, sign in zip(SIDES, SIGNS, strict=True):
        _add_arm(solids, skeleton, person, side)
        _add_leg(solids, skeleton, person, side)
        _add_foot(solids, skeleton, person, side, sign)
    _add_skirts(solids, skeleton, person)
    add_bag(solids, skeleton, person)
    if skeleton.cycling:
        add_bicycle(solids, skeleton)
    return solids


def _add_trunk(solids: Solids, skeleton: Skeleton, person: Person) -> None:
    neck = skeleton.point("neck")
    girth = person.build.girth * (1.0 + 0.05 * person.loose)
    waist = girth * person.build.waist
    shoulders, flank = _half_breadth(skeleton, "Sho"), _half_breadth(skeleton, "Hip") - 0.23
    rings = (  # share of the way from neck to hips, half width, half depth
        (0.02, shoulders - 0.06, 0.13),
        (0.16, shoulders - 0.04, 0.185 * girth),
        (0.36, 0.335 * girth, 0.215 * girth),
        (0.66, 0.285 * waist + 0.4 * flank, 0.190 * waist),
        (0.88, 0.315 * girth + 0.8 * flank, 0.205 * girth),
        (1.06 if person.loose > 0.4 else 0.95, 0.335 * girth + flank, 0.215 * girth),
    )
    _add_rings(solids, skeleton, rings, Material.UPPER, trunk=True)
    pelvis = (
        (0.86, 0.295 * girth + flank, 0.195 * girth),
        (1.06, 0.315 * girth + flank, 0.195 * girth),
        (1.17, 0.25 * girth + flank, 0.185 * girth),
    )
    low = Material.UPPER if person.cut in LONG_UPPERS else Material.LOWER
    _add_rings(solids, skeleton, pelvis, low, trunk=False)
    for name in ("RSho", "LSho"):  # the slope from neck to shoulder
        side, down = skeleton.point(name) - neck, skeleton.unit_px * skeleton.chest[1]
        solids.add(
            neck - 0.085 * down + 0.10 * side,
            neck + 0.97 * side + 0.02 * down,
            (0.085 * skeleton.unit_px, (0.095 * person.build.girth + 0.012) * skeleton.unit_px),
            Material.UPPER,
            frame=TRUNK,
        )


def _add_rings(
    solids: Solids,
    skeleton: Skeleton,
    rings: Sequence[tuple[float, float, float]],
    material: Material,
    *,
    trunk: bool,
) -> None:
    """Join oval rings along the spine; each has its place, half width and half depth."""
    unit, neck = skeleton.unit_px, skeleton.point("neck")
    axes, spine = skeleton.chest if trunk else skeleton.ground, skeleton.mid_hips - neck
    for (at, w0, d0), (to, w1, d1) in itertools.pairwise(rings):
        r0, k0 = oval(axes, w0, d0)
        r1, k1 = oval(axes, w1, d1)
        solids.add(
            neck + at * spine,
            neck + to * spine,
            (r0 * unit, r1 * unit),
            material,
            depth=0.5 * (k0 + k1),
            frame=TRUNK if trunk else LIMB,
            along=at,
            hem=SLICE,
        )


def _half_breadth(skeleton: Skeleton, joint: str) -> float:
    """Half the distance between a right and a left joint, in torso lengths, within reason."""
    across = skeleton.point("R" + joint) - skeleton.point("L" + joint)
    low, high = (0.60, 1.10) if joint == "Sho" else (0.38, 0.75)
    return 0.5 * float(np.clip(np.linalg.norm(across) / skeleton.unit_px, low, high))


def _add_arm(solids: Solids, skeleton: Skeleton, person: Person, side: str) -> None:
    unit, girth = skeleton.unit_px, person.build.girth
    shoulder, elbow = skeleton.point(side + "Sho"), skeleton.point(side + "Elb")
    wrist = skeleton.point(side + "Wri")
    loose = CLOTH_GAP + 0.02 * person.loose
    upper = loose if person.sleeve >= 1 else 0.5 * loose
    lower = loose if person.sleeve >= 1.8 else 0.0
    solids.add(
        shoulder + 0.05 * (elbow - shoulder),
        elbow,
        ((0.094 * girth + 0.5 * upper) * unit, (0.078 * girth + upper) * unit),
        Material.SLEEVE,
        end=Material.SKIN,
        split=person.sleeve if person.sleeve < 1 else 2.0,
        along=0.05,
    )
    solids.add(
        elbow,
        wrist,
        ((0.076 * girth + lower) * unit, (0.052 * girth + lower) * unit),
        Material.SLEEVE if person.sleeve > 1 else Material.SKIN,
        end=Material.SKIN,
        split=max(person.sleeve - 1.0, 0.0),
        along=0.6,
    )
    hand = (wrist - elbow) / max(float(np.linalg.norm(wrist - elbow)), 1e-6)
    solids.add(
        wrist + 0.03 * unit * hand,
        wrist + 0.15 * unit * hand,
        (0.052 * unit, 0.042 * unit),
        Material.SKIN,
    )


def _add_leg(solids: Solids, skeleton: Skeleton, person: Person, side: str) -> None:
    unit, girth = skeleton.unit_px, person.build.girth
    hip, knee = skeleton.point(side + "Hip"), skeleton.point(side + "Kne")
    ankle = skeleton.point(side + "Ank")
    covered = person.leg >= 1
    gap = CLOTH_GAP + 0.03 * person.loose
    thigh_gap = gap + (0.03 if 0 < person.leg < 1 else 0.0)
    calf_gap = gap if person.leg > 1.8 else 0.3 * gap
    skirt = _skirt_length(skeleton, person)
    inward = 0.035 * unit * (1.0 if side == "R" else -1.0) * skeleton.ground[0]
    start = hip + inward + max(skirt - 0.15, 0.14) * (knee - hip)
    solids.add(
        start,
        knee,
        ((0.163 * girth + 0.5 * thigh_gap) * unit, (0.104 * girth + thigh_gap * covered) * unit),
        Material.LOWER,
        end=Material.SKIN,
        split=person.leg if not covered else 2.0,
        hem=SLICE if skirt else ROUND,
    )
    solids.add(
        knee,
        ankle,
        ((0.105 * girth + calf_gap) * unit, (0.062 * girth + 1.5 * calf_gap) * unit),
        Material.LOWER if person.leg > 1 else Material.SKIN,
        end=Material.SOCK if person.leg < 1.8 else Material.LOWER,
        split=max(person.leg - 1.0, 0.0) if person.leg > 1.8 else 0.86,
        along=0.8,
    )


def _add_foot(solids: Solids, skeleton: Skeleton, person: Person, side: str, sign: float) -> None:
    unit, axes = skeleton.unit_px, skeleton.ground
    knee, ankle = skeleton.point(side + "Kne"), skeleton.point(side + "Ank")
    calf = (ankle - knee) / max(float(np.linalg.norm(ankle - knee)), 1e-6)
    forward = axes[2] + 0.2 * sign * axes[0]
    tilt = float(calf @ axes[2])  # a calf that points backwards lifts the heel
    toe = forward + 0.9 * min(tilt, 0.0) * axes[2] - 1.1 * min(tilt, 0.0) * axes[1]
    toe = toe / float(np.linalg.norm(toe))
    heel = ankle + 0.07 * unit * calf - 0.03 * unit * toe
    solids.add(
        heel,
        heel + 0.26 * unit * toe + 0.03 * unit * axes[1],
        (0.076 * unit, 0.062 * unit),
        Material.SHOE,
    )


def _skirt_length(skeleton: Skeleton, person: Person) -> float:
    """How far a skirt, dress or coat reaches, as a share of the way from hips to knees; or 0."""
    if person.lower == "skirt" or person.cut == "dress":
        return min(0.70 + 0.45 * person.loose, 0.6 if skeleton.cycling else 2.0)
    return 0.45 + 0.3 * person.loose if person.cut == "coat" else 0.0


def _add_skirts(solids: Solids, skeleton: Skeleton, person: Person) -> None:
    """Add what hangs from the waist as one piece: skirts, dresses and the tails of coats."""
    length = _skirt_length(skeleton, person)
    if not length:
        return
    unit, hips = skeleton.unit_px, skeleton.mid_hips
    knees = 0.5 * (skeleton.point("RKne") + skeleton.point("LKne"))
    girth = person.build.girth
    material = Material.UPPER if person.cut in LONG_UPPERS else Material.LOWER
    r0, k0 = oval(skeleton.ground, 0.30 * girth, 0.21 * girth)
    stride = np.abs(skeleton.point("RKne") - skeleton.point("LKne"))
    r1, k1 = oval(skeleton.ground, (0.32 + 0.08 * person.loose) * girth, 0.27 * girth)
    wide = max(r1, 0.5 * stride[0] / unit + 0.13)
    deep = max(k1 * r1, 0.5 * stride[2] / unit + 0.17)
    solids.add(
        hips - 0.12 * (hips - skeleton.point("neck")),
        hips + length * (knees - hips),
        (r0 * unit, wide * unit),
        material,
        depth=max(0.5 * (k0 + k1), deep / wide),
        hem=SLICE,
        along=0.9,
    )
