"""People of the varied worlds: builds, looks and clothes beyond those of the demo.

Convention: as in :mod:`preprocess.demo.drawing.people`; a person is a pure function of the world,
the seed and the number.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Final

import numpy as np

from preprocess.demo.drawing.body import Build
from preprocess.demo.drawing.people import (
    CUTS,
    LOWERS,
    Material,
    Person,
    Swatches,
    sample_person,
)
from preprocess.demo.drawing.varied.chance import between, one_of
from preprocess.demo.drawing.varied.noise import LEAST_SIDE, fractal
from preprocess.demo.drawing.varied.ranges import Ranges
from preprocess.demo.drawing.varied.swatches import swatch, tone

PERSON_STREAM: Final = 21
CUT_SHARES: Final = dict(zip(CUTS, (0.34, 0.22, 0.20, 0.09, 0.08, 0.07), strict=True))
LOWER_SHARES: Final = dict(zip(LOWERS, (0.60, 0.19, 0.13, 0.08), strict=True))
PLAIN_TROUSERS: Final = 0.62
DYED: Final = 0.06


@lru_cache(maxsize=32)
def varied_person(ranges: Ranges, seed: int, identity: int, scale: float = 1.0) -> Person:
    """Draw the looks of an identity.

    Args:
        ranges: The world.
        seed: Seed of the data set.
        identity: Its number; any integer ≥ 0.
        scale: Height of the pictures over 128; it makes swatches finer and changes no choice.
    """
    rng = np.random.default_rng((seed, PERSON_STREAM, ranges.salt, identity))
    like = sample_person(int(rng.integers(2**31)), identity)
    cut, lower = one_of(rng, CUT_SHARES), one_of(rng, LOWER_SHARES)
    build = _build(rng, ranges)
    person = replace(
        like,
        build=build,
        cut=cut,
        lower=lower,
        pattern="plain",
        haircut=one_of(rng, ranges.haircuts),
        bag=one_of(rng, ranges.bags),
        cap=bool(rng.random() < 0.10),
        sleeve=_sleeve(rng, cut),
        leg=_leg(rng, cut, lower),
        beard=bool(rng.random() < 0.14),
        glasses=bool(rng.random() < 0.14),
        mask=bool(rng.random() < 0.05),
    )
    return _painted(rng, ranges, person, scale)


def _build(rng: np.random.Generator, ranges: Ranges) -> Build:
    girth = float(np.clip(rng.normal(1.0, 0.14), *ranges.girth))
    waist = float(np.clip(rng.normal(0.96, 0.10) + 0.5 * max(girth - 1.1, 0.0), *ranges.waist))
    if rng.random() < ranges.children:
        size = between(rng, (0.72, 0.92))
        return Build(
            shoulder_width=float(rng.normal(0.78, 0.04)),
            hip_width=float(rng.normal(0.47, 0.02)),
            thigh=0.78 * size,
            calf=0.75 * size,
            upper_arm=0.57 * (0.3 + 0.7 * size),
            forearm=0.49 * (0.3 + 0.7 * size),
            girth=girth,
            waist=max(waist, 0.95),
            head=between(rng, (1.25, 1.6)),
        )
    legs = float(rng.normal(1.0, 0.055))
    return Build(
        shoulder_width=float(np.clip(rng.normal(0.83, 0.07), 0.66, 1.0)),
        hip_width=float(np.clip(rng.normal(0.46, 0.035), 0.38, 0.56)),
        thigh=float(0.78 * legs * rng.normal(1.0, 0.03)),
        calf=float(0.75 * legs * rng.normal(1.0, 0.03)),
        upper_arm=float(rng.normal(0.57, 0.03)),
        forearm=float(rng.normal(0.49, 0.03)),
        girth=girth,
        waist=waist,
        head=float(rng.normal(1.06, 0.07)),
    )


def _sleeve(rng: np.random.Generator, cut: str) -> float:
    if cut == "top":
        return 0.0
    if cut in ("t-shirt", "dress") and rng.random() < 0.85:
        return between(rng, (0.30, 0.95))
    return between(rng, (1.80, 2.0)) if rng.random() < 0.75 else between(rng, (1.1, 1.7))


def _leg(rng: np.random.Generator, cut: str, lower: str) -> float:
    if cut == "dress" or lower == "skirt":
        return 0.0 if rng.random() < 0.7 else between(rng, (1.9, 2.0))  # bare, or over leggings
    spans = {"trousers": (1.88, 2.0), "shorts": (0.30, 1.0), "three-quarter": (1.15, 1.70)}
    return between(rng, spans[lower])


def _painted(rng: np.random.Generator, ranges: Ranges, person: Person, scale: float) -> Person:
    """Give a person colours and cloth of the world."""
    palette = person.palette.copy()
    palette[Material.SKIN] *= rng.uniform(0.85, 1.08) * rng.normal(1.0, 0.03, 3)
    if rng.random() < DYED:
        palette[Material.HAIR] = tone(rng, ranges)
    for material in (Material.INNER, Material.SHOE, Material.BAG, Material.CAP, Material.SLEEVE):
        palette[material] = tone(rng, ranges)
    palette = np.clip(palette, 6, 250)
    upper = swatch(rng, ranges, one_of(rng, ranges.cloths), scale)
    plain = rng.random() < PLAIN_TROUSERS
    lower = swatch(rng, ranges, "plain" if plain else one_of(rng, ranges.cloths), scale)
    if person.cut == "dress":
        lower = upper
    palette[Material.UPPER] = palette[Material.SECOND] = upper.mean(axis=(0, 1))
    palette[Material.LOWER] = lower.mean(axis=(0, 1))
    sleeves = bool(rng.random() < 0.86)
    side = LEAST_SIDE // 2 * max(round(scale), 1)
    relief = 0.7 * fractal(rng, (side, side), salt=ranges.salt, falls=(2, 5))
    relief += 0.5 * fractal(rng, (side, side), salt=ranges.salt, falls=(4, 6))
    swatches = Swatches(
        upper=upper,
        lower=lower,
        sleeves=sleeves,
        folds=relief,
        depth=between(rng, ranges.folds),
    )
    return replace(person, palette=palette, swatches=swatches)
