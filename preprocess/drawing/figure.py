"""The figure: a skeleton dressed as a person becomes solids.

Convention:
    Everything is in view space and pixels of the canvas; factors are in torso lengths.
"""

from __future__ import annotations

import itertools

import numpy as np

from preprocess.drawing.bicycle import add_bicycle
from preprocess.drawing.body import SIDES, SIGNS, Floats, Skeleton
from preprocess.drawing.people import Material, Person
from preprocess.drawing.solids import FLAT, ROUND, SKULL, SLICE, TRUNK, Solids
from shared.skeleton import JOINT

LONG_UPPERS = ("coat", "dress")
CLOTH_GAP = 0.012
"""How far cloth stands off the body."""


def figure(skeleton: Skeleton, person: Person) -> Solids:
    """Give the solids of a dressed person, with what belongs to the pose (bag, bicycle)."""
    solids = Solids()
    _add_trunk(solids, skeleton, person)
    _add_head(solids, skeleton, person)
    _add_hair(solids, skeleton, person)
    for side, sign in zip(SIDES, SIGNS, strict=True):
        _add_arm(solids, skeleton, person, side)
        _add_leg(solids, skeleton, person, side)
        _add_foot(solids, skeleton, person, side, sign)
    _add_skirts(solids, skeleton, person)
    _add_bag(solids, skeleton, person)
    if skeleton.cycling:
        add_bicycle(solids, skeleton)
    return solids


def _point(skeleton: Skeleton, name: str) -> Floats:
    point: Floats = skeleton.points[JOINT[name]]
    return point


def _mid_hips(skeleton: Skeleton) -> Floats:
    middle: Floats = 0.5 * (_point(skeleton, "RHip") + _point(skeleton, "LHip"))
    return middle


def oval(axes: Floats, half_width: float, half_depth: float) -> tuple[float, float]:
    """Give how an oval trunk shows: half its width in the picture, and depth over width."""
    left, front = axes[0], axes[2]
    width = float(np.hypot(half_width * left[0], half_depth * front[0]))
    depth = float(np.hypot(half_width * left[2], half_depth * front[2]))
    return width, depth / width


def _add_trunk(solids: Solids, skeleton: Skeleton, person: Person) -> None:
    unit, axes, build = skeleton.unit_px, skeleton.chest, person.build
    neck, hips = _point(skeleton, "neck"), _mid_hips(skeleton)
    girth = build.girth * (1.0 + 0.05 * person.loose)
    shoulders = 0.5 * build.shoulder_width
    rings = (  # share of the way from neck to hips, half width, half depth
        (0.02, shoulders - 0.06, 0.13),
        (0.16, shoulders - 0.04, 0.185 * girth),
        (0.36, 0.335 * girth, 0.215 * girth),
        (0.66, 0.285 * girth * build.waist, 0.190 * girth * build.waist),
        (0.88, 0.315 * girth, 0.205 * girth),
        (1.06 if person.loose > 0.4 else 0.95, 0.335 * girth, 0.215 * girth),
    )
    spine = hips - neck
    for (at, w0, d0), (to, w1, d1) in itertools.pairwise(rings):
        r0, k0 = oval(axes, w0, d0)
        r1, k1 = oval(axes, w1, d1)
        solids.add(
            neck + at * spine,
            neck + to * spine,
            (r0 * unit, r1 * unit),
            Material.UPPER,
            depth=0.5 * (k0 + k1),
            frame=TRUNK,
            along=at,
            hem=SLICE,
        )
    low = Material.UPPER if person.cut in LONG_UPPERS else Material.LOWER
    for (at, w0), (to, w1) in (((-0.14, 0.295), (0.06, 0.315)), ((0.06, 0.315), (0.17, 0.25))):
        r0, k0 = oval(skeleton.ground, w0 * girth, 0.195 * girth)
        r1, k1 = oval(skeleton.ground, w1 * girth, 0.185 * girth)
        solids.add(
            hips + at * spine,
            hips + to * spine,
            (r0 * unit, r1 * unit),
            low,
            depth=0.5 * (k0 + k1),
            along=1.0 + at,
            hem=SLICE,
        )
    for sign in SIGNS:  # the slope from neck to shoulder
        shoulder = _point(skeleton, "RSho" if sign < 0 else "LSho")
        solids.add(
            neck - 0.06 * unit * axes[1] + 0.16 * (shoulder - neck),
            neck + 0.92 * (shoulder - neck) + 0.03 * unit * axes[1],
            (0.09 * unit, 0.105 * unit * build.girth),
            Material.UPPER,
            frame=TRUNK,
        )


