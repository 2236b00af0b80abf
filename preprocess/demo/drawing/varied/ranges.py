"""The worlds: from which ranges people, clothes, places, cameras and boxes are drawn.

Convention:
    A pair of numbers is the least and the greatest value. ``varied`` is what a generator trains
    on. ``other`` is kept from training and judges it: where it makes sense its ranges, colours,
    textures and faults do not meet those of ``varied``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

Range = tuple[float, float]
Hues = tuple[tuple[float, float, float], ...]
Shares = Mapping[str, float]


@dataclass(frozen=True, kw_only=True, eq=False)
class Ranges:
    """What a world draws from.

    Attributes:
        salt: Keeps people, cameras and textures of the worlds apart.
        colours: RGB of cloth, 0 to 255.
        muted: Share of garments in black, white, grey and dark tones.
        cloths: Shares of the patterns of cloth (see :mod:`.swatches`).
        folds, grain: Strength of the folds and of the weave, as shares of the brightness.
        girth, waist: Factors on a body's radii and on its waist.
        children: Share of the people.
        haircuts, bags: Their shares.
        places: Shares of the kinds of place (see :mod:`.places`).
        texture: Standard deviation of a place's brightness.
        pitch: How far cameras look down, in radians.
        side_light: How far light comes from the side, as a sine.
        ambient: How much light comes from everywhere.
        warmth: Factor on red, and one over that on blue.
        exposure, gamma, contrast, haze: Of the picture.
        defocus: Standard deviation of the blur in pixels.
        motion: Length of the motion blur in pixels.
        noise: Standard deviation of the sensor's noise.
        resolution: The camera's own pixels to one of the picture, along each side.
        quality: Of the JPEG in the camera.
        halo: Strength of the camera's sharpening.
        stretch: How much boxes are wider than they ought to be.
        neighbours: Share of the pictures with other people.
        occluders: Share of the pictures with something before the person.
        shadows: Share of the pictures with a cast shadow over the person.
        activities: Shares of what people do (see :mod:`.moments`).
        headings: Spread of the headings about front, back and sides, in radians.
        unrest: Spread of the joint angles about those of the activity, in radians.
        cuts: Shares of boxes that are loose, without head, without feet, shifted.
    """

    salt: int
    colours: Hues
    muted: float
    cloths: Shares
    folds: Range
    grain: Range
    girth: Range
    waist: Range
    children: float
    haircuts: Shares
    bags: Shares
    places: Shares
    texture: Range
    pitch: Range
    side_light: Range
    ambient: Range
    warmth: Range
    exposure: Range
    gamma: Range
    contrast: Range
    haze: Range
    defocus: Range
    motion: Range
    noise: Range
    resolution: Range
    quality: Range
    halo: Range
    stretch: Range
    neighbours: float
    occluders: float
    shadows: float
    activities: Shares
    headings: float
    unrest: float
    cuts: Shares


VARIED: Final = Ranges(
    salt=1,
    colours=(
        (178, 44, 46), (62, 102, 172), (142, 182, 216), (224, 142, 162), (66, 116, 78),
        (222, 194, 84), (216, 120, 54), (110, 76, 136), (164, 146, 112), (98, 68, 50),
        (40, 50, 88), (158, 186, 92), (86, 156, 160), (196, 172, 196),
    ),
    muted=0.52,
    cloths={
        "plain": 0.40, "stripes": 0.12, "plaid": 0.07, "camouflage": 0.04, "mottled": 0.10,
        "flowers": 0.05, "logo": 0.12, "gradient": 0.05, "leaves": 0.05,
    },
    folds=(0.06, 0.30),
    grain=(0.01, 0.06),
    girth=(0.80, 1.32),
    waist=(0.82, 1.22),
    children=0.07,
    haircuts={
        "short": 0.44, "bob": 0.12, "long": 0.18, "tail": 0.10, "bun": 0.06, "afro": 0.02,
        "hood": 0.03, "bald": 0.05,
    },
    bags={"none": 0.42, "backpack": 0.27, "shoulder bag": 0.17, "hand bag": 0.11, "suitcase": 0.03},
    places={"street": 0.46, "grass": 0.14, "clutter": 0.14, "noise": 0.10, "plain": 0.06,
            "facade": 0.10},
    texture=(2.0, 15.0),
    pitch=(0.02, 0.32),
    side_light=(-0.9, 0.9),
    ambient=(0.34, 0.84),
    warmth=(0.86, 1.16),
    exposure=(0.84, 1.34),
    gamma=(0.80, 1.15),
    contrast=(0.78, 1.15),
    haze=(0.0, 0.20),
    defocus=(0.2, 0.85),
    motion=(0.0, 3.5),
    noise=(1.0, 7.0),
    resolution=(0.62, 1.35),
    quality=(45.0, 94.0),
    halo=(0.0, 0.7),
    stretch=(0.86, 1.18),
    neighbours=0.26,
    occluders=0.12,
    shadows=0.22,
    activities={"walk": 0.56, "stand": 0.18, "carry": 0.13, "cycle": 0.07, "run": 0.03,
                "turn": 0.03},
    headings=0.42,
    unrest=0.13,
    cuts={"well": 0.70, "loose": 0.10, "head": 0.06, "feet": 0.09, "aside": 0.05},
)  # fmt: skip

OTHER: Final = Ranges(
    salt=2,
    colours=(
        (0, 104, 104), (128, 24, 62), (198, 148, 30), (104, 108, 44), (178, 160, 214),
        (236, 116, 98), (238, 228, 196), (28, 70, 48), (176, 66, 140), (60, 170, 210),
        (140, 86, 28), (84, 84, 132),
    ),
    muted=0.40,
    cloths={
        "plain": 0.38, "dots": 0.10, "diagonal": 0.12, "zigzag": 0.08, "blocks": 0.12,
        "rings": 0.08, "poster": 0.12,
    },
    folds=(0.10, 0.36),
    grain=(0.02, 0.09),
    girth=(0.76, 1.42),
    waist=(0.78, 1.30),
    children=0.12,
    haircuts={
        "short": 0.36, "bob": 0.08, "long": 0.14, "tail": 0.06, "bun": 0.10, "afro": 0.08,
        "hood": 0.10, "bald": 0.08,
    },
    bags={"none": 0.50, "backpack": 0.20, "shoulder bag": 0.12, "hand bag": 0.10, "suitcase": 0.08},
    places={"hall": 0.36, "rubble": 0.22, "bars": 0.20, "water": 0.22},
    texture=(3.0, 18.0),
    pitch=(0.30, 0.46),
    side_light=(-1.2, 1.2),
    ambient=(0.24, 0.60),
    warmth=(0.80, 1.24),
    exposure=(0.74, 1.40),
    gamma=(0.75, 1.25),
    contrast=(0.72, 1.22),
    haze=(0.0, 0.26),
    defocus=(0.25, 0.9),
    motion=(0.0, 4.0),
    noise=(1.5, 8.5),
    resolution=(0.6, 1.25),
    quality=(36.0, 90.0),
    halo=(0.2, 1.0),
    stretch=(0.80, 1.25),
    neighbours=0.30,
    occluders=0.16,
    shadows=0.28,
    activities={"walk": 0.40, "stand": 0.24, "carry": 0.14, "cycle": 0.06, "run": 0.08,
                "turn": 0.08},
    headings=0.75,
    unrest=0.17,
    cuts={"well": 0.62, "loose": 0.14, "head": 0.08, "feet": 0.10, "aside": 0.06},
)  # fmt: skip

WORLDS: Final = {"varied": VARIED, "other": OTHER}
