"""Shading: light, folds and contact shadows turn a dressed surface into colours.

Convention:
    Colours are RGB floats from 0 to 255, float32 (n, 3), one row for each covered pixel.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from preprocess.demo.drawing.body import Skeleton
from preprocess.demo.drawing.clothes import dressed
from preprocess.demo.drawing.people import Material, Person
from preprocess.demo.drawing.solids import Reals, Surface
from preprocess.demo.drawing.varied.wear import worn

CLOTHES = np.isin(
    np.arange(len(Material)), (Material.UPPER, Material.SECOND, Material.SLEEVE, Material.LOWER)
)
REACH = 3 / 256
"""How far a nearer surface darkens the one behind it, as a share of the picture's height."""


@dataclass(frozen=True, kw_only=True)
class Light:
    """Where light comes from, in view space, and how much of it comes from everywhere."""

    direction: tuple[float, float, float] = (-0.35, -0.75, 0.56)
    ambient: float = 0.55


def shade(surface: Surface, skeleton: Skeleton, person: Person, light: Light) -> Reals:
    """Compute the colour of every covered pixel.

    Args:
        surface: What the pixels show.
        skeleton: The body, in the same pixels.
        person: Whose clothes it wears.
        light: The camera's light.
    """
    material = dressed(surface, skeleton, person)
    colours: Reals = person.palette.astype(np.float32)[material]
    brightness = _lit(surface, light) * _crevices(surface, skeleton.unit_px)
    if person.swatches is not None:
        return worn(colours, material, surface, skeleton, person) * brightness[:, None]
    brightness *= np.where(CLOTHES[material], _folds(surface, person), np.float32(1.0))
    hair = material == Material.HAIR
    brightness[hair] *= 1.0 + 0.12 * np.sin(7.0 * surface.normal[hair, 0] + person.fold_phase)
    return colours * brightness[:, None]


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
    nearest, reach = depth.copy(), max(round(REACH * surface.size[0]), 1)
    for rows in (slice(None, -reach), slice(reach, None)):
        other = slice(reach, None) if rows.start is None else slice(None, -reach)
        np.maximum(nearest[rows], depth[other], out=nearest[rows])
        np.maximum(nearest[:, rows], depth[:, other], out=nearest[:, rows])
    before = (nearest.reshape(-1)[surface.pixels] - surface.position[:, 2]) / unit_px
    factor: Reals = 1.0 - 0.34 * np.clip(5.0 * (before - 0.12), 0.0, 1.0)
    return factor


def _folds(surface: Surface, person: Person) -> Reals:
    """Draw soft, slanting folds of the cloth, as factors around 1."""
    along = 5.0 * surface.t + 1.3 * surface.solid.astype(np.float32)
    across = 2.2 * surface.normal[:, 0]
    wave = np.sin(along + across + person.fold_phase)
    finer = np.sin(1.9 * along - 2.6 * across + 2.0 * person.fold_phase)
    folds: Reals = 1.0 + 0.05 * wave + 0.03 * finer
    return folds
