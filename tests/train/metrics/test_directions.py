"""Every row of the table of scores: which way is better, and which pixels it looks at."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from scored_pictures import smooth_image
from torch import Tensor

from train.metrics.compared import Compared
from train.metrics.protocols import SCORES, Score, choose_scores
from train.metrics.ranking import rank

SIZE = (64, 56)

PAIR_SCORES = [score for score in SCORES if score.of_pairs or score.of_ratios]
DISTANCES = [score for score in SCORES if score.metric == "fid"]
INCEPTION_SCORES = [score for score in SCORES if score.metric in ("is", "mask-is")]
GALLERY_SCORES = [score for score in SCORES if score.of_gallery]


def gap(generated: Tensor, real: Tensor) -> Tensor:
    """A stand-in for LPIPS: 0 for equal images, more for unlike ones."""
    return (generated.double() - real.double()).abs().mean((1, 2, 3))


def named(score: Score) -> str:
    return score.key


def images_of(rng: np.random.Generator) -> Tensor:
    return torch.from_numpy(np.stack([smooth_image(rng, SIZE) for _ in range(3)]))


def faded(images: Tensor, share: float) -> Tensor:
    """Mix pictures with grey: contrast and edges go, and the distance grows."""
    return (images.double() * (1 - share) + 128 * share).round().to(torch.uint8)


def middle() -> Tensor:
    masks = torch.zeros(3, *SIZE, dtype=torch.bool)
    masks[:, 16:48, 14:42] = True
    return masks


def given(score: Score, images: Tensor, real: Tensor, masks: Tensor | None = None) -> float:
    """Compute a score of pairs through its row."""
    seen = Compared(
        images=images,
        real=real,
        masks=middle() if masks is None else masks,
        networks={"alexnet": gap},
        protocols={"ssim": tuple(s.protocol for s in SCORES if s.metric == "ssim")},
    )
    if score.of_pairs:
        return float(score.function("of_pairs")(seen, score.protocol).mean())
    over, under = score.function("of_ratios")(seen, score.protocol)
    return float(over.sum() / under.sum())


@pytest.mark.parametrize("score", PAIR_SCORES, ids=named)
def test_a_little_fading_scores_better_than_much(score: Score, rng: np.random.Generator) -> None:
    real = images_of(rng)
    little, much = (given(score, faded(real, share), real) for share in (0.2, 0.8))
    assert (little > much) is score.higher_is_better and little != much


@pytest.mark.parametrize("score", DISTANCES, ids=named)
def test_a_near_set_is_better_than_a_far_one(score: Score, rng: np.random.Generator) -> None:
    real = rng.normal(size=(40, 5)).astype(np.float32)
    near, far = (
        score.function("of_sets")(real + np.float32(shift), real, False).value for shift in (0.5, 4)
    )
    assert near < far and not score.higher_is_better
    assert near == pytest.approx(5 * 0.5**2, rel=1e-4)


@pytest.mark.parametrize("score", INCEPTION_SCORES, ids=named)
def test_many_classes_are_better_than_one(score: Score) -> None:
    many = np.tile(np.eye(4, dtype=np.float32) * 900, (10, 1))
    one = np.tile(np.eye(4, dtype=np.float32)[:1] * 900, (40, 1))
    values = [score.function("of_sets")(logits, None, False).value for logits in (many, one)]
    assert values == pytest.approx([4, 1]) and score.higher_is_better


def test_the_mean_image_under_many_masks_is_scored_as_many_images() -> None:
    (plain,), (masked,) = choose_scores(("is",)), choose_scores(("mask-is",))
    many = np.tile(np.eye(4, dtype=np.float32) * 900, (10, 1))
    assert plain.function("of_sets")(many[:1], None, True).value == 1
    assert masked.function("of_sets")(many, None, True).value == pytest.approx(4)
    assert masked.masked and not plain.masked


def test_rank_1_and_map_differ_where_the_second_answer_is_wrong() -> None:
    similarity = np.array([[0.9, 0.8, 0.7, 0.1]])
    right = np.array([[True, False, True, False]])
    ranking = rank(similarity, right, np.zeros((1, 4), bool))
    values = {s.metric: s.function("of_gallery")(ranking).item() for s in GALLERY_SCORES}
    assert values == {"rank-1": 1, "map": pytest.approx((1 + 2 / 3) / 2)}
    assert all(score.higher_is_better for score in GALLERY_SCORES)


def test_inside_and_outside_see_the_damage_on_their_own_side(rng: np.random.Generator) -> None:
    real = images_of(rng)
    images = torch.where(middle()[..., None], faded(real, 0.9), real)
    rows = {score.metric: score for score in PAIR_SCORES}
    inside, outside = (given(rows[f"ssim-{side}"], images, real) for side in ("inside", "outside"))
    assert inside < 0.6 and outside > 0.85
    untouched = torch.where(middle()[..., None], real, faded(real, 0.9))
    assert given(rows["mask-ssim"], untouched, real) == pytest.approx(1)
    assert given(rows["ssim-inside"], untouched, real) > given(rows["ssim"], untouched, real)


def test_lpips_is_asked_for_the_images_beside_the_real_ones(rng: np.random.Generator) -> None:
    asked: list[Any] = []

    def network(generated: Tensor, real: Tensor) -> Tensor:
        asked.extend((generated, real))
        return gap(generated, real)

    images, real = images_of(rng), images_of(rng)
    (score,) = choose_scores(("lpips",))
    compared = Compared(images=images, real=real, networks={"alexnet": network})
    score.function("of_pairs")(compared, score.protocol)
    assert asked[0] is images and asked[1] is real


def test_a_metric_by_name_leaves_out_the_judge_where_it_has_other_protocols() -> None:
    assert [score.key for score in choose_scores(("fid",))] == ["fid/torchmetrics", "fid/gfla"]
    assert [score.key for score in choose_scores(("fid/reid",))] == ["fid/reid"]
    assert [score.key for score in choose_scores(("map", "rank-1"))] == ["rank-1/reid", "map/reid"]


def test_each_place_has_its_scores_by_every_protocol(rng: np.random.Generator) -> None:
    """Scores of one batch share their maps; another protocol's are not taken for them."""
    real = images_of(rng)
    seen = Compared(images=faded(real, 0.5), real=real, masks=middle())
    row = next(score for score in SCORES if score.metric == "ssim-inside")
    function = row.function("of_pairs")
    first, second = (function(seen, protocol) for protocol in ("pose-gan", "pidm"))
    alone = Compared(images=seen.images, real=real, masks=middle())
    assert torch.equal(second, function(alone, "pidm")) and not torch.equal(first, second)
