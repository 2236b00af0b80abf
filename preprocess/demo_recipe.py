"""What the demo pose network is made of: its layers, its crops, and how long it learns."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from preprocess.demo_crops import LabelledCrops, draw_labelled, kept_crops
from shared.console import Console

NETWORK: Final[dict[str, Any]] = {
    "nc": 1,
    "kpt_shape": [17, 3],
    "scales": {"n": [0.5, 0.25, 1024]},
    "scale": "n",
    "reg_max": 1,
    "backbone": [
        [-1, 1, "Conv", [128, 6, 4, 1]],  # crops are enlarged twofold, so little is lost here
        [-1, 1, "Conv", [256, 3, 2]],
        [-1, 1, "C3k2", [256, False, 0.5]],
        [-1, 1, "Conv", [512, 3, 2]],
        [-1, 2, "C3k2", [512, True]],  # 4: one cell is 16 pixels of the input
        [-1, 1, "Conv", [512, 3, 2]],
        [-1, 1, "C3k2", [512, True]],
        [-1, 1, "SPPF", [512, 5]],
        [-1, 1, "C2PSA", [512]],  # 8: attention, for left and right need the whole picture
    ],
    "head": [
        [-1, 1, "nn.Upsample", [None, 2, "nearest"]],
        [[-1, 4], 1, "Concat", [1]],
        [-1, 1, "C3k2", [512, False]],  # 11: a person fills the crop, so one level is enough
        [[11], 1, "Pose", ["nc", "kpt_shape"]],
    ],
}
"""Smaller than ultralytics' nano models and with one level of cells instead of three."""

SIGMA: Final = 0.12
"""Spread of the key point loss, equal for all points as the tolerance is, and wide: COCO's own
spreads give points that are far off, as all are at first, next to no gradient."""

TRAIN_SEED: Final = 100_000
CHECK_SEED: Final = 900_000
CHECK_IDENTITY: Final = 500
"""People are functions of seed and number; the check's share neither with the training's."""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What the demo weights are made of.

    Args:
        train_people: Drawn crops of people to learn from.
        train_empty: Drawn empty places to learn from.
        check_people: Crops of unseen people to measure with.
        check_empty: Unseen empty places to measure with.
        epochs: Times that all crops are seen, each time mirrored or not and in another light.
        hours: Train for so long instead; the learning rate follows the time.
        batch: Crops a step.
        rate: Learning rate of MuSGD at its highest.
        seed: Of the network's first weights and of the order.
    """

    train_people: int = 8_000
    train_empty: int = 800
    check_people: int = 1_200
    check_empty: int = 300
    epochs: int = 16
    hours: float | None = None
    batch: int = 24
    rate: float = 0.01
    seed: int = 0


def draw_sets(
    recipe: Recipe, work: Path, workers: int, console: Console
) -> tuple[LabelledCrops, LabelledCrops]:
    """Draw the crops to learn from and those to measure with, or read them where they are kept.

    Args:
        recipe: How many.
        work: Folder to keep them in.
        workers: Processes.
        console: Told what is drawn.

    Returns:
        The two sets; they share neither seeds nor people.
    """
    sets = []
    for name, seed, people, empty, first in (
        ("train", TRAIN_SEED, recipe.train_people, recipe.train_empty, 0),
        ("check", CHECK_SEED, recipe.check_people, recipe.check_empty, CHECK_IDENTITY),
    ):
        path = work / f"{name}-{people}-{empty}.npz"
        crops = kept_crops(path)
        if crops is None:
            console.say(f"drawing {people} people and {empty} empty places to {name} with")
            crops = draw_labelled(seed, people, empty, first_identity=first, workers=workers)
            kept_crops(path, crops)
        sets.append(crops)
    return sets[0], sets[1]
