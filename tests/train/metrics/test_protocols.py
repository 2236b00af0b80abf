"""The table of scores: every row has its function, and a new score is a row."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch

from train.metrics import pixels
from train.metrics.compared import Compared
from train.metrics.protocols import SCORES, Function, Score
from train.scoring.measure import Measurer, Networks
from train.scoring.plan import Plan
from train.scoring.reading import Chunk

READ_FROM_POSES = ("pckh/patn", "ds/person-score")
"""Their functions are given files of poses, see train.scoring.poses."""

FIELDS: tuple[Function, ...] = ("of_pairs", "of_ratios", "features", "of_sets", "of_gallery")


@pytest.mark.parametrize("score", SCORES, ids=[score.key for score in SCORES])
def test_every_row_carries_its_functions(score: Score) -> None:
    named = [field for field in FIELDS if getattr(score, field)]
    if score.key in READ_FROM_POSES:
        assert not named
    else:
        assert named in (
            ["of_pairs"],
            ["of_ratios"],
            ["features", "of_sets"],
            ["features", "of_gallery"],
        )
    for field in named:
        assert callable(score.function(field))


@pytest.mark.process
def test_the_table_is_read_without_torch() -> None:
    code = "import sys, train.metrics.protocols\nassert 'torch' not in sys.modules"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_new_score_of_pairs_is_a_function_and_a_row(
    monkeypatch: pytest.MonkeyPatch, rng: np.random.Generator
) -> None:
    def reds(compared: Compared, protocol: str) -> torch.Tensor:
        assert protocol == "mean"
        return compared.images[..., 0].double().mean(dim=(1, 2))

    monkeypatch.setattr(pixels, "reds", reds, raising=False)
    plan = Plan((Score(metric="reds", protocol="mean", text="", of_pairs="pixels:reds"),), {})
    generated, real = rng.integers(0, 256, (2, 5, 20, 12, 3), dtype=np.uint8)
    device = torch.device("cpu")
    measurer = Measurer(
        plan, Networks(plan, None, device), device,
        mean=real[0], joints=None, known=np.zeros(5, bool),
    )  # fmt: skip
    for first in (0, 3):
        part = slice(first, first + 3)
        measurer.add(Chunk(first, generated[part], real[part], None, {}))
    np.testing.assert_allclose(
        measurer.found.values["generated"]["reds/mean"], generated[..., 0].mean(axis=(1, 2))
    )
    assert (measurer.found.values["black"]["reds/mean"] == 0).all()


def test_what_scores_share_is_made_once(rng: np.random.Generator) -> None:
    images = torch.from_numpy(rng.integers(0, 256, (2, 20, 12, 3), dtype=np.uint8))
    compared = Compared(images=images, real=images)
    made: list[int] = []
    for _ in range(3):
        assert compared.once("x", lambda: made.append(1) or len(made)) == 1
    assert made == [1]
