"""How well a pose model's people agree with the truth of drawn crops: pure figures.

Convention:
    A joint is right within ``TOLERANCE`` torso lengths of the truth, measured over the joints that
    the picture shows, in the crops in which somebody was found. What is not found counts as wrong.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from preprocess.demo.pose_crops import TORSO, LabelledCrops, torso_lengths
from preprocess.pose.people import People
from shared.skeleton import COCO_JOINTS, COCO_MIRROR

TOLERANCE: Final = 0.2
EXTREMITIES: Final = tuple(COCO_JOINTS.index(name) for name in ("LWri", "RWri", "LAnk", "RAnk"))
LEFT: Final = tuple(index for index, name in enumerate(COCO_JOINTS) if name.startswith("L"))


@dataclass(frozen=True, kw_only=True)
class PoseScores:
    """Figures of a pose model on drawn crops; shares in [0, 1].

    Args:
        num_people: Crops of people.
        num_empty: Crops of empty places.
        found: Share of the people found.
        right: Share of visible joints in the right place.
        right_of_joint: The same for each COCO point.
        right_extremities: The same for wrists and ankles.
        swapped: Share of visible left-right pairs, more than the tolerance apart, whose points lie
            nearer to each other's truth than to their own.
        kept: Share of visible joints in the right place and above the joint threshold.
        invented: Share of joints not to be reported that are above the joint threshold.
        whole_torsos: Share of the people whose four torso joints are above the joint threshold.
        present: Share of all joints of people above the joint threshold.
        false_finds: Share of empty crops in which a person was found.
    """

    num_people: int
    num_empty: int
    found: float
    right: float
    right_of_joint: tuple[float, ...]
    right_extremities: float
    swapped: float
    kept: float
    invented: float
    whole_torsos: float
    present: float
    false_finds: float

    @property
    def shares(self) -> dict[str, float]:
        """The figures that are single shares."""
        return {key: value for key, value in asdict(self).items() if isinstance(value, float)}

    @property
    def line(self) -> str:
        """The shares as one line of percentages."""
        named = self.shares.items()
        return ", ".join(f"{name.replace('_', ' ')} {share:.1%}" for name, share in named)

    @property
    def rows(self) -> list[tuple[str, str]]:
        """The shares, then those of each joint, as rows of a table."""
        joints = zip(COCO_JOINTS, self.right_of_joint, strict=True)
        named = [*self.shares.items(), *((f"right: {joint}", share) for joint, share in joints)]
        return [(name.replace("_", " "), f"{share:.2%}") for name, share in named]


def score_people(people: People, crops: LabelledCrops, joint_threshold: float) -> PoseScores:
    """Compare what a pose model found with the truth.

    Args:
        people: What it found in the crops.
        crops: The crops.
        joint_threshold: Least confidence of a joint that counts as present.

    Returns:
        The figures.
    """
    drawn = crops.is_person
    found = (people.count > 0)[drawn]
    truth, visible = crops.points[drawn], crops.visible[drawn]
    points = people.points[drawn]
    reach = TOLERANCE * torso_lengths(truth)[:, None]
    near = np.linalg.norm(points - truth, axis=-1) <= reach
    right = near & found[:, None]
    present = (people.confidences[drawn] >= joint_threshold) & found[:, None]
    return PoseScores(
        num_people=int(drawn.sum()),
        num_empty=int((~drawn).sum()),
        found=_share(found),
        right=_share(right[visible]),
        right_of_joint=tuple(_share(right[:, k][visible[:, k]]) for k in range(len(COCO_JOINTS))),
        right_extremities=_share(right[:, EXTREMITIES][visible[:, EXTREMITIES]]),
        swapped=_share(_swaps(points, truth, visible & found[:, None], reach)),
        kept=_share((right & present)[visible]),
        invented=_share(present[~crops.sought[drawn]]),
        whole_torsos=_share(np.asarray(present[:, TORSO].all(axis=1))),
        present=_share(present),
        false_finds=_share(people.count[~drawn] > 0),
    )


def _swaps(
    points: NDArray[np.float32],
    truth: NDArray[np.float32],
    visible: NDArray[np.bool_],
    reach: NDArray[np.float32],
) -> NDArray[np.bool_]:
    """Tell, for every left-right pair that can be told apart, whether it is swapped."""
    left, right = list(LEFT), [COCO_MIRROR[index] for index in LEFT]

    def distance(of: list[int], to: list[int]) -> NDArray[np.float32]:
        lengths: NDArray[np.float32] = np.linalg.norm(points[:, of] - truth[:, to], axis=-1)
        return lengths

    apart = np.linalg.norm(truth[:, left] - truth[:, right], axis=-1) > reach
    counted = apart & visible[:, left] & visible[:, right]
    own = distance(left, left) + distance(right, right)
    crossed = distance(left, right) + distance(right, left)
    return np.asarray((crossed < own)[counted])


def _share(hits: NDArray[np.bool_]) -> float:
    return float(hits.mean()) if hits.size else float("nan")
