"""The bicycle under a cyclist, as solids in the frame of the rider's legs."""

from __future__ import annotations

import itertools

import numpy as np

from preprocess.demo.drawing.body import Floats, Skeleton
from preprocess.demo.drawing.people import Material
from preprocess.demo.drawing.solids import Solids

SADDLE = (0.10, -0.10)
CRANK = (1.28, 0.50)
REAR_HUB, FRONT_HUB = (1.20, -0.36), (1.20, 1.62)
"""(down, forward) from the middle of the hips, in torso lengths."""
WHEEL_RADIUS = 0.62
WHEEL_PIECES = 16


def add_bicycle(solids: Solids, skeleton: Skeleton) -> None:
    """Add a bicycle whose saddle is under the hips and whose handlebar is in the hands."""
    hips = skeleton.mid_hips
    unit, (left, down, forward) = skeleton.unit_px, skeleton.ground

    def at(place: tuple[float, float]) -> Floats:
        where: Floats = hips + unit * (place[0] * down + place[1] * forward)
        return where

    hands = skeleton.point("RWri"), skeleton.point("LWri")
    bar = 0.5 * (hands[0] + hands[1]) + 0.05 * unit * down
    saddle, crank, rear, front = at(SADDLE), at(CRANK), at(REAR_HUB), at(FRONT_HUB)
    joint = bar + 0.14 * unit * down + 0.06 * unit * forward
    tubes = ((saddle, crank), (crank, rear), (saddle, rear), (crank, joint), (joint, front))
    for a, b in (*tubes, (bar, joint), (0.2 * crank + 0.8 * saddle, joint)):
        solids.add(a, b, (0.032 * unit, 0.032 * unit), Material.METAL)
    grip = 0.12 * unit * left
    solids.add(hands[0] - grip, hands[1] + grip, (0.025 * unit, 0.025 * unit), Material.TYRE)
    seat = 0.12 * unit * forward
    solids.add(saddle - seat, saddle + seat, (0.09 * unit, 0.04 * unit), Material.TYRE, depth=0.6)
    angles = np.linspace(0.0, 2.0 * np.pi, WHEEL_PIECES + 1)
    for hub in (REAR_HUB, FRONT_HUB):
        rim = [
            at((hub[0] + WHEEL_RADIUS * np.cos(angle), hub[1] + WHEEL_RADIUS * np.sin(angle)))
            for angle in angles
        ]
        for a, b in itertools.pairwise(rim):
            solids.add(a, b, (0.03 * unit, 0.03 * unit), Material.TYRE)
