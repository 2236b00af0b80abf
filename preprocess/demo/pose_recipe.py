"""What the demo pose network is made of: its layers, its crops, and how long it learns."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from preprocess.demo.pose_crops import LabelledCrops, draw_labelled, kept_crops
from shared.console import Console
from shared.skeleton import COCO_JOINTS

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

CHECK_SEED: Final = 900_000
PROOF_SEED: Final = 950_000
CHECK_IDENTITY: Final = 500
"""A person follows from seed and number; the crops for measuring differ in both from those for
learning, so that no measured person was ever trained on."""


@dataclass(frozen=True, kw_only=True)
class CropOrder:
    """Which crops to draw; see :func:`preprocess.demo.pose_crops.draw_labelled`."""

    purpose: str
    seed: int
    people: int
    empty: int
    first_identity: int = 0


@dataclass(frozen=True, kw_only=True)
class Phase:
    """One stretch of training; the next one goes on from its weights with crops of its own.

    Args:
        name: Name of its folder.
        seed: Seed of its people and places, of the order of crops and of new weights.
        people: Drawn crops of people to learn from.
        empty: Drawn empty places to learn from.
        epochs: Times that all crops are seen, each time mirrored or not and in another light.
        batch: Crops a step.
        rate: Learning rate of MuSGD at its highest.
        spread: Spread of the key point loss, in shares of the person's size.
        spread_of_limbs: The same for knees and elbows.
        spread_of_ends: The same for wrists and ankles.
    """

    name: str
    seed: int
    people: int = 8_000
    empty: int = 800
    epochs: int = 16
    batch: int = 24
    rate: float = 0.01
    spread: float = 0.12
    spread_of_limbs: float = 0.12
    spread_of_ends: float = 0.12

    @property
    def order(self) -> CropOrder:
        """Its crops."""
        return CropOrder(purpose="train", seed=self.seed, people=self.people, empty=self.empty)

    @property
    def spreads(self) -> list[float]:
        """The spread of each COCO point."""
        special = {"Wri": self.spread_of_ends, "Ank": self.spread_of_ends}
        special |= {"Kne": self.spread_of_limbs, "Elb": self.spread_of_limbs}
        return [special.get(name[1:], self.spread) for name in COCO_JOINTS]


# COCO's own narrow spreads give points that are far off, as all are at first, next to no gradient:
# so the first phase is wide for all, and the second narrow where precision is hard to reach.
COARSE: Final = Phase(name="coarse", seed=100_000)
FINE: Final = Phase(
    name="fine",
    seed=110_000,
    batch=32,
    rate=0.006,
    spread=0.1,
    spread_of_limbs=0.07,
    spread_of_ends=0.055,
)


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What the demo weights are made of.

    Args:
        phases: What is learned from, in order.
        check_people: Crops of unseen people that choose the best epoch.
        check_empty: Unseen empty places that do so too.
        proof_people: Crops of other unseen people that the written weights are measured with.
        proof_empty: Unseen empty places of that set.
    """

    phases: tuple[Phase, ...] = (COARSE, FINE)
    check_people: int = 300
    check_empty: int = 75
    proof_people: int = 1_200
    proof_empty: int = 300

    @property
    def check_order(self) -> CropOrder:
        """The crops that choose the best epoch."""
        return CropOrder(
            purpose="check",
            seed=CHECK_SEED,
            people=self.check_people,
            empty=self.check_empty,
            first_identity=CHECK_IDENTITY,
        )

    @property
    def proof_order(self) -> CropOrder:
        """The crops that the written weights are measured with."""
        return CropOrder(
            purpose="proof",
            seed=PROOF_SEED,
            people=self.proof_people,
            empty=self.proof_empty,
            first_identity=CHECK_IDENTITY,
        )

    def shortened(self, share: float) -> Recipe:
        """Return the recipe with a share of the crops and epochs, for a quick look."""

        def part(number: int, least: int = 8) -> int:
            return max(least, round(share * number))

        return Recipe(
            phases=tuple(
                replace(
                    phase,
                    people=part(phase.people, phase.batch),
                    empty=part(phase.empty),
                    epochs=part(phase.epochs, 1),
                )
                for phase in self.phases
            ),
            check_people=part(self.check_people),
            check_empty=part(self.check_empty),
            proof_people=part(self.proof_people),
            proof_empty=part(self.proof_empty),
        )


def crops_file(order: CropOrder) -> str:
    """Name the file that keeps crops."""
    return f"{order.purpose}-{order.seed}-{order.people}-{order.empty}.npz"


def fetch_crops(order: CropOrder, work: Path, workers: int, console: Console) -> LabelledCrops:
    """Draw crops, or read them where an earlier run kept them.

    Args:
        order: Which.
        work: Folder to keep them in.
        workers: Processes that draw.
        console: Told what is drawn.
    """
    path = work / crops_file(order)
    crops = kept_crops(path)
    if crops is None:
        console.say(f"drawing {order.people} people and {order.empty} empty places: {path.stem}")
        crops = draw_labelled(
            order.seed,
            order.people,
            order.empty,
            first_identity=order.first_identity,
            workers=workers,
        )
        kept_crops(path, crops)
    return crops
