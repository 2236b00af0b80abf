"""Clothes: which material each point of a dressed surface shows.

Convention:
    Materials are indices into a person's palette, int64 (n,), one for each covered pixel. Places
    on the trunk are (left, down, front) of the neck, on the head of the middle of the skull, in
    torso lengths; so patterns, prints, straps and faces turn with the body.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from preprocess.demo.drawing.body import Skeleton
from preprocess.demo.drawing.head import head_centre
from preprocess.demo.drawing.people import Material, Person
from preprocess.demo.drawing.solids import SKULL, TRUNK, Reals, Surface, Whole
from shared.skeleton import JOINT

Marks = NDArray[np.bool_]


def _trunk_places(surface: Surface, skeleton: Skeleton) -> Reals:
    """Return (left, down, front) on the trunk in torso lengths, float32 (n, 3)."""
    neck = skeleton.points[JOINT["neck"]].astype(np.float32)
    axes = (skeleton.chest / skeleton.unit_px).astype(np.float32)
    local: Reals = (surface.position - neck) @ axes.T
    return local


def dressed(surface: Surface, skeleton: Skeleton, person: Person) -> Whole:
    """Choose the material of every covered pixel.

    Args:
        surface: What the pixels show.
        skeleton: The body, in the same pixels.
        person: Whose clothes it wears.
    """
    trunk = _trunk_places(surface, skeleton)
    material = surface.material
    frame = surface.column(13)
    on_trunk = frame == TRUNK
    upper = material == Material.UPPER
    patterned = upper
    if person.pattern in ("striped", "checked"):
        patterned = upper | (material == Material.SLEEVE)
    along = np.where(on_trunk, trunk[:, 1], _along_limb(surface, skeleton))
    across = np.where(on_trunk, trunk[:, 0], 0.3 * surface.normal[:, 0])
    material[patterned & _pattern(person, along, across)] = Material.SECOND
    _draw_front(material, on_trunk & upper, person, trunk)
    _draw_straps(material, on_trunk, person, trunk)
    _draw_head(material, frame == SKULL, surface, skeleton, person)
    return material


def _along_limb(surface: Surface, skeleton: Skeleton) -> Reals:
    table = surface.table
    length = np.linalg.norm(table[:, 3:6] - table[:, 0:3], axis=1) / skeleton.unit_px
    along: Reals = table[:, 14][surface.solid] + surface.t * length[surface.solid]
    return along


def _pattern(person: Person, along: Reals, across: Reals) -> Marks:
    """Tell where the second colour of the upper garment shows."""
    rows, columns = along / person.pattern_length, across / person.pattern_length
    marked: Marks = np.zeros(along.shape, dtype=np.bool_)
    if person.pattern == "striped":
        marked = np.mod(columns if person.upright_stripes else rows, 1.0) < 0.45
    elif person.pattern == "checked":
        marked = (np.mod(rows, 1.0) < 0.4) ^ (np.mod(columns, 1.0) < 0.4)
    elif person.pattern == "two-tone":
        marked = along > 0.30 + 0.3 * person.loose
    return marked


def _draw_front(material: Whole, shirt: Marks, person: Person, trunk: Reals) -> None:
    """Draw, in place, what only the front of a garment shows: print, opening, neckline."""
    across, down, front = trunk.T
    aside = np.abs(across)
    facing = shirt & (front > 0.0)
    if person.pattern == "printed":
        ring = (across / 0.17) ** 2 + ((down - 0.36) / 0.15) ** 2
        hollow = (ring > 0.3) & (ring < 0.5) & (person.loose > 0.5)
        material[facing & (ring < 1.0) & ~hollow] = Material.SECOND
    if person.cut in ("jacket", "coat"):
        width = 0.035 + 0.09 * person.loose * (1.1 - 0.5 * down)
        material[facing & (aside < width)] = Material.INNER
    material[facing & (aside < 0.11) & (down < 0.10 - 0.8 * aside)] = Material.SKIN


def _draw_straps(material: Whole, on_trunk: Marks, person: Person, trunk: Reals) -> None:
    """Draw, in place, the straps of a backpack (front only) or of a shoulder bag (all around)."""
    across, down, front = trunk.T
    if person.bag == "backpack":
        strap = (front > -0.02) & (np.abs(np.abs(across) - 0.25) < 0.035) & (down < 0.5)
    elif person.bag == "shoulder bag":
        strap = np.abs(across * person.bag_side - 0.75 * down + 0.33) < 0.035
    else:
        return
    material[on_trunk & strap] = Material.BAG


def _draw_head(
    material: Whole, skull: Marks, surface: Surface, skeleton: Skeleton, person: Person
) -> None:
    """Draw, in place, face, hair and cap onto the skull."""
    rows = np.flatnonzero(skull)
    axes = (skeleton.head / (skeleton.unit_px * person.build.head)).astype(np.float32)
    centre = head_centre(skeleton).astype(np.float32)
    left, down, front = ((surface.position[rows] - centre) @ axes.T).T
    aside = np.abs(left)
    look = np.full(len(rows), Material.SKIN, dtype=np.int64)
    eyeward = np.abs(aside - 0.062)
    face = front > 0.05
    look[face & (eyeward < 0.026) & (np.abs(down + 0.03) < 0.014)] = Material.EYES
    look[face & (eyeward < 0.034) & (np.abs(down + 0.075) < 0.008)] = Material.HAIR
    look[face & (aside < 0.050) & (np.abs(down - 0.105) < 0.014)] = Material.LIPS
    _draw_on_face(look, face, left, down, person)
    if person.haircut != "bald":
        behind = (front < 0.015 - 0.10 * (down > 0.06)) & (down < 0.13)
        parted = 0.35 * aside * (person.haircut != "short")
        look[behind | (down < -0.105 + parted)] = Material.HAIR
    if person.haircut == "hood":
        look[(front < 0.05) | (down < -0.10)] = Material.UPPER
    if person.cap:
        look[down < -0.085] = Material.CAP
    material[rows] = look


def _draw_on_face(look: Whole, face: Marks, left: Reals, down: Reals, person: Person) -> None:
    """Draw, in place, what some people have on the face."""
    aside = np.abs(left)
    if person.beard:
        look[face & (down > 0.075) & ~((aside < 0.035) & (np.abs(down - 0.105) < 0.012))] = (
            Material.HAIR
        )
    if person.glasses:
        look[face & (aside > 0.012) & (aside < 0.115) & (np.abs(down + 0.03) < 0.03)] = (
            Material.EYES
        )
    if person.mask:
        look[face & (down > 0.035)] = Material.SOCK
