"""Head and hair of a figure as solids; face and hairline are drawn by the clothes."""

from __future__ import annotations

from preprocess.demo.drawing.body import SIDES, Floats, Skeleton
from preprocess.demo.drawing.people import Material, Person
from preprocess.demo.drawing.solids import SKULL, Solids, oval


def add_head(solids: Solids, skeleton: Skeleton, person: Person) -> None:
    """Add neck, skull, nose and ears."""
    unit, size, axes = skeleton.unit_px, person.build.head * skeleton.unit_px, skeleton.head
    neck = skeleton.point("neck")
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
    nose = skeleton.point("nose")
    solids.add(
        nose - 0.07 * size * axes[1] - 0.03 * size * axes[2],
        nose - 0.02 * size * axes[2],
        (0.018 * size, 0.030 * size),
        Material.SKIN,
    )
    for side in SIDES:
        ear = skeleton.point(side + "Ear")
        solids.add(
            ear - 0.025 * size * axes[1],
            ear + 0.03 * size * axes[1],
            (0.030 * size, 0.024 * size),
            Material.SKIN,
        )


def head_centre(skeleton: Skeleton) -> Floats:
    """The middle of the skull, between the ears."""
    ears: Floats = 0.5 * (skeleton.point("REar") + skeleton.point("LEar"))
    return ears


def add_hair(solids: Solids, skeleton: Skeleton, person: Person) -> None:
    """Add hair that hangs off the skull, and the peak of a cap."""
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
            back + length * (down - 0.35 * front) * size,
            (r * size, 0.80 * r * size),
            Material.HAIR,
            depth=k,
        )
    elif person.haircut == "bun":
        knot = centre - (0.17 * front + 0.10 * down) * size
        solids.add(knot, knot - 0.03 * size * down, (0.07 * size, 0.06 * size), Material.HAIR)
    elif person.haircut == "afro":
        crown = centre - (0.12 * front + 0.09 * down) * size
        solids.add(crown, crown - 0.05 * size * down, (0.19 * size, 0.19 * size), Material.HAIR)
    elif person.haircut == "hood":
        solids.add(
            centre - (0.05 * front + 0.04 * down) * size,
            centre + (0.24 * down - 0.08 * front) * size,
            (0.185 * size, 0.16 * size),
            Material.UPPER,
        )
    elif person.haircut == "tail":
        root = centre - (0.16 * front + 0.05 * down) * size
        solids.add(
            root,
            root + (0.34 * down - 0.10 * front) * size,
            (0.05 * size, 0.035 * size),
            Material.HAIR,
        )
