"""The choice of the person, against torchvision's suppression and hand-made crops."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torchvision.ops import nms

from preprocess.pose.people import SAME_PERSON_OVERLAP
from preprocess.pose.person_choice import CANDIDATE_LENGTH, MAX_PEOPLE, choose, person_scores

AREA = (0.0, 0.0, 96.0, 224.0)


def candidates(boxes: np.ndarray, confidences: np.ndarray, seed: int = 0) -> torch.Tensor:
    """One image's candidates (1, 56, k); the points are noise that names the candidate."""
    generator = torch.Generator().manual_seed(seed)
    columns = torch.rand(1, CANDIDATE_LENGTH, len(boxes), generator=generator)
    columns[0, :4] = torch.as_tensor(boxes, dtype=torch.float32).T
    columns[0, 4] = torch.as_tensor(confidences, dtype=torch.float32)
    return columns


def random_candidates(rng: np.random.Generator, count: int) -> torch.Tensor:
    corner = rng.uniform(-20, 90, (count, 2)) * (1, 2)
    boxes = np.concatenate([corner, corner + rng.uniform(1, 90, (count, 2)) * (1, 2)], axis=1)
    return candidates(boxes, rng.random(count))


@pytest.mark.long
def test_the_choice_is_the_first_row_of_suppression_and_the_count_its_length(
    rng: np.random.Generator,
) -> None:
    for _ in range(200):
        raw = random_candidates(rng, int(rng.integers(1, 40)))
        scores = person_scores(raw[:, :4], raw[:, 4], AREA, 0.3)[0]
        there = torch.nonzero(scores >= 0)[:, 0]
        kept = there[nms(raw[0, :4].T[there], scores[there], SAME_PERSON_OVERLAP)]
        choice = choose(raw, AREA, 0.3)
        assert int(choice.count) == min(len(kept), MAX_PEOPLE)
        if len(kept):
            assert torch.equal(choice.candidate[0], raw[0, :, kept[0]])
            runner_up = scores[kept[1]] if len(kept) > 1 else torch.tensor(0.0)
            assert choice.margin[0] == pytest.approx(float(scores[kept[0]] - runner_up))


def test_images_of_a_batch_do_not_influence_each_other(rng: np.random.Generator) -> None:
    batch = torch.cat([random_candidates(rng, 30) for _ in range(9)])
    together = choose(batch, AREA, 0.2)
    for row in range(len(batch)):
        alone = choose(batch[row : row + 1], AREA, 0.2)
        for name, value in vars(alone).items():
            assert torch.equal(getattr(together, name)[row : row + 1], value), name


def test_the_score_is_confidence_times_central_cover_times_root_of_area() -> None:
    left, top, right, bottom = area = (10.0, 20.0, 74.0, 148.0)  # 64 wide, 128 high, with bars
    boxes = torch.tensor([[[left, top, right, bottom], [26.0, 52, 42, 84], [0, 0, 9, 200.0]]])
    scores = person_scores(boxes.mT, torch.tensor([[0.8, 0.8, 0.8]]), area, 0.1)[0]
    whole, small, beside = scores.tolist()
    assert whole == pytest.approx(0.8)
    assert small == pytest.approx(0.8 * (16 * 32) / (32 * 64) * np.sqrt(16 * 32 / (64 * 128)))
    assert beside == 0.0


def test_a_large_person_in_the_middle_wins_over_a_surer_one_at_the_edge() -> None:
    boxes = np.array([[20, 10, 80, 215], [62, 40, 96, 120]])
    choice = choose(candidates(boxes, np.array([0.6, 0.9])), AREA, 0.25)
    assert torch.equal(choice.candidate[0, :4], torch.tensor([20.0, 10, 80, 215]))
    assert int(choice.count) == 2
    assert 0 < float(choice.margin) < float(choice.score)


def test_nobody_is_seen_below_the_threshold() -> None:
    choice = choose(candidates(np.array([[20, 10, 80, 215]]), np.array([0.24])), AREA, 0.25)
    assert (int(choice.count), float(choice.score), float(choice.margin)) == (0, 0.0, 0.0)


def test_boxes_without_area_end_the_count() -> None:
    boxes = np.tile([[30.0, 30, 30, 30]], (5, 1))
    choice = choose(candidates(boxes, np.full(5, 0.9)), AREA, 0.25)
    assert int(choice.count) == 5


def test_a_crowd_is_counted_to_the_bound() -> None:
    steps = np.arange(40.0) * 5
    boxes = np.stack([steps % 90, steps, steps % 90 + 4, steps + 4], axis=1)
    assert int(choose(candidates(boxes, np.full(40, 0.9)), AREA, 0.25).count) == MAX_PEOPLE