def _add_head(solids: Solids, skeleton: Skeleton, person: Person) -> None:
    unit, size, axes = skeleton.unit_px, person.build.head * skeleton.unit_px, skeleton.head
    neck = _point(skeleton, "neck")
    centre = head_centre(skeleton)
    solids.add(
        neck - 0.02 * unit * axes[1],
        centre + 0.10 * size * axes[1] - 0.03 * size * axes[2],
        (0.105 * unit, 0.100 * unit),
        Material.SKIN,
    )
    r, k = oval(axes, 0.150, 0.172)
    low_r, low_k = oval(axes, 0.112, 0.140)
    solids.add(
        centre - 0.055 * size * axes[1] - 0.02 * size * axes[2],
        centre + 0.085 * size * axes[1] + 0.02 * size * axes[2],
        (r * size, low_r * size),
        Material.SKIN,
        depth=0.5 * (k + low_k),
        frame=SKULL,
    )
    nose = _point(skeleton, "nose")
    solids.add(
        nose - 0.07 * size * axes[1] - 0.03 * size * axes[2],
        nose - 0.02 * size * axes[2],
        (0.018 * size, 0.030 * size),
        Material.SKIN,
    )
    for side in SIDES:
        ear = _point(skeleton, side + "Ear")
        solids.add(
            ear - 0.025 * size * axes[1],
            ear + 0.03 * size * axes[1],
            (0.030 * size, 0.024 * size),
            Material.SKIN,
        )


def head_centre(skeleton: Skeleton) -> Floats:
    """Give the middle of the skull, between the ears."""
    ears: Floats = 0.5 * (_point(skeleton, "REar") + _point(skeleton, "LEar"))
    return ears


def _add_hair(solids: Solids, skeleton: Skeleton, person: Person) -> None:
    size, axes = person.build.head * skeleton.unit_px, skeleton.head
    centre = head_centre(skeleton)
    down, front = axes[1], axes[2]
    if person.cap:
        brim = centre - 0.10 * size * down
        r, k = oval(axes, 0.11, 0.06)
        solids.add(
            brim + 0.12 * size * front,
            brim + (0.24 * front + 0.02 * down) * size,
            (r * size, 0.85 * r * size),
            Material.CAP,
            depth=0.25,
        )
    back = centre - 0.055 * size * front
    if person.haircut in ("bob", "long"):
        length = 0.20 if person.haircut == "bob" else 0.52
        r, k = oval(axes, 0.168, 0.135)
        solids.add(
            back - 0.05 * size * down,
            back + (length * down - 0.03 * front) * size,
            (r * size, 0.80 * r * size),
            Material.HAIR,
            depth=k,
        )
    elif person.haircut == "tail":
        root = centre - (0.16 * front + 0.05 * down) * size
        solids.add(
            root,
            root + (0.34 * down - 0.10 * front) * size,
            (0.05 * size, 0.035 * size),
            Material.HAIR,
        )


