"""What makes an image or a pair suspicious: the rules, in words and as code, side by side.

Convention:
    A rule gives each image, or each pair, a severity: 0 where nothing is wrong, more where more is.
    That a rule strikes is no proof. It says where to look first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from data_manifest.arrays import ShardArrays
from shared.geometry import torso_lengths
from shared.skeleton import JOINT
from shared.stable_fit import degenerate

Severity = NDArray[np.float64]

TINY_TORSO: Final = 0.15
LOW_SCORE: Final = 0.5
EQUAL_PEOPLE: Final = 0.1
SCALE_CHANGE: Final = 1.6
MANY_DEGENERATE: Final = 4
TWISTED_WIDTH: Final = 0.25


@dataclass(frozen=True)
class Reason:
    """Why something is worth looking at.

    Args:
        title: A few words.
        meaning: What they mean, with figures.
    """

    title: str
    meaning: str


@dataclass(frozen=True)
class Rule(Reason):
    """A reason that a shard alone tells.

    Args:
        severity: The reason as code: float64 (n,) of the images, or (m,) of the pairs.
    """

    severity: Callable[[ShardArrays], Severity]


def outside(arrays: ShardArrays) -> Severity:
    """Return by how many pixels the farthest joint lies outside of its picture."""
    height, width = arrays.image_size
    joints = arrays.joints.astype(np.float64)
    beyond = np.maximum(-0.5 - joints, joints - (width - 0.5, height - 0.5))
    worst: Severity = np.nanmax(np.where(np.isnan(beyond), 0, beyond), axis=(1, 2))
    return np.maximum(worst, 0)


def upside_down(arrays: ShardArrays) -> Severity:
    """Return by how many heights of the picture the hips lie above the shoulders."""
    y = arrays.joints[:, :, 1].astype(np.float64)
    rise = _middle(y, "Sho") - _middle(y, "Hip")
    return np.where(rise > 0, rise / arrays.image_size[0], 0)


def twisted(arrays: ShardArrays) -> Severity:
    """Return the width of torsos whose shoulders face the other way than their hips."""
    x = arrays.joints[:, :, 0].astype(np.float64)
    least = TWISTED_WIDTH * torso_lengths(arrays.joints)
    shoulders = x[:, JOINT["LSho"]] - x[:, JOINT["RSho"]]
    hips = x[:, JOINT["LHip"]] - x[:, JOINT["RHip"]]
    wide = np.minimum(abs(shoulders), abs(hips))
    return np.where((shoulders * hips < 0) & (wide > least), wide, 0)


def tiny_torso(arrays: ShardArrays) -> Severity:
    """Return how much smaller than the bound a torso is."""
    share = torso_lengths(arrays.joints) / arrays.image_size[0]
    return np.where(share < TINY_TORSO, 1 - share / TINY_TORSO + 1e-9, 0)


def unsure(arrays: ShardArrays) -> Severity:
    """Return how far below the bound the person's score lies."""
    score = arrays.person_scores.astype(np.float64)
    return np.where(score < LOW_SCORE, LOW_SCORE - score, 0)


def equal_people(arrays: ShardArrays) -> Severity:
    """Return how near the runner-up comes to the chosen person."""
    margin = arrays.margins.astype(np.float64)
    near = (arrays.people > 1) & (margin < EQUAL_PEOPLE)
    return np.where(near, EQUAL_PEOPLE - margin + 1e-9, 0)


def scale_change(arrays: ShardArrays) -> Severity:
    """Return the ratio of the two torsos' lengths, where it is large."""
    length = torso_lengths(arrays.joints)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = length[arrays.pairs[:, 0]] / length[arrays.pairs[:, 1]]
        larger = np.maximum(ratio, 1 / ratio)
    return np.where(larger > SCALE_CHANGE, larger, 0)


def degenerate_parts(arrays: ShardArrays) -> Severity:
    """Return the number of degenerate transforms, where it is large."""
    count = degenerate(arrays.transforms, arrays.status).sum(axis=1)
    return np.where(count >= MANY_DEGENERATE, count, 0).astype(np.float64)


IMAGE_RULES: Final[Mapping[str, Rule]] = {
    "outside": Rule(
        "joints outside of the picture",
        "A joint lies beyond the picture's border. Pose models may guess such joints; published "
        "key points hold none. The farthest come first.",
        outside,
    ),
    "upside-down": Rule(
        "torso upside down",
        "The middle of the hips lies above the middle of the shoulders.",
        upside_down,
    ),
    "twisted": Rule(
        "left and right swapped",
        "Shoulders say that the person is seen from the front and hips say from behind, or the "
        f"other way round, and both are wider than {TWISTED_WIDTH:.0%} of the torso's length.",
        twisted,
    ),
    "tiny-torso": Rule(
        "tiny torso",
        f"The torso is shorter than {TINY_TORSO:.0%} of the picture's height. Masks and transforms "
        "of such a person cover a few pixels.",
        tiny_torso,
    ),
    "unsure": Rule(
        "unsure person",
        f"The pose model gave the chosen person a score below {LOW_SCORE:g}. Unknown scores do "
        "not count.",
        unsure,
    ),
    "equal-people": Rule(
        "two equal people",
        "The pose model saw several people and the chosen one leads the next by less than "
        f"{EQUAL_PEOPLE:g}: it may be somebody else.",
        equal_people,
    ),
}
"""Rules for single images. A pair is struck where its source or its target is."""

PAIR_RULES: Final[Mapping[str, Rule]] = {
    "scale-change": Rule(
        "large change of scale",
        f"One torso is more than {SCALE_CHANGE:g} times as long as the other.",
        scale_change,
    ),
    "degenerate": Rule(
        "many degenerate fits",
        f"At least {MANY_DEGENERATE} of the ten transforms squeeze or stretch so much (condition "
        "above 4, or area below .15) that their pixels are of no use.",
        degenerate_parts,
    ),
}

COPIES: Final = Reason(
    "identical pictures, different people",
    "The same pixels stand under two or more identities, in whatever split. One of the labels is "
    "wrong, or test people are among the train people.",
)
"""What only all shards together tell; :class:`data_manifest.inspection.census.Copies` finds it."""

HARDEST: Final[Mapping[str, Reason]] = {
    "change": Reason(
        "largest pose change",
        "The joints that both images know move farthest on average, in torso lengths, once both "
        "bodies stand on the same middle and have the same torso length.",
    ),
    "direct": Reason(
        "fewest direct parts",
        "Fewest of the ten parts can be taken from the same part of the source; all others are "
        "mirrored from the other limb, or missing. Larger pose changes come first.",
    ),
}
"""What makes a pair hard though nothing may be wrong with it."""


def _middle(values: NDArray[Any], joint: str) -> Severity:
    middle: Severity = (values[:, JOINT[f"R{joint}"]] + values[:, JOINT[f"L{joint}"]]) / 2
    return middle
