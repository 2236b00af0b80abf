"""The real thing: a judge trained by the protocol on drawn people knows others."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from commands import call

from train.reid.judge import read_judge
from train.reid.make import make_judge  # noqa: F401 - its import is not the test's
from train.scoring.gallery import open_gallery, require_fit


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_a_judge_of_drawn_people_is_fit_to_judge_people_whom_it_has_never_seen(
    tmp_path: Path,
) -> None:
    market, out = tmp_path / "market", tmp_path / "reid"
    drawn = call("draw-market", "--out", market, "--workers", 1)
    assert drawn.exit_code == 0, drawn.stderr
    made = call("train-reid", "--src", market, "--out", out, "--device", "cpu")
    assert made.exit_code == 0, made.stderr
    judge = read_judge(out / "reid.pt", torch.device("cpu"))
    figures = require_fit(open_gallery(market / "bounding_box_test", (), judge), out)
    assert figures["real_map"] > 0.9
