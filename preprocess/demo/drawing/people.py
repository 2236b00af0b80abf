"""Identities: build, skin, hair, clothes and bags that a person keeps through all images.

Convention:
    Colours are RGB floats from 0 to 255. An identity is a pure function of (seed, number).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from preprocess.demo.drawing.body import Build

RGB = tuple[float, float, float]
IDENTITY_STREAM = 11


class Material(IntEnum):
    """What a piece of surface is made of; the index into a person's palette."""

    SKIN = 0
    HAIR = 1
    UPPER = 2
    SECOND = 3
    """The other colour of the upper garment's pattern."""
    INNER = 4
    """What shows under an open jacket, and collars."""
    LOWER = 5
    LOWER_SECOND = 6
    SHOE = 7
    SOCK = 8
    BAG = 9
    CAP = 10
    METAL = 11
    TYRE = 12
    SLEEVE = 13
    LIPS = 14
    EYES = 15
    SOLE = 16


CLOTH: dict[str, tuple[RGB, float]] = {
    "white": ((226, 225, 221), 0.13),
    "black": ((38, 37, 41), 0.17),
    "grey": ((122, 122, 125), 0.11),
    "navy": ((40, 50, 88), 0.10),
    "blue": ((62, 102, 172), 0.08),
    "sky": ((142, 182, 216), 0.06),
    "red": ((178, 44, 46), 0.08),
    "pink": ((224, 142, 162), 0.07),
    "green": ((66, 116, 78), 0.05),
    "lime": ((158, 186, 92), 0.03),
    "yellow": ((222, 194, 84), 0.05),
    "orange": ((216, 120, 54), 0.03),
    "purple": ((110, 76, 136), 0.05),
    "khaki": ((164, 146, 112), 0.06),
    "brown": ((98, 68, 50), 0.04),
}
LOWER_CLOTH: dict[str, tuple[RGB, float]] = {
    "jeans": ((66, 84, 122), 0.26),
    "light jeans": ((122, 142, 174), 0.12),
    "black": ((36, 36, 40), 0.24),
    "grey": ((104, 104, 108), 0.12),
    "khaki": ((156, 138, 104), 0.09),
    "navy": ((42, 48, 76), 0.10),
    "white": ((214, 212, 206), 0.04),
    "red": ((150, 48, 52), 0.03),
}
SKINS: tuple[RGB, ...] = (
    (240, 204, 178),
    (228, 186, 154),
    (212, 166, 132),
    (186, 138, 104),
    (142, 98, 70),
    (96, 64, 46),
)
SKIN_SHARES = (0.24, 0.30, 0.22, 0.12, 0.07, 0.05)
HAIRS: tuple[RGB, ...] = (
    (30, 26, 26),
    (52, 38, 30),
    (92, 64, 42),
    (150, 116, 70),
    (150, 148, 146),
)
HAIR_SHARES = (0.46, 0.27, 0.14, 0.07, 0.06)

CUTS = ("t-shirt", "long sleeves", "jacket", "coat", "dress", "top")
PATTERNS = ("plain", "striped", "checked", "printed", "two-tone")
LOWERS = ("trousers", "shorts", "skirt", "three-quarter")
HAIRCUTS = ("short", "bob", "long", "tail", "bald")
BAGS = ("none", "backpack", "shoulder bag", "hand bag")


@dataclass(frozen=True, kw_only=True)
class Swatches:
    """Textures of the clothes, for the worlds whose clothes have any.

    Attributes:
        upper, lower: float32 (side, side, 3), see :mod:`preprocess.demo.drawing.varied.swatches`.
        sleeves: Whether sleeves are of the upper garment's cloth.
        folds: float32 (side, side), the relief of the cloth.
        depth: How strongly folds shade, as a share of the brightness.
    """

    upper: NDArray[np.float32]
    lower: NDArray[np.float32]
    sleeves: bool
    folds: NDArray[np.float32]
    depth: float


@dataclass(frozen=True, kw_only=True)
class Person:
    """One identity's looks.

    Attributes:
        palette: float64 (number of materials, 3), RGB.
        upright_stripes: Whether stripes run up and down.
        pattern_length: Period of stripes and checks in torso lengths.
        sleeve: How far sleeves reach, 0 none to 2 the wrist; leg: 0 none to 2 the ankle.
        bag_side: -1 the person's right, +1 the left.
        fold_phase: Phase of the folds of the cloth.
        beard, glasses, mask: What else is on the face.
        swatches: Textures of the clothes; None paints them from the palette alone.
    """

    build: Build
    palette: NDArray[np.float64]
    cut: str
    pattern: str
    lower: str
    haircut: str
    bag: str
    cap: bool
    upright_stripes: bool
    pattern_length: float
    sleeve: float
    leg: float
    loose: float
    bag_side: float
    fold_phase: float
    beard: bool = False
    glasses: bool = False
    mask: bool = False
    swatches: Swatches | None = None


