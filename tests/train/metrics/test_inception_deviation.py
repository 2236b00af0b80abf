"""The deviation of the inception score, by its protocol: over the groups, divided by n - 1."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from train.metrics.inception import inception_score


def published(logits: np.ndarray, splits: int) -> tuple[float, float]:
    """Mean and deviation as torchmetrics computes them: in torch, whose ``std`` divides by n - 1.

    The library itself is slow to import and shuffles the images first; ours keeps their order.
    """
    probabilities = torch.from_numpy(logits).double().softmax(dim=1).chunk(splits)
    divergences = [p * (p.log() - p.mean(dim=0, keepdim=True).log()) for p in probabilities]
    scores = torch.stack([d.sum(dim=1).mean().exp() for d in divergences])
    return float(scores.mean()), float(scores.std())


@pytest.mark.parametrize(("images", "splits"), [(80, 10), (60, 3), (40, 2)])
def test_value_and_deviation_are_those_of_the_protocol(
    images: int, splits: int, rng: np.random.Generator
) -> None:
    logits = rng.normal(0, 2, (images, 20)).astype(np.float32)
    score = inception_score(logits, num_splits=splits)
    assert (score.value, score.deviation) == pytest.approx(published(logits, splits), rel=1e-9)
    assert score.deviation > 0


def test_two_groups_deviate_by_their_difference_over_the_root_of_two() -> None:
    one_class = np.tile(np.eye(4, dtype=np.float32)[:1] * 900, (8, 1))  # score 1
    four_classes = np.tile(np.eye(4, dtype=np.float32) * 900, (2, 1))  # score 4
    score = inception_score(np.concatenate([one_class, four_classes]), num_splits=2)
    assert score.value == pytest.approx(2.5)
    assert score.deviation == pytest.approx(3 / np.sqrt(2))


def test_ten_groups_and_two_hundred_resamples_are_the_protocol(rng: np.random.Generator) -> None:
    logits = rng.normal(0, 2, (50, 6)).astype(np.float32)
    score = inception_score(logits)
    assert score == inception_score(logits, 200, 10) and score != inception_score(logits, 201, 10)