def _add_arm(solids: Solids, skeleton: Skeleton, person: Person, side: str) -> None:
    unit, girth = skeleton.unit_px, person.build.girth
    shoulder, elbow = _point(skeleton, side + "Sho"), _point(skeleton, side + "Elb")
    wrist = _point(skeleton, side + "Wri")
    loose = CLOTH_GAP + 0.02 * person.loose
    upper = loose if person.sleeve >= 1 else 0.5 * loose
    lower = loose if person.sleeve >= 1.8 else 0.0
    solids.add(
        shoulder,
        elbow,
        ((0.100 * girth + 0.6 * upper) * unit, (0.078 * girth + upper) * unit),
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
    hip, knee = _point(skeleton, side + "Hip"), _point(skeleton, side + "Kne")
    ankle = _point(skeleton, side + "Ank")
    covered = person.leg >= 1
    gap = CLOTH_GAP + 0.03 * person.loose
    thigh_gap = gap + (0.03 if 0 < person.leg < 1 else 0.0)
    calf_gap = gap if person.leg > 1.8 else 0.3 * gap
    skirt = skirt_length(skeleton, person)
    inward = 0.035 * unit * (1.0 if side == "R" else -1.0) * skeleton.ground[0]
    start = hip + inward + max(skirt - 0.15, 0.10) * (knee - hip)
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
    knee, ankle = _point(skeleton, side + "Kne"), _point(skeleton, side + "Ank")
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


def skirt_length(skeleton: Skeleton, person: Person) -> float:
    """Give how far a skirt reaches, as a share of the way from hips to knees; 0 without one."""
    if person.lower != "skirt" and person.cut != "dress":
        return 0.0
    return min(0.70 + 0.45 * person.loose, 0.6 if skeleton.cycling else 2.0)


def _add_skirts(solids: Solids, skeleton: Skeleton, person: Person) -> None:
    """Add what hangs from the waist as one piece: skirts, dresses and the tails of coats."""
    length = skirt_length(skeleton, person)
    if person.cut == "coat":
        length = max(length, 0.45 + 0.3 * person.loose)
    if not length:
        return
    unit, hips = skeleton.unit_px, _mid_hips(skeleton)
    knees = 0.5 * (_point(skeleton, "RKne") + _point(skeleton, "LKne"))
    girth = person.build.girth
    material = Material.UPPER if person.cut in LONG_UPPERS else Material.LOWER
    r0, k0 = oval(skeleton.ground, 0.30 * girth, 0.21 * girth)
    stride = np.abs(_point(skeleton, "RKne") - _point(skeleton, "LKne"))[0] / unit
    r1, k1 = oval(skeleton.ground, (0.32 + 0.08 * person.loose) * girth, 0.27 * girth)
    solids.add(
        hips - 0.12 * (hips - _point(skeleton, "neck")),
        hips + length * (knees - hips),
        (r0 * unit, max(r1, 0.5 * stride + 0.13) * unit),
        material,
        depth=0.5 * (k0 + k1),
        hem=FLAT,
        along=0.9,
    )


def _add_bag(solids: Solids, skeleton: Skeleton, person: Person) -> None:
    unit, axes = skeleton.unit_px, skeleton.chest
    neck = _point(skeleton, "neck")
    left, down, front = axes
    if person.bag == "backpack":
        r, k = oval(axes, 0.24, 0.13)
        centre = neck - 0.27 * unit * front
        solids.add(
            centre + 0.22 * unit * down,
            centre + 0.62 * unit * down,
            (r * unit, 1.1 * r * unit),
            Material.BAG,
            depth=k,
        )
    elif person.bag == "shoulder bag":
        hip = _mid_hips(skeleton) + (0.36 * person.bag_side * left - 0.04 * down) * unit
        r, k = oval(axes, 0.09, 0.17)
        solids.add(
            hip,
            hip + 0.16 * unit * down,
            (r * unit, r * unit),
            Material.BAG,
            depth=k,
        )
    elif person.bag == "hand bag":
        wrist = _point(skeleton, "RWri" if person.bag_side < 0 else "LWri")
        grip = wrist + 0.14 * unit * skeleton.ground[1]
        r, k = oval(skeleton.ground, 0.10, 0.17)
        solids.add(grip, grip + 0.10 * unit * down, (0.02 * unit, 0.03 * unit), Material.BAG)
        solids.add(
            grip + 0.17 * unit * skeleton.ground[1],
            grip + 0.32 * unit * skeleton.ground[1],
            (r * unit, 1.1 * r * unit),
            Material.BAG,
            depth=k,
        )
