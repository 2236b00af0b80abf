"""Which scores can be given with what is at hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from shared.errors import UsageError
from train.metrics.protocols import SCORES
from train.metrics.weights import WEIGHT_FILES
from train.scoring.plan import Means, make_plan


@pytest.fixture
def everything(tmp_path: Path) -> Means:
    for file in WEIGHT_FILES.values():
        (tmp_path / file.name).touch()
    return Means(
        inputs={"keypoints", "poses", "detections", "reid"},
        size=(128, 64),
        num_generated=3000,
        num_reference=12936,
        weights_dir=tmp_path,
        force=False,
    )


def test_with_everything_at_hand_all_scores_are_given(everything: Means) -> None:
    plan = make_plan((), everything)
    assert plan.scores == SCORES and not plan.skipped


@pytest.mark.parametrize("few", ["num_generated", "num_reference"])
def test_fid_of_few_images_is_refused_without_force(everything: Means, few: str) -> None:
    means = replace(everything, **{few: 2047})
    plan = make_plan((), means)
    assert set(plan.skipped) == {"fid/torchmetrics", "fid/gfla"}
    with pytest.raises(UsageError, match="--force"):
        make_plan(("fid/gfla",), means)
    assert make_plan(("fid/gfla",), replace(means, force=True)).has("fid/gfla")
    assert make_plan((), replace(everything, **{few: 2048})).has("fid/gfla")


def test_a_distance_by_a_judge_needs_fewer_images(everything: Means) -> None:
    plan = make_plan((), replace(everything, num_generated=511))
    assert "at least 512" in plan.skipped["fid/reid"]
    assert make_plan((), replace(everything, num_generated=512)).has("fid/reid")


def test_a_judge_names_the_protocols_of_what_it_sees(everything: Means) -> None:
    plan = make_plan((), replace(everything, judge="0123456789" * 6))
    judged = [score.key for score in plan.scores if "reid" in score.needs]
    assert judged == ["rank-1/reid-01234567", "map/reid-01234567", "fid/reid-01234567"]


def test_without_a_judge_it_is_said_how_to_make_one(everything: Means) -> None:
    plan = make_plan((), replace(everything, inputs=("keypoints",)))
    assert "train-reid --src" in plan.skipped["rank-1/reid"]
    with pytest.raises(UsageError, match="train-reid"):
        make_plan(("map",), replace(everything, inputs=()))


def test_what_needs_an_absent_input_is_left_out_with_its_reason(everything: Means) -> None:
    plan = make_plan((), replace(everything, inputs=(), weights_dir=None))
    assert "--keypoints" in plan.skipped["mask-ssim/pose-gan"]
    assert "--generated-poses" in plan.skipped["pckh/patn"]
    assert "curl" in plan.skipped["lpips/alex"]
    assert {score.metric for score in plan.scores} == {"ssim", "psnr", "l1"}


def test_images_too_small_for_a_network_or_a_window_lose_only_that_score(
    everything: Means,
) -> None:
    plan = make_plan((), replace(everything, size=(60, 30)))
    assert set(plan.skipped) == {"ssim/gfla", "lpips/alex"}
