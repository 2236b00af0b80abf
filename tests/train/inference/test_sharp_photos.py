"""A generator trained at 128 x 64 draws people at 512 x 256 sharper and nearer than enlarging."""

from __future__ import annotations

import pytest
from large_people import SMALL, draw_people, scores_of, systems, trained_on

pytestmark = pytest.mark.slow


def test_a_photos_own_size_is_sharper_and_nearer_than_the_small_result_enlarged() -> None:
    painter = trained_on(draw_people(1, 24, SMALL))
    people = draw_people(1, 8, (512, 256), first=30_000)
    found = systems(painter, people)
    large, small = (
        scores_of(found[name], people)
        for name in ("at the photo's own size", "small result enlarged")
    )
    assert large["sharpness"] > 1.25 * small["sharpness"], (large, small)
    assert large["ssim"] > small["ssim"] + 0.01, (large, small)