def sample_person(seed: int, identity: int) -> Person:
    """Draw the looks of an identity.

    Args:
        seed: Seed of the data set.
        identity: Its number; any integer ≥ 0.
    """
    rng = np.random.default_rng((seed, IDENTITY_STREAM, identity))
    feminine = bool(rng.random() < 0.5)
    cut = _choice(rng, CUTS, (0.34, 0.24, 0.20, 0.06, 0.10 * feminine, 0.06))
    lower = _choice(rng, LOWERS, (0.60, 0.18, 0.24 * feminine, 0.07))
    haircut = _choice(
        rng, HAIRCUTS, (0.08, 0.30, 0.38, 0.22, 0.0) if feminine else (0.82, 0.08, 0.02, 0.02, 0.06)
    )
    pattern = _choice(rng, PATTERNS, (0.42, 0.17, 0.10, 0.17, 0.14))
    return Person(
        build=_sample_build(rng, feminine),
        palette=_sample_palette(rng, cut, pattern),
        cut=cut,
        pattern=pattern,
        lower=lower,
        haircut=haircut,
        bag=_choice(rng, BAGS, (0.42, 0.30, 0.17, 0.11)),
        cap=bool(rng.random() < 0.09),
        upright_stripes=bool(rng.random() < 0.25),
        pattern_length=float(rng.uniform(0.13, 0.26)),
        sleeve=_sleeve(rng, cut),
        leg=_leg(rng, lower, cut),
        loose=float(rng.uniform(0.0, 1.0)),
        bag_side=float(rng.choice((-1.0, 1.0))),
        fold_phase=float(rng.uniform(0.0, 2.0 * np.pi)),
    )


def _sample_build(rng: np.random.Generator, feminine: bool) -> Build:
    slim = 0.07 if feminine else 0.0
    return Build(
        shoulder_width=float(rng.normal(0.85 - 0.5 * slim, 0.04)),
        hip_width=float(rng.normal(0.515, 0.022)),
        thigh=float(rng.normal(0.78, 0.03)),
        calf=float(rng.normal(0.75, 0.03)),
        upper_arm=float(rng.normal(0.57, 0.02)),
        forearm=float(rng.normal(0.49, 0.02)),
        girth=float(np.clip(rng.normal(1.0 - slim, 0.09), 0.80, 1.28)),
        waist=float(rng.normal(0.90 if feminine else 1.0, 0.06)),
        head=float(rng.normal(1.07, 0.04)),
    )


def _sample_palette(rng: np.random.Generator, cut: str, pattern: str) -> NDArray[np.float64]:
    palette = np.zeros((len(Material), 3))
    palette[Material.SKIN] = _varied(rng, SKINS[_index(rng, SKIN_SHARES)], 7)
    palette[Material.HAIR] = _varied(rng, HAIRS[_index(rng, HAIR_SHARES)], 6)
    upper = _cloth(rng, CLOTH)
    second = _contrasting(rng, upper)
    palette[Material.UPPER] = upper
    palette[Material.SECOND] = second
    raglan = pattern == "two-tone" and rng.random() < 0.5
    palette[Material.SLEEVE] = second if raglan else upper
    palette[Material.INNER] = _contrasting(rng, upper)
    lower = upper if cut == "dress" else _cloth(rng, LOWER_CLOTH)
    palette[Material.LOWER] = lower
    palette[Material.LOWER_SECOND] = np.clip(lower * 0.75, 0, 255)
    shoes = ((40, 38, 38), (222, 220, 216), (92, 66, 48), (60, 74, 112), (160, 52, 52))
    shoe = shoes[_index(rng, (0.40, 0.28, 0.14, 0.10, 0.08))]
    palette[Material.SHOE] = _varied(rng, shoe, 10)
    palette[Material.SOLE] = _varied(rng, (205, 203, 198), 12)
    palette[Material.SOCK] = _varied(
        rng, (210, 208, 204) if rng.random() < 0.7 else (50, 50, 54), 8
    )
    palette[Material.BAG] = _cloth(rng, CLOTH) * 0.85
    palette[Material.CAP] = _cloth(rng, CLOTH)
    palette[Material.METAL] = _varied(
        rng, (128, 40, 44) if rng.random() < 0.4 else (96, 100, 108), 20
    )
    palette[Material.TYRE] = (38, 38, 40)
    palette[Material.LIPS] = palette[Material.SKIN] * np.array((0.78, 0.52, 0.50))
    palette[Material.EYES] = 0.25 * palette[Material.SKIN] + 18.0
    return palette


def _cloth(rng: np.random.Generator, colours: dict[str, tuple[RGB, float]]) -> NDArray[np.float64]:
    index = _index(rng, [share for _, share in colours.values()])
    return _varied(rng, list(colours.values())[index][0], 13)


def _contrasting(rng: np.random.Generator, other: NDArray[np.float64]) -> NDArray[np.float64]:
    """Draw a cloth colour that can be told from another one."""
    candidates = [_cloth(rng, CLOTH) for _ in range(3)]
    return max(candidates, key=lambda colour: float(np.abs(colour - other).sum()))


def _varied(rng: np.random.Generator, colour: RGB, spread: float) -> NDArray[np.float64]:
    common = rng.normal(0.0, spread)
    return np.clip(np.array(colour) + common + rng.normal(0.0, 0.4 * spread, 3), 8, 248)


def _sleeve(rng: np.random.Generator, cut: str) -> float:
    if cut == "top":
        return 0.0
    if cut in ("t-shirt", "dress"):
        return float(rng.uniform(0.45, 0.85))
    return float(rng.uniform(1.85, 2.0)) if rng.random() < 0.8 else float(rng.uniform(1.1, 1.5))


def _leg(rng: np.random.Generator, lower: str, cut: str) -> float:
    if cut == "dress" or lower == "skirt":
        return 0.0
    ranges = {"trousers": (1.92, 2.0), "shorts": (0.55, 0.95), "three-quarter": (1.25, 1.55)}
    return float(rng.uniform(*ranges[lower]))


def _choice(rng: np.random.Generator, names: tuple[str, ...], shares: tuple[float, ...]) -> str:
    return names[_index(rng, shares)]


def _index(rng: np.random.Generator, shares: Sequence[float]) -> int:
    """Draw an index with these shares, which need not add up to 1."""
    luck = float(rng.random()) * sum(shares)
    for index, share in enumerate(shares):
        luck -= share
        if luck < 0:
            return index
    return len(shares) - 1
