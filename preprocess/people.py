"""From what a pose model sees to one skeleton of 18 joints: which person, which joints.

Convention:
    Points are (x, y) in pixels of the source image, boxes (left, top, right, bottom).
    n images, k candidates an image. An absent joint is NaN in :func:`joints_of_people`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

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
        """Give the people of some of the images."""
        return People(
            self.points[rows],
            self.confidences[rows],
            self.count[rows],
            self.person_score[rows],
            self.margin[rows],
        )


class PoseEstimator(Protocol):
    """A pose model, opened. ``preprocess.pose`` holds the real one, the tests a stand-in."""

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


def empty_people(num_images: int) -> People:
    """Give a record of images in which nobody is seen."""
    return People(
        np.zeros((num_images, NUM_COCO_JOINTS, 2), np.float32),
        np.zeros((num_images, NUM_COCO_JOINTS), np.float32),
        np.zeros(num_images, np.int16),
        np.zeros(num_images, np.float32),
        np.zeros(num_images, np.float32),
    )


def person_scores(
    boxes: NDArray[np.floating], confidences: NDArray[np.floating], size: tuple[int, int]
) -> NDArray[np.float32]:
    """Score candidates: confidence × overlap with the central area × √(area share).

    Args:
        boxes: (..., 4) in pixels.
        confidences: (...) in [0, 1].
        size: (height, width) of the image.

    Returns:
        float32 (...) in [0, 1]. The overlap is the share of the central area (the middle half of
        both sides) that the box covers; the area share is the box's share of the image.

    Source:
        Ours: a crop is cut around its person, so the right one is large and in the middle.
    """
    height, width = size
    edges = np.array([width, height], np.float32)
    low = np.clip(boxes[..., :2], 0, edges)
    high = np.clip(boxes[..., 2:], low, edges)
    border = (1 - CENTRAL_SHARE) / 2
    sides = np.minimum(high, (1 - border) * edges) - np.maximum(low, border * edges)
    central = np.prod(np.maximum(sides, 0) / (CENTRAL_SHARE * edges), axis=-1)
    area_share = np.prod((high - low) / edges, axis=-1)
    return np.asarray(confidences * central * np.sqrt(area_share), dtype=np.float32)


def choose_people(
    boxes: NDArray[np.float32],
    confidences: NDArray[np.float32],
    points: NDArray[np.float32],
    point_confidences: NDArray[np.float32],
    *,
    size: tuple[int, int],
    person_threshold: float,
) -> People:
    """Choose one person an image among candidates, and count the people.

    Candidates below the threshold do not exist. Of candidates that overlap, the one with the
    highest score stands for the person; the person with the highest score is chosen.

    Args:
        boxes: float32 (n, k, 4), the best k candidates of a network before any suppression.
        confidences: float32 (n, k) in [0, 1]; 0 fills up where there are fewer candidates.
        points: float32 (n, k, 17, 2).
        point_confidences: float32 (n, k, 17).
        size: (height, width) of the images.
        person_threshold: Least confidence of a person.

    Returns:
        The people of the n images.
    """
    num_images, num_candidates = confidences.shape
    if num_candidates == 0:
        return empty_people(num_images)
    exists = (confidences >= person_threshold) & (confidences > 0)
    scores = np.where(exists, person_scores(boxes, confidences, size), -1).astype(np.float32)
    order = np.argsort(-scores, axis=1, kind="stable")
    scores = np.take_along_axis(scores, order, axis=1)
    boxes = np.take_along_axis(boxes, order[..., None], axis=1)
    stands = _first_of_each_person(boxes, scores >= 0)
    count = stands.sum(axis=1)
    runner_up = np.where(stands, scores, 0)[:, 1:].max(axis=1, initial=0)
    best_score = np.maximum(scores[:, 0], 0)
    rows, best = np.arange(num_images), order[:, 0]
    seen = count > 0
    return People(
        np.where(seen[:, None, None], points[rows, best], 0).astype(np.float32),
        np.where(seen[:, None], point_confidences[rows, best], 0).astype(np.float32),
        count.astype(np.int16),
        best_score,
        np.where(seen, best_score - runner_up, 0).astype(np.float32),
    )


def _first_of_each_person(
    boxes: NDArray[np.float32], exists: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Mark, of candidates in the order of their scores, those that no better one overlaps."""
    low = np.maximum(boxes[:, :, None, :2], boxes[:, None, :, :2])
    high = np.minimum(boxes[:, :, None, 2:], boxes[:, None, :, 2:])
    common = np.prod(np.maximum(high - low, 0), axis=-1)
    area = np.prod(np.maximum(boxes[..., 2:] - boxes[..., :2], 0), axis=-1)
    union = area[:, :, None] + area[:, None, :] - common
    same = common > SAME_PERSON_OVERLAP * union
    stands = exists.copy()
    for candidate in range(1, boxes.shape[1]):
        hidden = (same[:, candidate, :candidate] & stands[:, :candidate]).any(axis=1)
        stands[:, candidate] &= ~hidden
    return stands


def joints_of_people(
    people: People, sizes: NDArray[np.integer], joint_threshold: float
) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Turn COCO-17 key points into the 18 joints.

    A joint is present where its confidence reaches the threshold and it lies in the image. The
    neck is the middle of the shoulders and exists only where both do.

    Args:
        people: Of n images.
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
