"""From what a pose model sees to one skeleton of 18 joints: which person, which joints.

Convention:
    Points are (x, y) in pixels of the source image. An absent joint is NaN in
    :func:`joints_of_people`. Which person is chosen where several are seen is decided on the
    network's device, see :mod:`preprocess.pose.person_choice`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from preprocess.settings import PoseSettings
from shared.console import Console
from shared.skeleton import COCO_JOINTS, COCO_OF_JOINT, JOINT, NUM_JOINTS

NUM_COCO_JOINTS = len(COCO_JOINTS)
CENTRAL_SHARE = 0.5
"""Sides of the central area, as a share of the image's sides."""

SAME_PERSON_OVERLAP = 0.5
"""Candidates whose boxes overlap by more than this (intersection over union) are one person."""

_SHOULDERS = [COCO_JOINTS.index("LSho"), COCO_JOINTS.index("RSho")]


@dataclass(frozen=True)
class People:
    """The chosen person of each image, and how clear the choice was.

    Args:
        points: float32 (n, 17, 2), COCO-17 key points in pixels; without meaning where
            ``count`` is 0.
        confidences: float32 (n, 17) in [0, 1]; 0 where ``count`` is 0.
        count: int16 (n,), number of people seen.
        person_score: float32 (n,), the chosen person's score; 0 where nobody is seen.
        margin: float32 (n,), that score less the runner-up's (0 where there is none).
    """

    points: NDArray[np.float32]
    confidences: NDArray[np.float32]
    count: NDArray[np.int16]
    person_score: NDArray[np.float32]
    margin: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.count)

    def take(self, rows: NDArray[np.intp] | slice) -> People:
        """Select the people of some of the images."""
        return People(
            self.points[rows],
            self.confidences[rows],
            self.count[rows],
            self.person_score[rows],
            self.margin[rows],
        )


class PoseEstimator(Protocol):
    """A pose model, opened. ``preprocess.pose.yolo`` holds the real one, the tests a stand-in."""

    @property
    def key(self) -> str:
        """Name everything that results depend on: the weights' SHA-256, size, thresholds."""

    def estimate(self, images: NDArray[np.uint8]) -> People:
        """Find the person of each image.

        Args:
            images: uint8 (n, H, W, 3), RGB, all of one size.

        Returns:
            The people, points in pixels of these images.
        """


OpenEstimator = Callable[[PoseSettings, Console], PoseEstimator]


def empty_people(num_images: int) -> People:
    """Make a record of images in which nobody is seen."""
    return People(
        np.zeros((num_images, NUM_COCO_JOINTS, 2), np.float32),
        np.zeros((num_images, NUM_COCO_JOINTS), np.float32),
        np.zeros(num_images, np.int16),
        np.zeros(num_images, np.float32),
        np.zeros(num_images, np.float32),
    )


def joints_of_people(
    people: People, sizes: NDArray[np.integer], joint_threshold: float
) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Turn COCO-17 key points into the 18 joints.

    A joint is present where its confidence reaches the threshold and it lies in the image. The
    neck is the middle of the shoulders and exists only where both do.

    Args:
        people: The people of n images.
        sizes: Integers (n, 2), (height, width) of each image.
        joint_threshold: Least confidence of a present joint.

    Returns:
        The joints, float64 (n, 18, 2), NaN where absent; and the scores, float32 (n, 18): the
        confidence of every joint, also of absent ones (the neck's is the lower of the shoulders').
    """
    points = people.points.astype(np.float64)
    inside = np.all((points >= -0.5) & (points <= sizes[:, None, ::-1] - 0.5), axis=-1)
    present = (people.confidences >= joint_threshold) & inside & (people.count > 0)[:, None]
    coco = np.array([0 if index is None else index for index in COCO_OF_JOINT])
    joints = np.where(present[..., None], points, np.nan)[:, coco]
    joints[:, JOINT["neck"]] = np.where(
        present[:, _SHOULDERS].all(axis=1)[:, None], points[:, _SHOULDERS].mean(axis=1), np.nan
    )
    scores = people.confidences[:, coco]
    scores[:, JOINT["neck"]] = people.confidences[:, _SHOULDERS].min(axis=1)
    assert joints.shape[1] == NUM_JOINTS
    return joints, scores
