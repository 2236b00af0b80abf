"""PCKh against a joint-by-joint count."""

from __future__ import annotations

import numpy as np
from scored_pictures import whole_joints

from train.metrics.pckh import head_boxes, pckh_counts

HEAD = [0, 1, 14, 15, 16, 17]


def count_one_by_one(found: np.ndarray, target: np.ndarray) -> tuple[int, int]:
    head = [target[j] for j in HEAD if not np.isnan(target[j]).any()]
    if len(head) < 2:
        return 0, 0
    width = max(p[0] for p in head) - min(p[0] for p in head)
    height = max(p[1] for p in head) - min(p[1] for p in head)
    right = asked = 0
    for ours, theirs in zip(found, target, strict=True):
        if np.isnan(theirs).any():
            continue
        asked += 1
        if not np.isnan(ours).any():
            near_x = abs(ours[0] - theirs[0]) < 0.5 * width
            near_y = abs(ours[1] - theirs[1]) < 0.5 * height
            right += near_x and near_y
    return right, asked


def test_equals_a_count_one_by_one(rng: np.random.Generator) -> None:
    target = whole_joints(rng, 200, (128, 64), missing=0.5)
    found = target + rng.integers(-30, 31, target.shape)
    found[rng.random((200, 18)) < 0.2] = np.nan
    right, asked = pckh_counts(found, target)
    expected = [count_one_by_one(a, b) for a, b in zip(found, target, strict=True)]
    assert list(zip(right, asked, strict=True)) == expected
    assert 0 < right.sum() < asked.sum()


def test_the_targets_own_joints_are_all_right(rng: np.random.Generator) -> None:
    target = rng.uniform(0, 60, (7, 18, 2))
    right, asked = pckh_counts(target, target)
    assert (right == 18).all() and (asked == 18).all()


def test_a_head_of_one_point_has_no_box_and_does_not_count() -> None:
    target = np.full((1, 18, 2), np.nan)
    target[0, 0] = (5, 6)
    target[0, 8] = (9, 30)
    assert np.isnan(head_boxes(target)).all()
    assert pckh_counts(target, target)[1].sum() == 0
