"""Entries of metrics.json from measurements."""

from __future__ import annotations

import numpy as np
import pytest

from train.metrics.protocols import choose_scores
from train.scoring.measure import Measurements
from train.scoring.plan import Plan
from train.scoring.results import Columns, Ratio, lead_tables, subject_tables


def test_scores_of_sets_have_their_known_answers(rng: np.random.Generator) -> None:
    plan = Plan(choose_scores(("fid/gfla", "is")), {})
    found = Measurements(30)
    real = rng.normal(size=(30, 6)).astype(np.float32)
    logits = np.tile(np.eye(3, dtype=np.float32) * 900, (10, 1))
    for subject, features in (("generated", real + 2), ("real", real), ("black", real[:1])):
        found.put_features(subject, {"fid/gfla": features, "is/torchmetrics": logits})
    tables = subject_tables(Columns(30), found, plan, "real")
    ours = tables["generated"]["fid"]["gfla"]
    assert ours["value"] == pytest.approx(6 * 2**2, rel=1e-5)
    assert ours["low"] is None and ours["n"] == ours["reference"] == 30 and ours["enough"] == 0
    assert tables["real"]["fid"]["gfla"]["value"] == pytest.approx(0, abs=1e-9)
    assert tables["generated"]["is"]["torchmetrics"]["value"] == pytest.approx(3)
    assert tables["black"]["is"]["torchmetrics"]["value"] == 1


def test_a_mean_leaves_out_pairs_without_a_value_and_counts_the_others() -> None:
    columns = Columns(4)
    columns.put_mean("generated", "mask-ssim/pose-gan", np.array([0.2, np.nan, 0.4, np.nan]))
    entry = columns.entry("generated", "mask-ssim/pose-gan")
    assert entry["value"] == pytest.approx(0.3) and entry["n"] == 2


def test_infinite_and_absent_values_are_none() -> None:
    columns = Columns(2)
    columns.put_mean("generated", "psnr/range255", np.array([np.inf, 3.0]))
    columns.put_mean("real", "psnr/range255", np.array([np.nan, np.nan]))
    for subject in ("generated", "real"):
        entry = columns.entry(subject, "psnr/range255")
        assert entry["value"] is entry["low"] is entry["high"] is None
    assert columns.lead("real", "psnr/range255")["value"] is None


def test_a_lead_is_paired(rng: np.random.Generator) -> None:
    columns = Columns(50)
    base = rng.normal(0, 10, 50)
    columns.put_mean("generated", "ssim/pg2", base + 1)
    columns.put_mean("black", "ssim/pg2", base)
    entry = lead_tables(columns)["black"]["ssim"]["pg2"]
    assert [entry[k] for k in ("value", "low", "high")] == pytest.approx([1, 1, 1])


def test_a_ratio_pools_its_sums() -> None:
    columns = Columns(2)
    columns.put("generated", "pckh/patn", Ratio(np.array([1.0, 9.0]), np.array([10.0, 10.0])))
    assert columns.entry("generated", "pckh/patn")["value"] == 0.5


def test_a_measured_ratio_is_of_sums_and_leaves_out_unknown_pairs() -> None:
    found, columns = Measurements(3), Columns(3)
    over, under = np.array([1.0, 9.0, np.nan]), np.array([10.0, 30.0, np.nan])
    found.put_sums("generated", "sharpness/grey-gradient", 0, (over, under))
    columns.put_measured(found)
    entry = columns.entry("generated", "sharpness/grey-gradient")
    assert entry["value"] == pytest.approx(10 / 40) and entry["n"] == 2


def test_a_lead_counts_the_pairs_that_both_have() -> None:
    columns = Columns(4)
    columns.put_mean("generated", "ssim/pg2", np.array([0.5, 0.7, np.nan, 0.6]))
    columns.put_mean("black", "ssim/pg2", np.array([0.1, np.nan, 0.3, 0.2]))
    entry = columns.lead("black", "ssim/pg2")
    assert entry["n"] == 2 and entry["value"] == pytest.approx(0.6 - 0.2)


def test_a_lead_over_another_system_is_ours_less_theirs() -> None:
    ours, theirs = Columns(3), Columns(3)
    base = np.array([0.2, 0.9, 0.4])
    ours.put_mean("generated", "ssim/pg2", base + 0.1)
    theirs.put_mean("generated", "ssim/pg2", base)
    entry = ours.lead_over(theirs, "ssim/pg2")
    assert [entry[k] for k in ("value", "low", "high")] == pytest.approx([0.1] * 3)


@pytest.mark.parametrize(("key", "enough"), [("fid/gfla", 2048), ("fid/reid", 512)])
def test_a_distance_says_whether_both_sets_are_large_enough(
    key: str, enough: int, rng: np.random.Generator
) -> None:
    (score,) = choose_scores((key,))
    large, small = (rng.normal(size=(n, 2)).astype(np.float32) for n in (enough, enough - 1))
    for ours, reference, expected in ((large, large, 1), (large, small, 0), (small, large, 0)):
        found = score.function("of_sets")(ours, reference, False)
        assert found.further == {"reference": len(reference), "enough": expected}
        assert found.n == len(ours)
    assert score.function("of_sets")(large, None, False) is None
