"""Wear: swatches on the surface of a body, and the folds that cloth falls into.

Convention: as in :mod:`preprocess.demo.drawing.shading`; one row for each covered pixel.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from preprocess.demo.drawing.body import Skeleton
from preprocess.demo.drawing.people import Material, Person
from preprocess.demo.drawing.solids import TRUNK, Reals, Surface, Whole
from preprocess.demo.drawing.varied.swatches import NECK, REACH
from shared.skeleton import JOINT

FLATTER: Final = 1.5
"""A trunk is so much wider than it is deep."""
FOLDED: Final = np.isin(
    np.arange(len(Material)),
    (Material.UPPER, Material.SECOND, Material.SLEEVE, Material.LOWER, Material.INNER),
)
STREAKED: Final = np.isin(np.arange(len(Material)), (Material.HAIR, Material.BAG, Material.CAP))


def worn(
    colours: Reals, material: Whole, surface: Surface, skeleton: Skeleton, person: Person
) -> Reals:
    """Return the colours with the person's swatches on them, folded.

    Args:
        colours: float32 (n, 3), the palette's.
        material: int64 (n,).
        surface: What the pixels show.
        skeleton: The body, in the same pixels.
        person: One who has swatches.
    """
    swatches = person.swatches
    assert swatches is not None
    around, along = _cloth_places(surface, skeleton)
    clothed = colours.copy()
    sleeves = (Material.SLEEVE,) if swatches.sleeves else ()
    for materials, cloth in (
        ((Material.UPPER, *sleeves), swatches.upper),
        ((Material.LOWER,), swatches.lower),
    ):
        rows = np.flatnonzero(np.isin(material, materials))
        clothed[rows] = _looked_up(cloth, around[rows], along[rows])
    depth = np.where(FOLDED[material], np.float32(swatches.depth), np.float32(0.03))
    depth = np.where(STREAKED[material], np.float32(0.16), depth)
    relief = _folds(around, along, surface, person.fold_phase, swatches.folds)
    factors = np.clip(1.0 + depth * relief, 0.35, 1.6).astype(np.float32)
    folded: Reals = clothed * factors[:, None]
    return folded


def _cloth_places(surface: Surface, skeleton: Skeleton) -> tuple[Reals, Reals]:
    """Torso lengths around a trunk or limb from its front, and along it from the neck."""
    table, unit = surface.table, skeleton.unit_px
    axes = (skeleton.chest / unit).astype(np.float32)
    left, down, front = ((surface.position - skeleton.points[JOINT["neck"]]) @ axes.T).T
    turn = np.arctan2(left, FLATTER * front) * np.float32(0.5 * REACH / np.pi)
    radius = (table[:, 6] / unit)[surface.solid]
    aside = radius * np.arcsin(np.clip(surface.normal[:, 0], -1.0, 1.0))
    lengths = np.linalg.norm(table[:, 3:6] - table[:, 0:3], axis=1) / unit
    hung = table[:, 14][surface.solid] + surface.t * lengths[surface.solid]
    on_trunk = surface.column(13) == TRUNK
    return (
        np.where(on_trunk, turn, aside).astype(np.float32),
        np.where(on_trunk, down, hung).astype(np.float32),
    )


def _looked_up(cloth: Reals, around: Reals, along: Reals) -> Reals:
    side = len(cloth)
    column = ((around / REACH + 0.5) * side).astype(np.int64) % side
    row = ((along + NECK) / REACH * side).astype(np.int64) % side
    found: Reals = cloth[row, column]
    return found


def _folds(around: Reals, along: Reals, surface: Surface, phase: float, field: Reals) -> Reals:
    """Look the relief of the cloth up: it runs down and around, another one in every picture."""
    side = len(field)
    shift, part = phase * side, 37.0 * surface.solid
    column = ((2.6 * around + 0.7 * along) / REACH * side + shift + part).astype(np.int64) % side
    row = ((1.1 * along - 0.5 * around) / REACH * side + 0.6 * shift).astype(np.int64) % side
    relief: Reals = field[row, column]
    return relief
