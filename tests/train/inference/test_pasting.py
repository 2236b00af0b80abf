"""What is pasted costs nobody who did not ask for it, and changes no picture beside it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from generators import KINDS, untrained

from train.export.trial_pairs import trial_pairs
from train.inference.painter import Painter

pytestmark = pytest.mark.long


@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_is_the_same_whether_it_is_also_pasted_or_not(kind: str) -> None:
    trained = untrained(kind)
    painter = Painter(trained, torch.device("cpu"), batch=2)  # the last batch is smaller
    pairs = trial_pairs(3, trained.image_size)
    plain, pasted = painter.draw_both(*pairs)
    np.testing.assert_array_equal(painter.draw(*pairs), plain)
    np.testing.assert_array_equal(painter.draw(*pairs, paste=True), pasted)
    assert (plain != pasted).any()


@pytest.mark.parametrize("kind", ["layers", "parts"])
def test_nothing_is_pasted_unasked(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    trained = untrained(kind)
    drawn_at: list[int] = []
    draw_at = trained.generator.draw_at

    def counted(photo: torch.Tensor, *how: object) -> tuple[torch.Tensor, torch.Tensor]:
        drawn_at.append(len(photo))
        return draw_at(photo, *how)  # type: ignore[arg-type]

    monkeypatch.setattr(trained.generator, "draw_at", counted)
    painter = Painter(trained, torch.device("cpu"), batch=2)
    pairs = trial_pairs(3, trained.image_size)
    painter.draw(*pairs)
    assert drawn_at == []
    painter.draw(*pairs, paste=True)
    assert drawn_at == [2, 1]
