"""Which of a network's candidates is the person of a crop, decided on the network's device.

Convention:
    A candidate is a row of 56 numbers: box (left, top, right, bottom), confidence, then 17 times
    (x, y, confidence); pixels of the network's input, edges of the input at 0 and its size.
    Candidates stand along the last axis: (n, 56, k) for n images with k candidates each.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from preprocess.pose.people import CENTRAL_SHARE, SAME_PERSON_OVERLAP

NUM_POINTS: Final = 17
CANDIDATE_LENGTH: Final = 5 + 3 * NUM_POINTS
MAX_PEOPLE: Final = 16
"""Counting stops here: a crop with more people than this is a crowd."""


@dataclass(frozen=True)
class Choice:
    """The chosen candidate of each of n images, on the network's device.

    Args:
        candidate: float32 (n, 56); without meaning where ``count`` is 0.
        score: float32 (n,), the chosen person's score, 0 where nobody is seen.
        margin: float32 (n,), that score less the runner-up's, or less 0 where there is none.
        count: int64 (n,), people seen, at most ``MAX_PEOPLE``.
    """

    candidate: Tensor
    score: Tensor
    margin: Tensor
    count: Tensor


def choose(candidates: Tensor, area: tuple[float, float, float, float], threshold: float) -> Choice:
    """Choose one person an image and count the people.

    The candidate with the best score stands for a person and hides every candidate whose box
    overlaps its own; the best of the rest is the next person, and so on. The first one is the
    first row that non-maximum suppression in the order of scores would give.

    Args:
        candidates: Floating (n, 56, k), see the module's convention.
        area: (left, top, right, bottom) of the picture in the network's input, without its bars.
        threshold: Least confidence of a person in [0, 1].

    Returns:
        The choice.
    """
    boxes = candidates[:, :4].float()
    scores = person_scores(boxes, candidates[:, 4].float(), area, threshold)
    best_score, best = scores.max(dim=1)
    rows = best[:, None, None].expand(-1, candidates.shape[1], 1)
    count, runner_up = _count(boxes, scores)
    score = best_score.clamp(min=0)
    return Choice(candidates.gather(2, rows)[:, :, 0].float(), score, score - runner_up, count)


def person_scores(
    boxes: Tensor, confidences: Tensor, area: tuple[float, float, float, float], threshold: float
) -> Tensor:
    """Score candidates: confidence × share of the central area covered × √(area share).

    Args:
        boxes: float32 (n, 4, k).
        confidences: float32 (n, k).
        area: (left, top, right, bottom) of the picture.
        threshold: Least confidence; candidates below it score -1.

    Returns:
        float32 (n, k).
    """
    left, top, right, bottom = area
    width, height = right - left, bottom - top
    border = (1 - CENTRAL_SHARE) / 2
    x1, x2 = boxes[:, 0].clamp(left, right), boxes[:, 2].clamp(left, right)
    y1, y2 = boxes[:, 1].clamp(top, bottom), boxes[:, 3].clamp(top, bottom)
    share = (x2 - x1).clamp_(min=0).mul_((y2 - y1).clamp_(min=0)).div_(width * height)
    across = _overlap(x1, x2, left + border * width, right - border * width)
    down = _overlap(y1, y2, top + border * height, bottom - border * height)
    central = across.mul_(down).div_(CENTRAL_SHARE**2 * width * height)
    scores = central.mul_(share.sqrt_()).mul_(confidences)
    return torch.where(confidences >= max(threshold, 1e-6), scores, scores.new_tensor(-1.0))


def _overlap(low: Tensor, high: Tensor, start: float, end: float) -> Tensor:
    return (high.clamp(max=end) - low.clamp(min=start)).clamp_(min=0)


def _count(boxes: Tensor, scores: Tensor) -> tuple[Tensor, Tensor]:
    """Count people and return the runner-up's score (0 where there is none)."""
    count = torch.zeros(len(scores), dtype=torch.int64, device=scores.device)
    runner_up = torch.zeros_like(scores[:, 0])
    images = torch.arange(len(scores), device=scores.device)
    left = scores
    for person in range(MAX_PEOPLE):
        top, index = left.max(dim=1)
        seen = top >= 0
        if person == 1:
            runner_up[images] = top.clamp(min=0)
        if not bool(seen.all()):  # most crops hold one person: go on with the others only
            images, boxes, left, index = images[seen], boxes[seen], left[seen], index[seen]
        if len(images) == 0:
            break
        count[images] += 1
        left = torch.where(_same_person(boxes, index), left.new_tensor(-1.0), left)
    return count, runner_up


def _same_person(boxes: Tensor, index: Tensor) -> Tensor:
    """Mark the candidates whose boxes overlap that of each image's given candidate, itself too."""
    x1, y1, x2, y2 = boxes.unbind(dim=1)
    own = boxes.gather(2, index[:, None, None].expand(-1, 4, 1))
    width = (torch.minimum(x2, own[:, 2]) - torch.maximum(x1, own[:, 0])).clamp_(min=0)
    height = (torch.minimum(y2, own[:, 3]) - torch.maximum(y1, own[:, 1])).clamp_(min=0)
    common = width.mul_(height)
    own_area = (own[:, 2] - own[:, 0]) * (own[:, 3] - own[:, 1])
    union = ((x2 - x1) * (y2 - y1)).add_(own_area).sub_(common)
    same = common > SAME_PERSON_OVERLAP * union
    return same.scatter_(
        1, index[:, None], True
    )  # a box without area overlaps nothing, not even itself
