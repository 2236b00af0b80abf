"""Bags of a figure as solids; their straps are drawn by the clothes."""

from __future__ import annotations

from preprocess.demo.drawing.body import Skeleton
from preprocess.demo.drawing.people import Material, Person
from preprocess.demo.drawing.solids import Solids, oval


def add_bag(solids: Solids, skeleton: Skeleton, person: Person) -> None:
    """Add the bag that a person carries, if any."""
    unit, axes = skeleton.unit_px, skeleton.chest
    neck = skeleton.point("neck")
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
        hip = skeleton.mid_hips + (0.36 * person.bag_side * left - 0.04 * down) * unit
        r, k = oval(axes, 0.09, 0.17)
        solids.add(
            hip,
            hip + 0.16 * unit * down,
            (r * unit, r * unit),
            Material.BAG,
            depth=k,
        )
    elif person.bag == "hand bag":
        wrist = skeleton.point("RWri" if person.bag_side < 0 else "LWri")
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
    elif person.bag == "suitcase":
        floor = skeleton.mid_hips + 0.55 * unit * (person.bag_side * left) - 0.30 * unit * front
        r, k = oval(skeleton.ground, 0.20, 0.13)
        solids.add(
            floor + 0.75 * unit * skeleton.ground[1],
            floor + 1.40 * unit * skeleton.ground[1],
            (r * unit, r * unit),
            Material.BAG,
            depth=k,
        )
