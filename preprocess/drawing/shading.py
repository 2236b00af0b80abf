"""Shading: materials, patterns, folds and light turn a surface into colours.

Convention:
    Colours are RGB floats from 0 to 255, float32 (n, 3), one row for each covered pixel.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from preprocess.drawing.body import Skeleton
from preprocess.drawing.figure import head_centre
from preprocess.drawing.people import Material, Person
from preprocess.drawing.solids import SKULL, TRUNK, Reals, Surface, Whole
from shared.skeleton import JOINT

Marks = NDArray[np.bool_]

CLOTHES = np.isin(
    np.arange(len(Material)), (Material.UPPER, Material.SECOND, Material.SLEEVE, Material.LOWER)
)
REACH_PX = 3
"""How far, on the fine grid, a nearer surface darkens the one behind it."""


@dataclass(frozen=True, kw_only=True)
class Light:
    """Where light comes from, in view space, and how much of it comes from everywhere."""

    direction: tuple[float, float, float] = (-0.35, -0.75, 0.56)
    ambient: float = 0.55


def shade(surface: Surface, skeleton: Skeleton, person: Person, light: Light) -> Reals:
    """Give the colour of every covered pixel.

    Args:
        surface: What the pixels show.
        skeleton: The body, in the same pixels.
        person: Whose clothes it wears.
        light: The camera's light.
    """
    trunk = _trunk_coordinates(surface, skeleton)
    material = _dressed(surface, skeleton, person, trunk)
    colours: Reals = person.palette.astype(np.float32)[material]
    brightness = _lit(surface, light) * _crevices(surface, skeleton.unit_px)
    brightness *= np.where(CLOTHES[material], _folds(surface, person), np.float32(1.0))
    hair = material == Material.HAIR
    brightness[hair] *= 1.0 + 0.25 * np.sin(9.0 * surface.normal[hair, 0] + person.fold_phase)
    return colours * brightness[:, None]


def _trunk_coordinates(surface: Surface, skeleton: Skeleton) -> Reals:
    """Give (left, down, front) on the trunk in torso lengths, float32 (n, 3)."""
    neck = skeleton.points[JOINT["neck"]].astype(np.float32)
    axes = (skeleton.chest / skeleton.unit_px).astype(np.float32)
    local: Reals = (surface.position - neck) @ axes.T
    return local


def _dressed(surface: Surface, skeleton: Skeleton, person: Person, trunk: Reals) -> Whole:
    material = surface.material
    frame = surface.column(13)
    upper = material == Material.UPPER
    sleeve = material == Material.SLEEVE
    on_trunk = frame == TRUNK
    along = np.where(on_trunk, trunk[:, 1], _along_limb(surface, skeleton))
    marked = _pattern(person, along, np.where(on_trunk, trunk[:, 0], 0.3 * surface.normal[:, 0]))
    pattern_on_sleeves = person.pattern in ("striped", "checked")
    material = np.where(marked & upper, Material.SECOND, material)
    if pattern_on_sleeves:
        material = np.where(marked & sleeve, Material.SECOND, material)
    material = _fronted(material, on_trunk & upper, person, trunk)
    if person.bag in ("backpack", "shoulder bag"):
        material = np.where(_straps(on_trunk, person, trunk), Material.BAG, material)
    return _faced(material, frame == SKULL, surface, skeleton, person)


def _along_limb(surface: Surface, skeleton: Skeleton) -> Reals:
    table = surface.table
    length = np.linalg.norm(table[:, 3:6] - table[:, 0:3], axis=1) / skeleton.unit_px
    return table[:, 14][surface.solid] + surface.t * length[surface.solid].astype(np.float32)


def _pattern(person: Person, along: Reals, across: Reals) -> Marks:
    """Tell where the second colour of the upper garment shows."""
    period = person.pattern_length
    if person.pattern == "striped":
        place = across if person.upright_stripes else along
        return np.mod(place / period, 1.0) < 0.45
    if person.pattern == "checked":
        return (np.mod(along / period, 1.0) < 0.4) ^ (np.mod(across / period, 1.0) < 0.4)
    if person.pattern == "two-tone":
        return along > 0.30 + 0.3 * person.loose
    return np.zeros(along.shape, dtype=bool)


def _fronted(material: Whole, shirt: Marks, person: Person, trunk: Reals) -> Whole:
    """Draw what only the front of a shirt shows: collar, opening, print."""
    across, down, front = trunk.T
    facing = shirt & (front > 0.0)
    if person.pattern == "printed":
        ring = (across / 0.17) ** 2 + ((down - 0.36) / 0.15) ** 2
        printed = facing & (ring < 1.0) & ~((ring > 0.3) & (ring < 0.5) & (person.loose > 0.5))
        material = np.where(printed, Material.SECOND, material)
    if person.cut in ("jacket", "coat"):
        opening = facing & (np.abs(across) < 0.035 + 0.09 * person.loose * (1.1 - 0.5 * down))
        material = np.where(opening, Material.INNER, material)
    neckline = facing & (np.abs(across) < 0.11) & (down < 0.10 - 0.8 * np.abs(across))
    return np.where(neckline, Material.SKIN, material)


def _straps(on_trunk: Marks, person: Person, trunk: Reals) -> Marks:
    across, down, front = trunk.T
    if person.bag == "backpack":
        return on_trunk & (front > -0.02) & (np.abs(np.abs(across) - 0.25) < 0.035) & (down < 0.5)
    diagonal = across * person.bag_side - (0.75 * down - 0.33)
    return on_trunk & (np.abs(diagonal) < 0.035)


def _faced(
    material: Whole, skull: Marks, surface: Surface, skeleton: Skeleton, person: Person
) -> Whole:
    """Draw face and hair onto the skull."""
    rows = np.flatnonzero(skull)
    size = skeleton.unit_px * person.build.head
    axes = (skeleton.head / size).astype(np.float32)
    centre = head_centre(skeleton).astype(np.float32)
    left, down, front = ((surface.position[rows] - centre) @ axes.T).T
    fringe = -0.105 if person.haircut != "bald" else -1.0
    hairy = (front < 0.015 - 0.10 * (down > 0.06)) & (down < 0.13)
    hairy |= down < fringe + 0.35 * np.abs(left) * (person.haircut != "short")
    if person.haircut == "bald":
        hairy[:] = False
    faced = np.where(hairy, Material.HAIR, Material.SKIN)
    eye = (np.abs(np.abs(left) - 0.062) < 0.030) & (np.abs(down + 0.03) < 0.017) & (front > 0.05)
    brow = (np.abs(np.abs(left) - 0.062) < 0.040) & (np.abs(down + 0.075) < 0.011)
    mouth = (np.abs(left) < 0.050) & (np.abs(down - 0.105) < 0.014) & (front > 0.05)
    faced = np.where(eye, Material.EYES, faced)
    faced = np.where(brow & (front > 0.05), Material.HAIR, faced)
    faced = np.where(mouth, Material.LIPS, faced)
    if person.cap:
        faced = np.where(down < -0.085, Material.CAP, faced)
    material = material.copy()
    material[rows] = faced
    return material


def _lit(surface: Surface, light: Light) -> Reals:
    direction = np.array(light.direction, dtype=np.float32)
    direction /= np.linalg.norm(direction)
    diffuse = np.maximum(surface.normal @ direction, 0.0)
    rim = 0.72 + 0.28 * surface.normal[:, 2]
    lit: Reals = (light.ambient + (1.12 - light.ambient) * diffuse) * rim
    return lit


def _crevices(surface: Surface, unit_px: float) -> Reals:
    """Darken what lies close behind a nearer surface, so that an arm stands out from the trunk."""
    depth = surface.depth_map()
    nearest = depth.copy()
    for rows in (slice(None, -REACH_PX), slice(REACH_PX, None)):
        other = slice(REACH_PX, None) if rows.start is None else slice(None, -REACH_PX)
        np.maximum(nearest[rows], depth[other], out=nearest[rows])
        np.maximum(nearest[:, rows], depth[:, other], out=nearest[:, rows])
    before = (nearest.reshape(-1)[surface.pixels] - surface.position[:, 2]) / unit_px
    factor: Reals = 1.0 - 0.38 * np.clip(4.0 * (before - 0.06), 0.0, 1.0)
    return factor


def _folds(surface: Surface, person: Person) -> Reals:
    """Give soft, slanting folds of the cloth as factors around 1."""
    along = 5.0 * surface.t + 1.3 * surface.solid
    across = 2.2 * surface.normal[:, 0]
    wave = np.sin(along + across + person.fold_phase)
    finer = np.sin(1.9 * along - 2.6 * across + 2.0 * person.fold_phase)
    folds: Reals = (1.0 + 0.05 * wave + 0.03 * finer).astype(np.float32)
    return folds
